"""Timing whole programs by process, from start to end, interleaved, every result checked."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from parallel_agent.measurement.plan import TimingPlan
from parallel_agent.measurement.statistics import Interval, outlier_share, ratio_interval
from parallel_agent.measurement.timing import (
    NOISE,
    OUTLIERS,
    Finding,
    MismatchError,
    Stop,
    stop_reason,
)

STARTUP_RUNS = 15
"""How often a program that does nothing is run to learn what the start of a process takes."""


class Timed(Protocol):
    """What is known of one run of a process."""

    @property
    def seconds(self) -> float:
        """From before its start to after its end."""
        ...


_Run = TypeVar("_Run", bound=Timed)
_Checked = TypeVar("_Checked", bound=Timed)


class ProcessSamples(BaseModel):
    """The timing of two programs on the same input; seconds of a run, its start among them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    original: tuple[float, ...]
    candidate: tuple[float, ...]
    interval: Interval
    stopped: Stop
    findings: tuple[Finding, ...] = ()


class ProcessPair(Generic[_Checked]):
    """Two programs on the same input: how each is run, and how what they answer is compared."""

    def __init__(
        self,
        original: Callable[[], _Checked],
        candidate: Callable[[], _Checked],
        check: Callable[[_Checked, _Checked], str | None],
    ) -> None:
        """``check`` says where the candidate's run differs from the original's; None if not."""
        self._original = original
        self._candidate = candidate
        self._check = check

    def run(self, turn: int) -> tuple[float, float]:
        """Seconds of one run of each, the candidate first in every other turn; MismatchError."""
        if turn % 2 == 0:
            first, second = self._original(), self._candidate()
        else:
            second, first = self._candidate(), self._original()
        difference = self._check(first, second)
        if difference is not None:
            raise MismatchError(difference)
        return first.seconds, second.seconds


def time_processes(
    pair: ProcessPair[_Checked], plan: TimingPlan, noise: float = NOISE
) -> ProcessSamples:
    """Time two programs in the order ABBA until the plan says stop, comparing all they answer.

    Raises MismatchError where a run differs, in warm-up too. ``noise`` is the relative noise
    floor, of an A/A run where there is one.
    """
    started = time.perf_counter()
    for turn in range(plan.warmup):
        pair.run(turn)
    originals: list[float] = []
    candidates: list[float] = []
    stopped: Stop | None = None
    while stopped is None:
        first, second = pair.run(len(originals))
        originals.append(first)
        candidates.append(second)
        elapsed = time.perf_counter() - started
        stopped = stop_reason(originals, candidates, elapsed, plan, noise)
    return ProcessSamples(
        original=tuple(originals),
        candidate=tuple(candidates),
        interval=ratio_interval(originals, candidates),
        stopped=stopped,
        findings=tuple(_outliers(original=originals, candidate=candidates)),
    )


def startup_seconds(run: Callable[[], _Run], runs: int = STARTUP_RUNS) -> float:
    """The median time of a program that does nothing: what starting any process takes here."""
    return statistics.median(run().seconds for _ in range(runs))


def _outliers(**samples: list[float]) -> list[Finding]:
    shares = {name: outlier_share(seconds) for name, seconds in samples.items()}
    return [
        Finding(
            kind="outliers",
            detail=f"{name}: {share:.0%} of its runs are outliers, the machine may be busy",
        )
        for name, share in shares.items()
        if share > OUTLIERS
    ]
