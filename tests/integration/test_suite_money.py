"""A suite with a chat model over HTTP: one account, spent where it promises most, every number traced."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chat_provider.answers import Script
from chat_provider.billing import Rates
from chat_provider.running import Running, running
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import format_usd, usd_to_nano
from running_sums import GOOD, KERNEL

KEY = "sk-planted-5e3c0a9d1f7b4e62"
RATES = Rates.parse("0.3,1.2")
TINY = """#include <array>

double lengthSquared(std::array<double, 3> const& x) {
    double sum = 0.0;
    for (int i = 0; i < 3; ++i) {
        sum += x[i] * x[i];
    }
    return sum;
}
"""


@dataclass
class Finished:
    """A suite that was killed once and went on."""

    out: Path
    result: dict[str, Any]
    judged_before: dict[str, int]
    judged_after: dict[str, int]
    invoiced: int

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in self.result["kernels"]}


@pytest.fixture(scope="module")
def finished(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Finished:
    place = tmp_path_factory.mktemp("suite")
    suite, out = _kernels(place / "kernels"), place / "out"
    answer = {"text": f"One pass.\n\n```cpp\n{GOOD}```\n"}
    billing, script = place / "billing.jsonl", Script([answer] * 40)
    with running(billing, script, RATES, keys={KEY: "x"}) as provider:
        arguments = [*command, "bench", *map(str, _arguments(suite, out, provider))]
        environment = {**os.environ, "PARALLEL_AGENT_API_KEY": KEY}
        started = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        while not provider.invoice() and started.poll() is None:
            time.sleep(0.05)
        os.kill(started.pid, signal.SIGKILL)
        started.communicate()
        judged = _judged(out)
        done = subprocess.run(
            arguments, capture_output=True, text=True, check=False, env=environment
        )
        assert done.returncode == 0, done.stderr
        provider.wait_until_idle()
        invoiced = sum(line.amount for line in provider.invoice())
    return Finished(out, json.loads(done.stdout), judged, _judged(out), invoiced)


def _kernels(folder: Path) -> Path:
    texts = {"sums/running_sums": KERNEL, "tiny/length_squared": TINY, "tiny/broken": "int f( {\n"}
    for name, text in texts.items():
        path = folder / f"{name}.cpp"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def _arguments(suite: Path, out: Path, provider: Running) -> list[object]:
    told = [suite, "--out", out, "--effort", "quick", "--threads", 2, "--json", "--answers", 3]
    return [*told, "--model", f"{provider.url}#small", "--price", "0.3,1.2", "--budget", "0.02"]


def _judged(out: Path) -> dict[str, int]:
    """When each verdict and each profile was written, in nanoseconds."""
    names = ("verdict.json", "profile.json")
    return {str(p): p.stat().st_mtime_ns for name in names for p in out.rglob(name)}


def test_a_kernel_that_fails_stops_nothing(finished: Finished) -> None:
    rows = finished.rows
    assert rows["running_sums"]["status"] == "improved"
    assert rows["running_sums"]["proposer"].endswith("#small")
    assert rows["length_squared"]["status"] == "unchanged"
    assert rows["broken"]["status"] == "failed" and "does not compile" in rows["broken"]["reason"]
    assert (finished.result["built"], finished.result["correct"]) == (2, 2)
    score = rows["running_sums"]["speedup"] ** (1 / 3)
    assert finished.result["geomean"] == pytest.approx(score)


def test_a_kill_repeats_nothing(finished: Finished) -> None:
    assert finished.judged_before
    assert finished.judged_before.items() <= finished.judged_after.items()


def test_one_account_pays_for_all_and_the_bill_is_the_ledger(finished: Finished) -> None:
    ledger = Ledger.open(finished.out / "ledger.sqlite")
    assert format_usd(ledger.spent().nano_usd) == finished.result["spent_usd"]
    rows = finished.rows.values()
    assert sum(usd_to_nano(row["spent_usd"]) for row in rows) == ledger.spent().nano_usd
    assert finished.invoiced <= ledger.spent().nano_usd <= usd_to_nano("0.02")
    last = finished.result["curve"][-1]
    assert last["spent_usd"] == pytest.approx(ledger.spent().nano_usd * 1e-9)
    assert last["score"] > 1.0


def test_what_it_ran_with_is_recorded_once(finished: Finished) -> None:
    [began] = json.loads((finished.out / "environment.json").read_text(encoding="utf-8"))
    assert began["prices"] and began["prompts"]["coder"] and began["machine"]["compiler"]


def test_verified_pairs_are_exported_once(command: list[str], finished: Finished) -> None:
    twice = [*command, "export", finished.out, finished.out, "--licence", "MIT"]
    done = subprocess.run(list(map(str, twice)), capture_output=True, text=True, check=True)
    pairs = [json.loads(line) for line in done.stdout.splitlines()]
    best = (finished.out / "kernels" / "running_sums" / "best.cpp").read_text(encoding="utf-8")
    assert best in [pair["tgt_code"] for pair in pairs]
    assert len({(pair["src_code"], pair["tgt_code"]) for pair in pairs}) == len(pairs)
    for pair in pairs:
        assert pair["speedup"] > 1.0 and "differential" in pair["gates"]
        assert (pair["category"], pair["licence"]) == ("sums", "MIT")


@pytest.mark.long
def test_stored_answers_are_judged_again_for_nothing(
    command: list[str], finished: Finished
) -> None:
    again = [*command, "bench", "--rejudge", finished.out, "--json"]
    done = subprocess.run(list(map(str, again)), capture_output=True, text=True, check=False)
    result = json.loads(done.stdout)
    assert (result["built"], result["correct"], result["spent_usd"]) == (2, 2, "0.00")
    rows = {row["name"]: row for row in result["kernels"]}
    assert rows["running_sums"]["speedup"] > 2.0
    [place] = (finished.out / "rejudged").iterdir()
    compare = [*command, "bench", "--compare", place, place, "--json"]
    same = subprocess.run(list(map(str, compare)), capture_output=True, text=True, check=True)
    assert {moved["move"] for moved in json.loads(same.stdout)["kernels"]} == {"same"}
