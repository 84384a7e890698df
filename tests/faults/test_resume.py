"""Runs that are killed or interrupted at some moment, and go on afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from ladder import LADDER

MOMENTS = {
    "while the original is timed": ("stage", "timing the original", 0),
    "at the first candidate": ("candidate", "", 0),
    "between the gates": ("gate", "compile", 0),
    "while a candidate is timed": ("stage", "timing", 1),
    "after the first profile": ("profile", "", 0),
}

OFTEN_ENOUGH = (
    "while the original is timed",
    "at the first candidate",
    "while a candidate is timed",
)
"""Moments that are tried before a release only."""

KERNEL = """#include <algorithm>
#include <cmath>
#include <vector>

// The square root of each sine, which takes long enough to be worth two threads.
void rootsOfSines(std::vector<double>& x) {
    std::transform(x.begin(), x.end(), x.begin(),
                   [](double v) { return std::sqrt(2.0 + std::sin(v) * std::cos(v)); });
}
"""


@pytest.fixture
def roots_of_sines(tmp_path: Path) -> Path:
    path = tmp_path / "roots_of_sines.cpp"
    path.write_text(KERNEL, encoding="utf-8")
    return path


def _start(command: list[str], source: Path, run: Path) -> subprocess.Popen[str]:
    arguments = ["optimize", source, "--out", run, "--effort", "quick", "--threads", "2"]
    sizes = ["--size", "64", "--size", "30000", "--json"]
    return subprocess.Popen(
        [*command, *map(str, arguments), *sizes],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _events(run: Path) -> list[dict[str, Any]]:
    path = run / "events.jsonl"
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _wait_for(run: Path, process: subprocess.Popen[str], kind: str, text: str, skip: int) -> None:
    """Wait until such an event was logged; fail if the process ends before."""
    while True:
        found = [e for e in _events(run) if e["kind"] == kind and e["message"].startswith(text)]
        if len(found) > skip:
            return
        if process.poll() is not None:
            pytest.fail(f"the run ended before: {process.communicate()[1]}")
        time.sleep(0.01)


def _finished(run: Path, name: str) -> dict[str, int]:
    """When each candidate's file of that name was written, in nanoseconds."""
    return {p.parent.name: p.stat().st_mtime_ns for p in run.glob(f"candidates/*/{name}")}


@pytest.mark.parametrize(
    "moment",
    [pytest.param(name, marks=[pytest.mark.long] * (name in OFTEN_ENOUGH)) for name in MOMENTS],
)
def test_a_killed_run_goes_on_and_repeats_nothing(
    moment: str, command: list[str], roots_of_sines: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    process = _start(command, roots_of_sines, run)
    _wait_for(run, process, *MOMENTS[moment])
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    verdicts, profiles = _finished(run, "verdict.json"), _finished(run, "profile.json")
    before = len(_events(run))

    resumed = subprocess.run(
        [*command, "resume", str(run), "--json"], capture_output=True, text=True, check=False
    )

    assert resumed.returncode == 0, resumed.stderr
    outcome = json.loads(resumed.stdout)
    assert outcome["status"] in ("improved", "unchanged")
    assert outcome["candidates"] >= 2
    for name, finished in (("verdict.json", verdicts), ("profile.json", profiles)):
        now = _finished(run, name)
        assert {candidate: now[candidate] for candidate in finished} == finished
    after = _events(run)[before:]
    judged_again = {e["candidate"] for e in after if e["kind"] == "gate"} & set(verdicts)
    assert not judged_again
    assert not _open_reservations(command, run)


@pytest.mark.parametrize("fault", ["slower", pytest.param("fails", marks=pytest.mark.long)])
def test_what_does_not_hold_up_leaves_its_place_to_what_is_then_proved(
    fault: str, command: list[str], tmp_path: Path
) -> None:
    """The fastest at first sight is not when it is timed once more: the next one gets its turn."""
    source, run = tmp_path / "grades.cpp", tmp_path / "run"
    source.write_text(LADDER, encoding="utf-8")
    process = _start(command, source, run)
    _wait_for(run, process, "stage", "timing the best once more", 0)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    [first] = [e["candidate"] for e in _events(run) if e["message"] == "timing the best once more"]
    folder = run / "candidates" / first
    if fault == "slower":
        timing = json.loads((folder / "profile.json").read_text(encoding="utf-8"))
        timing["complete"] = False  # slower at the largest size, so that the others were not timed
        (folder / "confirmation.json").write_text(json.dumps(timing), encoding="utf-8")
    else:
        (folder / "optimized").unlink()  # it may be running
        shutil.copy("/bin/false", folder / "optimized")

    resumed = subprocess.run(
        [*command, "resume", str(run), "--json"], capture_output=True, text=True, check=False
    )

    assert resumed.returncode == 0, resumed.stderr
    outcome = json.loads(resumed.stdout)
    asked = [e["candidate"] for e in _events(run) if e["kind"] == "confirmed"]
    assert asked[0] == first and asked.count(first) == 1
    assert outcome["rejected"].get("timing", 0) == (fault == "fails")
    best = Path(outcome["best_source"]).read_text(encoding="utf-8")
    assert best != (folder / "candidate.cpp").read_text(encoding="utf-8")
    # On a machine so busy that nothing else looks faster, the original comes back.
    if outcome["status"] == "improved":
        assert len(asked) > 1
        verdict = run / "candidates" / asked[-1] / "verdict.json"
        assert json.loads(verdict.read_text(encoding="utf-8"))["accepted"]


def test_ctrl_c_keeps_the_run_and_resume_completes_it(
    command: list[str], roots_of_sines: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    process = _start(command, roots_of_sines, run)
    _wait_for(run, process, "candidate", "", 0)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "resume" in errors
    assert not _children_of(run)
    resumed = subprocess.run(
        [*command, "resume", str(run), "--json"], capture_output=True, text=True, check=False
    )
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["candidates"] >= 2


def _open_reservations(command: list[str], run: Path) -> int:
    """How many reservations were never closed."""
    audit = subprocess.run(
        [*command, "ledger", str(run), "--json"], capture_output=True, text=True, check=True
    )
    entries = json.loads(audit.stdout)["entries"]
    opened = sum(entry["kind"] == "reserved" for entry in entries)
    return opened - (len(entries) - opened)


def _children_of(run: Path) -> list[str]:
    """Processes that still work in the run folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve().is_relative_to(run):
                found.append(process.name)
        except OSError:
            continue
    return found
