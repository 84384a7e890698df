"""A run with a chat model is killed while a request is under way, and goes on afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from chat_provider.answers import Script
from chat_provider.billing import Rates
from chat_provider.running import Running, running
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import usd_to_nano
from running_sums import BROKEN, GOOD, KERNEL

SCRIPT = [
    {"text": f"```cpp\n{BROKEN}```"},
    {"text": f"```cpp\n{KERNEL}```", "fault": "late", "seconds": 6.0},
    {"text": f"```cpp\n{GOOD}```"},
]
ARGUMENTS = (
    *("--effort", "quick", "--threads", "2", "--size", "64", "--size", "2000", "--json"),
    *("--policy", "sequential", "--answers", "3", "--budget", "0.05", "--price", "0.3,1.2"),
)


def wait_for_requests(provider: Running, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until so many requests have reached the provider; the script answers the last one late."""
    while process.poll() is None:
        if sum(provider.state()["asked"].values()) >= count:
            return
        time.sleep(0.05)
    pytest.fail(f"the run ended before: {process.communicate()[1]}")


def test_what_was_paid_for_is_kept_and_what_was_under_way_is_counted_in_full(
    command: list[str], tmp_path: Path
) -> None:
    kernel, folder = tmp_path / "running_sums.cpp", tmp_path / "run"
    kernel.write_text(KERNEL, encoding="utf-8")
    rates = Rates.parse("0.3,1.2")
    with running(tmp_path / "billing.jsonl", Script(SCRIPT), rates) as provider:
        model = ("--model", f"{provider.url}#small")
        process = subprocess.Popen(
            [*command, "optimize", str(kernel), "--out", str(folder), *ARGUMENTS, *model],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_for_requests(provider, 2, process)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()

        resumed = subprocess.run(
            [*command, "resume", str(folder), "--json"], capture_output=True, text=True, check=False
        )

        assert resumed.returncode == 0, resumed.stderr
        outcome = json.loads(resumed.stdout)
        _the_money_is_right(folder, outcome, provider)
    assert outcome["status"] == "improved"
    assert outcome["answers"][0]["result"] == "rejected by the gate 'compile'"
    assert outcome["answers"][0]["cost_usd"] != "0.00"
    assert outcome["answers"][1]["result"].endswith("times as fast")


def _the_money_is_right(folder: Path, outcome: dict[str, Any], provider: Running) -> None:
    audit = Ledger.open(folder / "ledger.sqlite").audit()
    assert audit.ok
    reserved = [entry for entry in audit.entries if entry.kind == "reserved"]
    asked = [str(e.key) for e in reserved if e.detail.get("model") != "rules"]
    first = next(key for key in asked if key.endswith("/coder/1/1"))
    second = first.replace("/coder/1/1", "/coder/2/1")
    assert asked.count(first) == 1
    assert asked.count(second) == 2
    forfeited = [e for e in audit.entries if e.kind == "forfeited"]
    assert [e.key for e in forfeited] == [second]
    provider.wait_until_idle()
    invoiced = sum(line.amount for line in provider.invoice())
    assert len(provider.invoice()) == len(asked)
    assert invoiced <= usd_to_nano(outcome["spent_usd"]) <= usd_to_nano("0.05")
