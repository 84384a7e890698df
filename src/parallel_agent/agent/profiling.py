"""Timing a candidate against the original at every size, and what the times say."""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.context import Context
from parallel_agent.agent.study import drawer
from parallel_agent.agent.subject import OriginalAtSize
from parallel_agent.measurement.plan import TimingPlan
from parallel_agent.measurement.round_robin import time_round_robin
from parallel_agent.measurement.scaling import Scaling, scaling_of, thread_steps
from parallel_agent.measurement.statistics import Interval, geometric_mean_interval
from parallel_agent.measurement.timing import PairedSamples, time_pair
from parallel_agent.verification.reference import Reference

_LOOKS_FASTER = 1.1


class ProfileAtSize(BaseModel):
    """A candidate against the original at one size; seconds are medians of one call."""

    model_config = ConfigDict(frozen=True)

    sizes: dict[str, int]
    original_seconds: float
    candidate_seconds: float
    speedup: float
    interval: tuple[float, float]
    noise: float
    samples: PairedSamples

    @property
    def result(self) -> Literal["faster", "slower", "same"]:
        """Beyond the noise at this size: faster only if the whole interval is."""
        if self.speedup < 1.0 / (1.0 + self.noise):
            return "slower"
        return "faster" if self.interval[0] > 1.0 + self.noise else "same"

    @property
    def unsure(self) -> bool:
        """Whether it may well be faster, and the samples lie too far apart to say so."""
        return self.result == "same" and self.speedup > _LOOKS_FASTER * (1.0 + self.noise)


class Profile(BaseModel):
    """What was measured of a candidate, smallest size first.

    ``speedup`` is the geometric mean over sizes; ``complete`` is false if timing ended early
    because the candidate was not faster at the largest size.
    """

    model_config = ConfigDict(frozen=True)

    sizes: tuple[ProfileAtSize, ...]
    speedup: float
    interval: tuple[float, float]
    threads: int
    complete: bool

    @property
    def better(self) -> bool:
        """Faster than the original beyond the noise, and slower at no size."""
        results = [size.result for size in self.sizes]
        noise = statistics.fmean(size.noise for size in self.sizes)
        return (
            self.complete
            and "slower" not in results
            and "faster" in results
            and self.interval[0] > 1.0
            and self.speedup > 1.0 + noise / len(self.sizes)
        )

    @property
    def findings(self) -> list[str]:
        """What makes the samples less trustworthy, in words."""
        return [finding.detail for size in self.sizes for finding in size.samples.findings]


def profile_candidate(
    context: Context,
    candidate: str,
    plan: TimingPlan,
    *,
    salt: int = 0,
    longer: TimingPlan | None = None,
) -> Profile:
    """Time a candidate that was built and examined; ``salt`` gives other inputs than before.

    Where it looks faster and too few runs agree on it, as on a machine whose cores come and go, the
    ``longer`` plan says how it is timed once more. Waits for the timing lane. Raises MismatchError and
    WorkerError: then it is wrong after all.
    """
    subject = context.subject
    measured: list[ProfileAtSize] = []
    with context.lane.timing():
        for size in reversed(subject.study.sizes):
            found = time_at_size(context, candidate, size, plan, salt)
            if longer is not None and found.unsure:
                found = time_at_size(context, candidate, size, longer, salt)
            measured.insert(0, found)
            if measured[-1].result != "faster":  # the largest size comes first
                break
    overall = geometric_mean_interval(
        [(size.samples.original, size.samples.candidate) for size in measured]
    )
    return Profile(
        sizes=tuple(measured),
        speedup=overall.ratio,
        interval=_bounds(overall),
        threads=context.settings.thread_count,
        complete=len(measured) == len(subject.study.sizes),
    )


def time_at_size(
    context: Context,
    candidate: str,
    size: OriginalAtSize,
    plan: TimingPlan,
    salt: int,
    threads: int | None = None,
) -> ProfileAtSize:
    """Time a candidate at one size, with as many threads as the settings say unless told otherwise.

    The caller holds the timing lane. Raises MismatchError and WorkerError.
    """
    binary = context.folder.path("candidates", candidate, "optimized")
    threads = threads or context.settings.thread_count
    seed = [context.settings.seed, 4000, salt, *size.sizes.values()]
    return time_against(context.subject.reference, binary, size, plan, seed, threads)


def time_against(
    reference: Reference,
    binary: Path,
    size: OriginalAtSize,
    plan: TimingPlan,
    seed: list[int],
    threads: int,
) -> ProfileAtSize:
    """Time a program against the original at one size, on inputs drawn from a seed.

    The caller holds the timing lane. Raises MismatchError and WorkerError.
    """
    with (
        reference.inputs() as shared,
        reference.worker(reference.binary, threads, shared) as original,
        reference.worker(binary, threads, shared) as rewritten,
    ):
        samples = time_pair(
            original,
            rewritten,
            drawer(reference.workload, size.sizes),
            partial(reference.compare, sizes=size.sizes),
            instances=size.instances,
            rng=np.random.default_rng(seed),
            plan=plan,
            noise=size.noise,
        )
    return ProfileAtSize(
        sizes=size.sizes,
        original_seconds=statistics.median(samples.original),
        candidate_seconds=statistics.median(samples.candidate),
        speedup=samples.interval.ratio,
        interval=_bounds(samples.interval),
        noise=size.noise,
        samples=samples,
    )


def scale_candidate(context: Context, candidate: str, plan: TimingPlan) -> Scaling:
    """Time a candidate that was built with 1, 2, 4 … threads in turns, at the largest size.

    Waits for the timing lane. Raises WorkerError where the original fails, and MismatchError where the
    candidate does, or answers otherwise.
    """
    subject, settings = context.subject, context.settings
    reference, size = subject.reference, subject.study.sizes[-1]
    binary = context.folder.path("candidates", candidate, "optimized")
    steps = thread_steps(settings.thread_count)
    rng = np.random.default_rng([settings.seed, 5000, *size.sizes.values()])
    with context.lane.timing(), reference.inputs() as shared, ExitStack() as stack:
        programs = [(reference.binary, 1), *((binary, threads) for threads in steps)]
        timed = time_round_robin(
            [
                stack.enter_context(reference.worker(program, threads, shared))
                for program, threads in programs
            ],
            drawer(reference.workload, size.sizes),
            partial(reference.compare, sizes=size.sizes),
            instances=size.instances,
            rng=rng,
            plan=plan,
        )
    return scaling_of(timed, steps, size.sizes)


def _bounds(interval: Interval) -> tuple[float, float]:
    return (interval.low, interval.high)
