"""Amounts of memory: from text to bytes and back."""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, Decimal

_UNITS = {
    "b": 1, "": 1,
    "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
    "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12,
}  # fmt: skip
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def parse_memory(text: str) -> int:
    """Bytes of an amount such as ``24GB`` (10^9 each), ``22.5GiB`` (2^30 each) or ``800000000``.

    A fraction of a byte is dropped: a cap is never rounded up.

    Raises:
        ValueError: not an amount, or less than one byte.
    """
    found = _AMOUNT.fullmatch(text)
    unit = None if found is None else _UNITS.get(found[2].lower())
    if found is None or unit is None:
        raise ValueError(f"not an amount of memory: {text!r}; write 24GB or 22.5GiB")
    amount = int((Decimal(found[1]) * unit).to_integral_value(ROUND_FLOOR))
    if amount < 1:
        raise ValueError(f"an amount of memory must be more than nothing: {text!r}")
    return amount


def format_memory(amount: int) -> str:
    """Bytes for people, in decimal units: ``19.85 GB``, ``412 MB``, ``-1.20 GB``."""
    for unit, size, digits in (("GB", 10**9, 2), ("MB", 10**6, 0), ("kB", 10**3, 0)):
        if abs(amount) >= size:
            return f"{amount / size:.{digits}f} {unit}"
    return f"{amount} B"
