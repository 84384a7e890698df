"""Lengths of time as people write them."""

from __future__ import annotations


def shown(seconds: float) -> str:
    """A length of time, to the minute from an hour on: ``1 h 05 min``, ``4 min``, ``12 s``."""
    if seconds == float("inf"):
        return "unknown"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
