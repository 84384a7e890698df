"""How a program's speed grows with the number of threads.

- G. M. Amdahl: Validity of the single processor approach to achieving large scale computing
  capabilities, AFIPS 1967: the bound on the speedup.
- A. H. Karp, H. P. Flatt: Measuring parallel processor performance, CACM 33(5), 1990: the serial
  fraction that a measured speedup implies.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from parallel_agent.measurement.round_robin import RoundRobin
from parallel_agent.measurement.statistics import ratio_interval


class AtThreads(BaseModel):
    """A program with so many threads: seconds of one call (median), and how it compares.

    ``speedup`` is over the original, with its 95 % ``interval``; ``relative`` is over the same program
    with one thread, and ``serial_fraction`` what that implies after Karp and Flatt: the share of the
    work that did not run in parallel, overheads counted in. It is None with one thread; below 0 the
    program gained more than its threads, from caches, say.
    """

    model_config = ConfigDict(frozen=True)

    threads: int
    seconds: float
    speedup: float
    interval: tuple[float, float]
    relative: float
    serial_fraction: float | None

    @property
    def efficiency(self) -> float:
        """The share of the threads that was turned into speed: ``relative`` over ``threads``."""
        return self.relative / self.threads


def thread_steps(threads: int) -> tuple[int, ...]:
    """1, 2, 4 and so on up to ``threads``, and ``threads``."""
    steps = [1 << power for power in range(threads.bit_length()) if 1 << power < threads]
    return (*steps, threads)


def scaling_of(timed: RoundRobin, threads: Sequence[int]) -> tuple[AtThreads, ...]:
    """What a round robin of the original and then the program at each of ``threads`` says.

    The first of ``threads`` is 1. Those that failed while they were timed are left out.
    """
    original, *programs = timed.programs
    alone = programs[0]
    points = []
    for count, program in zip(threads, programs, strict=True):
        if program.failure or alone.failure:
            continue
        over = ratio_interval(original.seconds[: len(program.seconds)], program.seconds)
        relative = ratio_interval(alone.seconds, program.seconds).ratio
        points.append(
            AtThreads(
                threads=count,
                seconds=statistics.median(program.seconds),
                speedup=over.ratio,
                interval=(over.low, over.high),
                relative=relative,
                serial_fraction=karp_flatt(relative, count),
            )
        )
    return tuple(points)


def karp_flatt(speedup: float, threads: int) -> float | None:
    """The serial fraction (1/S - 1/p) / (1 - 1/p) of a speedup S with p threads; None for one."""
    if threads < 2:
        return None
    return (1.0 / speedup - 1.0 / threads) / (1.0 - 1.0 / threads)


def amdahl(serial_fraction: float, threads: float) -> float:
    """The speedup that a serial fraction f allows with p threads: 1 / (f + (1 - f) / p)."""
    return 1.0 / (serial_fraction + (1.0 - serial_fraction) / threads)
