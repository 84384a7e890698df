"""What a profile says, in an engineer's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from parallel_agent.measurement.scaling import amdahl

if TYPE_CHECKING:
    from parallel_agent.agent.profile import Profiled, SizeProfile

_NEAR_READING = 2.0
"""Times of reading the inputs once, up to which memory is taken for what bounds a kernel."""
_WELL_USED = 0.8
"""The efficiency from which threads are called well used."""


def conclusions(found: Profiled) -> Iterator[str]:
    """What holds the kernel back and what may help, the most important first."""
    yield from _slower(found)
    yield from _memory(found)
    yield from _threads(found)
    yield from _vectors(found)


def _slower(found: Profiled) -> Iterator[str]:
    for size in found.sizes:
        if size.speedup is not None and size.speedup < 1.0 / (1.0 + size.noise):
            yield f"slower than the original at {_named(size)}: it needs a guard there"


def _memory(found: Profiled) -> Iterator[str]:
    largest = found.sizes[-1]
    times = largest.times_of_reading
    if times is None or found.bandwidth is None:
        return
    where = f"at {_named(largest)}"
    if times <= _NEAR_READING:
        yield (
            f"{where} it takes {times:.1f} times as long as reading its inputs once does "
            f"({_rate(found.bandwidth)}): memory bounds it, and only less traffic would help"
        )
        return
    yield (
        f"{where} it takes {times:.3g} times as long as reading its inputs once does "
        f"({_rate(found.bandwidth)}): work or waiting bounds it, and not the memory's speed"
    )
    if found.peak_flops is not None:
        budget = found.peak_flops * largest.seconds / largest.bytes * 8
        yield (
            f"in that time this machine could do {budget:.3g} double operations for each 8 bytes of "
            f"input ({found.peak_flops / 1e9:.0f} GFlop/s)"
        )


def _threads(found: Profiled) -> Iterator[str]:
    if len(found.scaling) < 2:
        return
    last = found.scaling[-1]
    fraction = last.serial_fraction
    said = f"{last.threads} threads make it {last.relative:.2f} times as fast as one does"
    if fraction is None or fraction <= 0:
        yield f"{said}: all of them are used"
        return
    more = 2 * last.threads
    used = "well used" if last.efficiency >= _WELL_USED else "not well used"
    yield (
        f"{said}: they are {used}, as if {fraction:.0%} of the work were serial (Karp and Flatt); "
        f"by Amdahl's law {more} threads would make it {amdahl(fraction, more):.2f} times as fast"
    )


def _vectors(found: Profiled) -> Iterator[str]:
    for loop in found.loops:
        if loop.vectorized is False and loop.remedy:
            yield f"{loop}: {loop.remedy}"


def _named(size: SizeProfile) -> str:
    return ", ".join(f"{name}={value}" for name, value in size.sizes.items()) or "its only size"


def _rate(bandwidth: float) -> str:
    return f"{bandwidth / 1e9:.3g} GB/s"
