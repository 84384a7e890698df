"""Timing an original against a candidate: interleaved, on fresh inputs, every result checked."""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from parallel_agent.measurement.plan import MIB, TimingPlan
from parallel_agent.measurement.statistics import Interval, outlier_share, ratio_interval
from parallel_agent.toolchain.memory import Payload, Snapshot
from parallel_agent.toolchain.runner import Timing, Worker

Draw = Callable[[np.random.Generator, int, memoryview], int]
"""Draws the inputs of so many calls, encodes them into the memory, and returns how many bytes they take."""
Check = Callable[[Payload, Payload, int], str | None]
"""Compares the original's outputs and the candidate's, of so many calls: the difference or None."""

Stop = Literal["won", "lost", "precise", "max_pairs", "max_seconds"]
"""Why no more pairs were run. Whether a candidate is better is for the interval to say."""

NOISE = 0.02
"""How far from 1 a ratio must lie to say anything, where no A/A run has told."""
RACING_CONFIDENCE = 0.99
"""Of the interval that may end a timing: it is looked at after every pair."""
OUTLIERS = 0.1
"""The share of outliers from which they are reported."""

_WON_WIDTH = 3.0
_LOST_BY_FAR = 2.0
_CLOCK_RATIO = 0.2
_CLOCK_SECONDS = 200e-6


class MismatchError(Exception):
    """The candidate's outputs differ from the original's; ``str(error)`` says where."""


class Finding(BaseModel):
    """Something that makes the samples less trustworthy, in words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["clock_disagreement", "outliers"]
    detail: str


class PairedSamples(BaseModel):
    """The timing of a pair of programs at one size; all times in seconds per call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instances: int
    """Calls that were timed together, each with inputs of its own."""
    original: tuple[float, ...]
    candidate: tuple[float, ...]
    original_child: tuple[float, ...]
    """By the worker's own clock, which decides nothing."""
    candidate_child: tuple[float, ...]
    interval: Interval
    """Fewer than the plan's ``min_pairs`` lie behind it only where it was lost by far."""
    stopped: Stop
    findings: tuple[Finding, ...] = ()


def time_pair(
    original: Worker,
    candidate: Worker,
    draw: Draw,
    check: Check,
    *,
    instances: int,
    rng: np.random.Generator,
    plan: TimingPlan,
    noise: float = NOISE,
) -> PairedSamples:
    """Time two workers in the order ABBA until the plan says stop, and compare all they answer.

    Both read the same inputs, drawn anew for each pair unless the plan says how many, from memory that they must share: ValueError
    if they do not. Raises MismatchError where a result differs, in warm-up too, and WorkerError
    where a worker fails. ``noise`` is the relative noise floor, of an A/A run where there is one.
    """
    if candidate.inputs is not original.inputs:
        raise ValueError("the two workers do not share their inputs")
    drawn = _in_turn(draw, plan.inputs) if plan.inputs else draw
    pair = _Pair(original, candidate, drawn, check, instances, rng)
    started = time.perf_counter()
    for turn in range(plan.warmup):
        pair.run(turn)
    originals: list[Timing] = []
    candidates: list[Timing] = []
    stopped: Stop | None = None
    while stopped is None:
        first, second = pair.run(len(originals))
        originals.append(first)
        candidates.append(second)
        elapsed = time.perf_counter() - started
        stopped = stop_reason(_ours(originals), _ours(candidates), elapsed, plan, noise)
    return _result(originals, candidates, instances, stopped)


def _in_turn(draw: Draw, inputs: int) -> Draw:
    """Draws so many times, and then gives what was drawn again in turn."""
    kept: list[np.ndarray[Any, np.dtype[np.uint8]]] = []
    turns = itertools.count()

    def again(rng: np.random.Generator, instances: int, room: memoryview) -> int:
        turn = next(turns) % inputs
        if turn == len(kept):
            length = draw(rng, instances, room)
            kept.append(np.frombuffer(room[:length], dtype=np.uint8).copy())
        else:
            room[: len(kept[turn])] = kept[turn].data
        return len(kept[turn])

    return again


