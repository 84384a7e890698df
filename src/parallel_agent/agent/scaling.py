"""What a candidate gains with fewer threads than it was chosen with, at the largest size."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.context import Context
from parallel_agent.agent.profiling import Profile, ProfileAtSize, time_at_size
from parallel_agent.measurement.plan import plan_for

_SALT = 2


class ScalingPoint(BaseModel):
    """A candidate against the original with so many threads; seconds are medians of one call."""

    model_config = ConfigDict(frozen=True)

    threads: int
    original_seconds: float
    candidate_seconds: float
    speedup: float
    interval: tuple[float, float]


class Scaling(BaseModel):
    """What was measured at one size, the fewest threads first."""

    model_config = ConfigDict(frozen=True)

    sizes: dict[str, int]
    points: tuple[ScalingPoint, ...]


def thread_counts(most: int) -> list[int]:
    """The powers of two below ``most``, and ``most``."""
    return [*(1 << power for power in range(most.bit_length()) if 1 << power < most), most]


def scale_candidate(context: Context, candidate: str, profile: Profile) -> Scaling:
    """Time a candidate with fewer threads than in ``profile``, which gives the point with all.

    Waits for the timing lane. Raises MismatchError and WorkerError: then it is wrong after all.
    """
    plan, size = plan_for(context.settings.effort), context.subject.study.sizes[-1]
    points = []
    with context.lane.timing():
        for threads in thread_counts(profile.threads)[:-1]:
            found = time_at_size(context, candidate, size, plan, _SALT, threads)
            points.append(_point(threads, found))
    points.append(_point(profile.threads, profile.sizes[-1]))
    return Scaling(sizes=size.sizes, points=tuple(points))


def _point(threads: int, found: ProfileAtSize) -> ScalingPoint:
    return ScalingPoint(
        threads=threads,
        original_seconds=found.original_seconds,
        candidate_seconds=found.candidate_seconds,
        speedup=found.speedup,
        interval=found.interval,
    )
