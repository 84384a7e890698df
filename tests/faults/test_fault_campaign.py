"""A short fault campaign, and the proof that it would notice if a defence were missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
CAMPAIGN = TOOLS / "fault_campaign.py"


def campaign(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CAMPAIGN), "--json", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_fault_and_no_kill_takes_the_invoice_over_the_cap_or_the_account(tmp_path: Path) -> None:
    kept = tmp_path / "results.jsonl"
    arguments = ["--trials", "10", "--seed", "3", "--timeout", "1", "--out", str(kept)]
    done = campaign(*arguments)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["trials"] == 10
    assert summary["violations"] == 0
    for happened in ("requests", "billed_requests", "killed", "answered", "failed", "no_money"):
        assert summary[happened] > 0, happened
    spent = summary["settled_nano_usd"] + summary["forfeited_nano_usd"]
    assert 0 < summary["billed_nano_usd"] - summary["over_cap_nano_usd"] <= spent

    lines = kept.read_text().splitlines(keepends=True)
    kept.write_text("".join(lines[:-1]) + lines[-1][:20])
    again = campaign(*arguments)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["trials"] == 10
    assert "10/10 trials" in again.stderr
    assert "9/10 trials" not in again.stderr, "what is known is not run again"


@pytest.fixture(scope="module")
def trials() -> dict[str, dict[str, Any]]:
    """Results by plan and by the defence that was switched off in it, "" for none."""
    path = os.pathsep.join([str(TOOLS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("campaign_without.py"))],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


def test_a_missing_defence_is_noticed(trials: dict[str, dict[str, Any]]) -> None:
    said = {
        defence: result["violations"]
        for tried in trials.values()
        for defence, result in tried.items()
    }
    assert not any(tried[""]["violations"] for tried in trials.values()), trials
    assert said.keys() - {""} == NOTICED.keys()
    for defence, words in NOTICED.items():
        assert any(words in violation for violation in said[defence]), defence


@pytest.mark.parametrize("name", ["time for one call", "tokens for one call"])
def test_tokens_and_time_run_out_as_money_does(
    name: str, trials: dict[str, dict[str, Any]]
) -> None:
    numbers = trials[name][""]["numbers"]
    assert numbers["calls"] == 6
    assert numbers["no_money"] > 0
    for unit in ("tokens", "milliseconds"):
        if cap := numbers[f"cap_{unit}"]:
            assert 0 < numbers[f"spent_{unit}"] <= cap


def test_a_provider_that_ignores_the_cap_is_paid_the_truth_and_left(
    trials: dict[str, dict[str, Any]],
) -> None:
    numbers = trials["output beyond the cap"][""]["numbers"]
    assert numbers["calls"] == 6
    assert numbers["requests"] == numbers["breaches"] == numbers["answered"] == 3, "one a process"
    assert numbers["failed"] == 3
    assert numbers["settled_nano_usd"] == numbers["billed_nano_usd"]
    assert numbers["over_cap_nano_usd"] > 0
    assert numbers["forfeited_nano_usd"] == 0


NOTICED = {
    "journal": "asked again although its response was journaled",
    "journal-writes": "answered and not journaled",
    "whole-prices": "settled at",
    "forfeits": "spent by our account 0.00 USD",
    "forfeits-of-the-killed": "asked 2 times with 1 reservations",
    "reservations": "account: billed",
    "one-transaction": "was available in account",
    "tokens": "tokens, spent by our account 0 tokens",
    "time": "s, spent by our account 0.0 s",
}