def stop_reason(
    original: Sequence[float],
    candidate: Sequence[float],
    elapsed: float,
    plan: TimingPlan,
    noise: float = NOISE,
) -> Stop | None:
    """Why to stop after these pairs, ``elapsed`` seconds after the beginning; None to go on.

    Losers leave as soon as they are sure to lose; a winner stays until its ratio is known about as
    well as asked for, because winners are compared with one another. What lies near the line
    between slower and not slower, or between faster and not, is timed on.
    """
    pairs, late = len(original), elapsed >= plan.max_seconds
    if pairs < plan.min_pairs:
        by_far = all(b > _LOST_BY_FAR * a for a, b in zip(original, candidate, strict=True))
        return "lost" if late and by_far else None
    interval = ratio_interval(original, candidate, confidence=RACING_CONFIDENCE)
    reasons: dict[Stop, bool] = {
        "lost": interval.high < 1.0 / (1.0 + noise),
        "won": interval.low > 1.0 + noise and interval.width <= _WON_WIDTH * plan.precision,
        "precise": interval.width <= plan.precision and not _near_a_line(interval, noise),
        "max_pairs": pairs >= plan.max_pairs,
        "max_seconds": late,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _near_a_line(interval: Interval, noise: float) -> bool:
    lines = (1.0 / (1.0 + noise), 1.0 + noise)
    return any(interval.low < line < interval.high for line in lines)


def choose_instances(
    worker: Worker,
    draw: Draw,
    rng: np.random.Generator,
    *,
    target_seconds: float = 4e-3,
    cap: int = 512,
    max_bytes: int = 64 * MIB,
) -> int:
    """How many calls to time together so that they take the target: a power of two up to ``cap``.

    The way to the worker and back (50 to 100 microseconds, measured on two busy cores) counts for
    both programs and draws their ratio towards 1: the target makes it some two percent. The
    inputs of all calls together stay within ``max_bytes`` unless those of one call do not. Raises
    WorkerError where the worker fails.
    """
    instances = 1
    while True:
        length = draw(rng, instances, worker.inputs.room())
        # The first run also pays for pages and code that are touched for the first time.
        seconds = min(timed(worker, length, instances).seconds for _ in range(2))
        if seconds >= target_seconds or 2 * instances > cap or 2 * length > max_bytes:
            return instances
        instances *= 2


@dataclass(frozen=True)
class _Pair:
    """Two workers that share their inputs, and what they are run on.

    ``answer`` holds what the candidate answered last: memory that is used again need not be given
    out, and emptied, anew for every answer.
    """

    original: Worker
    candidate: Worker
    draw: Draw
    check: Check
    instances: int
    rng: np.random.Generator
    answer: Snapshot = field(default_factory=Snapshot)

    def run(self, turn: int) -> tuple[Timing, Timing]:
        """One run of each on the same new inputs, the candidate first in every other turn."""
        length = self.draw(self.rng, self.instances, self.original.inputs.room())
        if turn % 2 == 0:
            first, expected = self._run_original(length)
            second, got = self._run_candidate(length)
        else:
            second, got = self._run_candidate(length)
            first, expected = self._run_original(length)
        difference = self.check(expected, got, self.instances)
        if difference is not None:
            raise MismatchError(difference)
        return first, second

    def _run_original(self, length: int) -> tuple[Timing, memoryview]:
        timing = timed(self.original, length, self.instances)
        return timing, self.original.collect()

    def _run_candidate(self, length: int) -> tuple[Timing, memoryview]:
        """Copies what it answered at once: where that lies, it could still change it."""
        timing = timed(self.candidate, length, self.instances)
        return timing, self.answer.take(self.candidate.collect())


def _result(
    original: list[Timing], candidate: list[Timing], instances: int, stopped: Stop
) -> PairedSamples:
    return PairedSamples(
        instances=instances,
        original=tuple(t.seconds / instances for t in original),
        candidate=tuple(t.seconds / instances for t in candidate),
        original_child=tuple(t.child_seconds / instances for t in original),
        candidate_child=tuple(t.child_seconds / instances for t in candidate),
        interval=ratio_interval(_ours(original), _ours(candidate)),
        stopped=stopped,
        findings=(*findings("original", original), *findings("candidate", candidate)),
    )


def _ours(timings: Sequence[Timing]) -> list[float]:
    return [t.seconds for t in timings]


def findings(name: str, timings: Sequence[Timing]) -> Iterator[Finding]:
    """What is to be said about the timings of the program of that name, the original or not.

    Clocks disagree if in the median the worker's own is off by more than a fifth of the time and
    200 microseconds: single runs may be, where the machine is busy.
    """
    seconds = np.array(_ours(timings))
    child = np.array([t.child_seconds for t in timings])
    off = float(np.median(np.abs(seconds - child) - _CLOCK_RATIO * seconds))
    if off > _CLOCK_SECONDS:
        detail = f"{name}: {_shown(seconds)} by our clock, {_shown(child)} by its own"
        yield Finding(kind="clock_disagreement", detail=detail)
    share = outlier_share(seconds)
    if share > OUTLIERS:
        detail = f"{name}: {share:.0%} of its runs are outliers, the machine may be busy"
        yield Finding(kind="outliers", detail=detail)


def _shown(seconds: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    return f"{np.median(seconds) * 1e3:.3g} ms"


def timed(worker: Worker, length: int, instances: int) -> Timing:
    """One run on the inputs that lie in shared memory, without a collection of garbage in it."""
    worker.prepare_shared(length, instances)
    with _no_garbage_collection():
        return worker.go()


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
