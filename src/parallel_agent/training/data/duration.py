"""Lengths of time as people write them."""

from __future__ import annotations

import re

from parallel_agent.settings import SettingsError

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|)", re.IGNORECASE)


def parse_seconds(text: str) -> float:
    """Seconds of ``90``, ``45m``, ``2h`` or ``1h30m``; SettingsError for anything else."""
    parts = list(_PART.finditer(text.replace(" ", "")))
    if not parts or "".join(part[0] for part in parts) != text.replace(" ", ""):
        raise SettingsError(f"'{text}' is no length of time", "Give one as 90s, 45m, 2h or 1h30m")
    return sum(float(part[1]) * _UNITS[part[2].lower()] for part in parts)


def shown(seconds: float) -> str:
    """A length of time, to the minute from an hour on: ``1 h 05 min``, ``4 min``, ``12 s``."""
    if seconds == float("inf"):
        return "unknown"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
