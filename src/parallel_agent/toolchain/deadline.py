"""The time by which all that is waited for together must be over, whoever waits for what.

Each program has limits of its own; a deadline bounds their sum. It holds for the context (of
`contextvars`) that it is set in, and for what a `Pool` does for it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_until: ContextVar[float] = ContextVar("_until", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Every wait for a program in this block ends after so many seconds, as if at its own limit.

    A block within another one ends no later than that.
    """
    token = _until.set(by(seconds))
    try:
        yield
    finally:
        _until.reset(token)


def by(seconds: float) -> float:
    """When a wait of at most so many seconds ends, by ``time.perf_counter``."""
    return min(time.perf_counter() + seconds, _until.get())
