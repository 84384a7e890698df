"""Two sources side by side, with syntax colours."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import CppLexer

Kind = Literal["same", "changed", "gap"]
CONTEXT = 4
"""Equal lines shown before and after a change."""
MOST_LINES = 4000
"""Of both sources together; more are left to ``best.diff``."""


@dataclass(frozen=True)
class Side:
    """A line of one source: its number and its text as HTML; ``number`` 0 where there is none."""

    number: int
    html: Markup


@dataclass(frozen=True)
class Row:
    """Two lines beside each other; a gap stands for ``skipped`` equal ones."""

    kind: Kind
    left: Side
    right: Side
    skipped: int = 0


NONE = Side(0, Markup(""))


def side_by_side(old: str, new: str) -> list[Row]:
    """The rows of the comparison; none where the sources are too long to be shown."""
    before, after = _lines(old), _lines(new)
    if len(before) + len(after) > MOST_LINES:
        return []
    left, right = _coloured(before), _coloured(after)
    rows: list[Row] = []
    ends = (len(left), len(right))
    for tag, a, b, c, d in difflib.SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        pairs = list(_pairs(left[a:b], right[c:d]))
        if tag == "equal":
            rows += _folded(
                [Row("same", *pair) for pair in pairs], first=not (a or c), last=(b, d) == ends
            )
        else:
            rows += [Row("changed", *pair) for pair in pairs]
    return rows


def _pairs(left: list[Side], right: list[Side]) -> Iterator[tuple[Side, Side]]:
    for index in range(max(len(left), len(right))):
        yield (
            left[index] if index < len(left) else NONE,
            right[index] if index < len(right) else NONE,
        )


def _folded(rows: list[Row], *, first: bool, last: bool) -> list[Row]:
    """Equal lines, of which those far from any change are left out."""
    head, tail = (0 if first else CONTEXT), (0 if last else CONTEXT)
    skipped = len(rows) - head - tail
    if skipped < 2 * CONTEXT:
        return rows
    gap = Row("gap", NONE, NONE, skipped)
    return [*rows[:head], gap, *rows[len(rows) - tail :]]


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def _coloured(lines: list[str]) -> list[Side]:
    """Every line by itself as HTML: pygments closes its tags at the end of a line."""
    lexer = CppLexer(stripnl=False, ensurenl=True)
    shown = highlight("\n".join(lines), lexer, HtmlFormatter(nowrap=True)).removesuffix("\n")
    coloured = shown.split("\n")
    if len(coloured) != len(lines):  # a lexer of tomorrow that drops or adds lines
        return [Side(number, Markup.escape(line)) for number, line in enumerate(lines, 1)]
    return [Side(number, Markup(html)) for number, html in enumerate(coloured, 1)]


def colours(style: str) -> str:
    """The rules of a pygments style for what is inside the class ``code``."""
    formatter = HtmlFormatter(style=style, nobackground=True)
    rules: str = formatter.get_style_defs(".code")  # type: ignore[no-untyped-call]
    return "\n".join(line for line in rules.splitlines() if line.startswith(".code ."))
