"""Timing by process: the order of the runs, what is compared, and when it ends."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from parallel_agent.measurement.plan import TimingPlan
from parallel_agent.measurement.process_timing import (
    STARTUP_RUNS,
    ProcessPair,
    startup_seconds,
    time_processes,
)
from parallel_agent.measurement.timing import MismatchError

PLAN = TimingPlan(warmup=1, min_pairs=5, max_pairs=8, max_seconds=60.0, precision=1e-6)


@dataclass
class Run:
    seconds: float
    answer: int = 0


class Program:
    """Answers with its number of runs so far, each taking the next of its times."""

    def __init__(self, name: str, log: list[str], *seconds: float) -> None:
        self.name, self.log, self.seconds = name, log, seconds
        self.runs = 0

    def __call__(self) -> Run:
        self.log.append(self.name)
        self.runs += 1
        return Run(self.seconds[self.runs % len(self.seconds)], self.runs)


def agree(one: Run, other: Run) -> str | None:
    return None if one.answer == other.answer else f"{one.answer} is not {other.answer}"


def test_runs_are_interleaved_and_the_ratio_is_the_original_over_the_candidate() -> None:
    log: list[str] = []
    pair = ProcessPair(Program("a", log, 2.0, 2.2), Program("b", log, 1.0, 1.1), agree)
    samples = time_processes(pair, PLAN)
    assert "".join(log[2:10]) == "abbaabba"
    assert len(samples.original) == len(samples.candidate)
    assert samples.interval.ratio == pytest.approx(2.0)
    assert samples.stopped in ("won", "precise")


def test_it_ends_with_the_plan() -> None:
    log: list[str] = []
    original = Program("a", log, 1.0, 1.3, 0.8, 1.1, 0.7)
    samples = time_processes(ProcessPair(original, Program("b", log, 1.0), agree), PLAN)
    assert (samples.stopped, len(samples.original)) == ("max_pairs", 8)


def test_every_run_is_compared() -> None:
    log: list[str] = []
    late = Program("b", log, 1.0)
    checked: list[int] = []

    def differ_at_three(one: Run, other: Run) -> str | None:
        checked.append(one.answer)
        return "differs" if other.answer == 3 else None

    with pytest.raises(MismatchError, match="differs"):
        time_processes(ProcessPair(Program("a", log, 1.0), late, differ_at_three), PLAN)
    assert checked == [1, 2, 3]


def test_startup_is_a_median() -> None:
    log: list[str] = []
    assert startup_seconds(Program("empty", log, 0.5, 0.5, 9.0)) == 0.5
    assert len(log) == STARTUP_RUNS
