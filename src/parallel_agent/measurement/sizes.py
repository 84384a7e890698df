"""Choosing the sizes to time a kernel at: small, in between (cache-sized), and large."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

from parallel_agent.measurement.plan import SizeLimits

Measure = Callable[[int], tuple[float, int]]
"""From a base size to the seconds of one call of the original and the bytes of its inputs.

Seconds are infinite where the call was cut off. Both are taken to grow with the base.
"""

FIRST_BASE = 16
MAX_BASE = 1 << 26
SMALL_BYTES = 16 << 10
"""Inputs that lie in any first-level cache."""
SMALL_SHARE = 0.01
"""Of the seconds of the large size, at most, for the small one: there overheads must show."""
_STEP_BETWEEN = 8
"""The large base over the small one, at least."""


def choose_sizes(measure: Measure, limits: SizeLimits, *, max_base: int = MAX_BASE) -> list[int]:
    """At most three base sizes, ascending: small, about the geometric mean, large.

    Large is the largest base within the limits, to an eighth or so; 1 if none is. Small has inputs
    of at most 16 KiB and takes at most a hundredth of what large may, as far as bases go. A kernel
    that does not depend on the base has one size. Every base is measured at most once, and none
    that promises, from how the cost grew so far, to break a limit.
    """
    cost = cache(measure)
    large = _largest(cost, limits, max_base)
    if _same_cost(cost, min(FIRST_BASE, large), large):
        return [min(FIRST_BASE, large)]
    small = _small(cost, limits, large)
    between = round(math.sqrt(small * large))
    return sorted({small, between, large})


def _largest(cost: Measure, limits: SizeLimits, max_base: int) -> int:
    def fits(base: int) -> bool:
        seconds, size = cost(base)
        return seconds <= limits.max_seconds and size <= limits.max_bytes

    base = min(FIRST_BASE, max_base)
    while base > 1 and not fits(base):
        base //= 2
    if base < FIRST_BASE:
        return base
    while 2 * base <= max_base and _promises(cost, base, limits) and fits(2 * base):
        base *= 2
    for step in (base // 2, base // 4):
        if base + step <= max_base and fits(base + step):
            base += step
    return base


def _promises(cost: Measure, base: int, limits: SizeLimits) -> bool:
    """Whether twice the base keeps the limits if the cost grows as it did up to this base."""
    (then, size_then), (now, size_now) = cost(base // 2), cost(base)
    # The growth of short times is chance; a long one is at most some doublings from the limit.
    telling = now > SMALL_SHARE * limits.max_seconds and then > 0
    seconds = now * (now / then) if telling else 0.0
    size = size_now * (size_now / size_then) if size_then > 0 else 0.0
    return seconds <= limits.max_seconds and size <= limits.max_bytes


def _small(cost: Measure, limits: SizeLimits, large: int) -> int:
    def is_small(base: int) -> bool:
        seconds, size = cost(base)
        return seconds <= SMALL_SHARE * limits.max_seconds and size <= SMALL_BYTES

    base = 1
    while 2 * base * _STEP_BETWEEN <= large:
        base *= 2
    while base > 1 and not is_small(base):
        base //= 2
    return base


def _same_cost(cost: Measure, one: int, other: int) -> bool:
    """Inputs of one size, and seconds that differ by no more than chance may make them."""
    if one == other:
        return False
    (seconds, size), (other_seconds, other_size) = cost(one), cost(other)
    return size == other_size and other_seconds <= 2.0 * seconds
