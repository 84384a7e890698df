"""What a profile says, in an engineer's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from parallel_agent.measurement.scaling import predictions, serial_fraction

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
    fraction = None if found.scaling is None else serial_fraction(found.scaling)
    if found.scaling is None or fraction is None:
        return
    said = f"{fraction.threads} threads make it {fraction.gain:.2f} times as fast as one does"
    if fraction.low <= 0:
        yield f"{said}: all of them are used, as far as the samples tell"
        return
    used = "well used" if found.scaling.points[-1].efficiency >= _WELL_USED else "not well used"
    yield (
        f"{said}: they are {used}, as if {fraction.value:.0%} of the work were serial, between "
        f"{fraction.low:.0%} and {fraction.high:.0%} (Karp and Flatt)"
    )
    for more in predictions(found.scaling)[:1]:
        yield (
            f"{more.threads} threads would make it {more.speedup:.2f} times as fast as the original, "
            f"between {more.low:.2f} and {more.high:.2f}, if that stayed as it is (Amdahl)"
        )


def _vectors(found: Profiled) -> Iterator[str]:
    for loop in found.loops:
        if loop.vectorized is False and loop.remedy:
            yield f"{loop}: {loop.remedy}"


def _named(size: SizeProfile) -> str:
    return ", ".join(f"{name}={value}" for name, value in size.sizes.items()) or "its only size"


def _rate(bandwidth: float) -> str:
    return f"{bandwidth / 1e9:.3g} GB/s"
