"""Timing a candidate by the user's benchmark: in turns with the original, in two trees."""

from __future__ import annotations

import statistics

from parallel_agent.agent.project.putting_back import CannotPutBack
from parallel_agent.agent.project.workshop import BenchTiming, CommandFailed, Workshop
from parallel_agent.measurement.lane import Lane
from parallel_agent.measurement.plan import TimingPlan
from parallel_agent.measurement.timing import MismatchError


def time_project(workshop: Workshop, source: str, plan: TimingPlan) -> BenchTiming:
    """Build the candidate with this text in its place and time it. Waits for the timing lane.

    Raises MismatchError where it does not build, its benchmark fails or prints something else, or
    where the benchmark's number says faster and the clock says slower.
    """
    known = workshop.known()
    try:
        files = workshop.files_with(source)
        # The lane before the tree: gates wait for the tree while they are in the lane.
        with Lane().timing(), workshop.built(files):
            times = workshop.time(plan, known.noise)
    except (CommandFailed, CannotPutBack) as error:
        raise MismatchError(str(error)) from None
    timing = BenchTiming(
        unit=workshop.spec.unit,
        original=statistics.median(run.value for run in times.original),
        candidate=statistics.median(run.value for run in times.candidate),
        original_seconds=statistics.median(run.wall for run in times.original),
        candidate_seconds=statistics.median(run.wall for run in times.candidate),
        noise=known.noise,
        samples=times.samples,
        wall=times.wall,
    )
    if timing.faster and timing.wall.high < 1.0 / (1.0 + known.noise):
        raise MismatchError(
            f"the benchmark says {timing.interval.ratio:.2f} times as fast, "
            f"and took {1 / timing.wall.ratio:.2f} times as long on the clock"
        )
    return timing
