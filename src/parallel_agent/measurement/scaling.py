"""How a program's speed grows with the number of threads, and what that says of more of them.

- G. M. Amdahl: Validity of the single processor approach to achieving large scale computing
  capabilities, AFIPS 1967: the bound on the speedup.
- A. H. Karp, H. P. Flatt: Measuring parallel processor performance, Communications of the ACM 33 (5),
  1990: the experimentally determined serial fraction.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from parallel_agent.measurement.round_robin import RoundRobin
from parallel_agent.measurement.statistics import ratio_interval
from parallel_agent.measurement.timing import MismatchError

ASKED = (2, 4)
"""Multiples of the threads that were measured for which a prediction is made."""


class AtThreads(BaseModel):
    """A program with so many threads: seconds of one call (median), and how it compares.

    ``speedup`` is over the original, ``relative`` over the same program with one thread, each with its
    95 % interval.
    """

    model_config = ConfigDict(frozen=True)

    threads: int
    seconds: float
    speedup: float
    interval: tuple[float, float]
    relative: float
    relative_interval: tuple[float, float]

    @property
    def efficiency(self) -> float:
        """The share of the threads that was turned into speed: ``relative`` over ``threads``."""
        return self.relative / self.threads


class Scaling(BaseModel):
    """What was measured at one size, the fewest threads first, which is one."""

    model_config = ConfigDict(frozen=True)

    sizes: dict[str, int]
    points: tuple[AtThreads, ...]


@dataclass(frozen=True)
class Fraction:
    """The share of a program's own time with one thread that ``threads`` do not shorten.

    Overheads are counted in. ``low`` and ``high`` are what it is at the ends of the interval of
    ``gain``. It is below 0 where threads bring more than their number, from caches, say.
    """

    threads: int
    gain: float
    value: float
    low: float
    high: float

    @property
    def told(self) -> bool:
        """Whether it is one for Amdahl's law: above 0 and below 1 beyond the interval."""
        return self.low > 0.0 and self.high < 1.0


@dataclass(frozen=True)
class Prediction:
    """The speedup over the original with so many threads, by Amdahl's law: likely, at least, at most."""

    threads: int
    speedup: float
    low: float
    high: float


def thread_steps(threads: int) -> tuple[int, ...]:
    """1, 2, 4 and so on up to ``threads``, and ``threads``."""
    steps = [1 << power for power in range(threads.bit_length()) if 1 << power < threads]
    return (*steps, threads)


def scaling_of(timed: RoundRobin, threads: Sequence[int], sizes: dict[str, int]) -> Scaling:
    """What a round robin of the original and then the program at each of ``threads`` says.

    The first of ``threads`` is 1. Raises MismatchError where one failed while it was timed.
    """
    original, *programs = timed.programs
    points = []
    for count, program in zip(threads, programs, strict=True):
        if program.failure:
            raise MismatchError(f"{program.failure} ({count} threads)")
        over = ratio_interval(original.seconds, program.seconds)
        relative = ratio_interval(programs[0].seconds, program.seconds)
        points.append(
            AtThreads(
                threads=count,
                seconds=statistics.median(program.seconds),
                speedup=over.ratio,
                interval=(over.low, over.high),
                relative=relative.ratio,
                relative_interval=(relative.low, relative.high),
            )
        )
    return Scaling(sizes=sizes, points=tuple(points))


def karp_flatt(gain: float, threads: int) -> float:
    """The serial fraction of a program that ``threads`` > 1 make ``gain`` times as fast.

    (1/S - 1/p) / (1 - 1/p) with the gain S and p threads.
    """
    return (1.0 / gain - 1.0 / threads) / (1.0 - 1.0 / threads)


def amdahl(fraction: float, threads: int) -> float:
    """How many times as fast ``threads`` make a program with this serial fraction.

    1 / (f + (1 - f) / p) with the fraction f and p threads.
    """
    return 1.0 / (fraction + (1.0 - fraction) / threads)


def serial_fraction(scaling: Scaling) -> Fraction | None:
    """From the most threads that were measured; None where only one was."""
    most = scaling.points[-1] if scaling.points else None
    if most is None or most.threads < 2:
        return None
    gains = (most.relative, most.relative_interval[1], most.relative_interval[0])
    value, low, high = (karp_flatt(gain, most.threads) for gain in gains)
    return Fraction(most.threads, most.relative, value, low, high)


def predictions(scaling: Scaling) -> list[Prediction]:
    """What Amdahl's law says of more threads; none where the fraction is not told by what was measured."""
    fraction = serial_fraction(scaling)
    if fraction is None or not fraction.told:
        return []
    found = []
    for factor in ASKED:
        threads = factor * fraction.threads
        likely, high, low = (
            scaling.points[0].speedup * amdahl(share, threads)
            for share in (fraction.value, fraction.low, fraction.high)
        )
        found.append(Prediction(threads, likely, low, high))
    return found
