"""Putting things into words for a prompt: within bounds, and told apart from instructions."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LINES = re.compile(r"\blines? (\d{1,6}(?:, \d{1,6})*)")
_MOST_LINES = 8
_TIMES = ((1.0, "s", 1.0), (1e-3, "ms", 1e3), (1e-6, "us", 1e6), (0.0, "ns", 1e9))
_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def clip(text: str, limit: int) -> str:
    """The text in at most ``limit`` bytes, and a note in the place of what is left out."""
    data = text.encode("utf-8", "replace")
    if len(data) <= limit:
        return data.decode()
    head = limit * 2 // 3
    tail = data[len(data) - (limit - head) :].decode(errors="ignore")
    left_out = f"[... {len(data) - limit} bytes left out ...]"
    return f"{data[:head].decode(errors='ignore')}\n{left_out}\n{tail}"


def one_line(text: str, limit: int) -> str:
    """The text on one line, in at most ``limit`` bytes and three dots."""
    data = " ".join(text[: 4 * limit].split()).encode("utf-8", "replace")
    if len(data) <= limit and len(text) <= 4 * limit:
        return data.decode()
    return f"{data[:limit].decode(errors='ignore').rstrip()}..."


def fenced(text: str, info: str = "") -> str:
    """The text as a fenced block, with a fence that nothing in the text can close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{info}\n{text.rstrip()}\n{fence}"


def line_of(source: str, line: int) -> str:
    """A line of a source, counted from 1; empty where there is none."""
    lines = source.split("\n")
    return lines[line - 1] if 1 <= line <= len(lines) else ""


def named_lines(text: str, source: str) -> list[str]:
    """The lines of a source that a text names (``lines 3, 17``), each with its number."""
    named = [int(n) for found in _LINES.findall(text) for n in re.findall(r"\d+", found)]
    numbers = [number for number in dict.fromkeys(named) if line_of(source, number).strip()]
    return [f"{number}: {line_of(source, number)}" for number in numbers[:_MOST_LINES]]


def seconds(value: float) -> str:
    """A time with its unit, to three digits: ``12.3 us``."""
    for least, unit, factor in _TIMES:
        if value >= least:
            return f"{value * factor:.3g} {unit}"
    return f"{value:.3g} s"


def sizes(values: Mapping[str, int]) -> str:
    """The sizes of an input: ``n=100, m=30``."""
    return ", ".join(f"{name}={value}" for name, value in values.items()) or "the only size"


def capacity(value: int) -> str:
    """An amount of memory: ``32 KiB``."""
    for unit, name in _UNITS:
        if value >= unit:
            return f"{value / unit:.4g} {name}"
    return f"{value} B"
