"""Writing edits: the SEARCH/REPLACE blocks that turn one text into another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher


class NoEdits(ValueError):
    """Two texts that no edits lead from one to the other."""


def edits_between(before: str, after: str) -> str:
    """The edits, each with as many lines around it as make its place the only one.

    They are made one after the other, as `search_replace.applied` does: what an edit names stands in
    what those before it left. Where nothing is left to name, there is one edit of the whole text.
    Raises NoEdits where that is blank, or nothing differs.
    """
    lines, wanted = before.split("\n"), after.split("\n")
    if before == after or not before.strip():
        raise NoEdits("nothing differs, or there is no line to name")
    try:
        return "\n\n".join(_one_by_one(lines, wanted))
    except NoEdits:
        return _block(before.split("\n"), wanted)


def _one_by_one(lines: list[str], wanted: Sequence[str]) -> list[str]:
    blocks, moved = [], 0
    for start, stop, replacement in _changes(lines, wanted):
        low, high = _place(lines, start + moved, stop + moved)
        search = lines[low:high]
        replace = [*lines[low : start + moved], *replacement, *lines[stop + moved : high]]
        blocks.append(_block(search, replace))
        lines[low:high] = replace
        moved += len(replacement) - (stop - start)
    return blocks


def _block(search: Sequence[str], replace: Sequence[str]) -> str:
    return "\n".join(["<<<<<<< SEARCH", *search, "=======", *replace, ">>>>>>> REPLACE"])


def _changes(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, list[str]]]:
    """The first line of each change, the one behind its last, and what takes their place."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, start, stop, low, high in matcher.get_opcodes():
        if kind != "equal":
            yield start, stop, list(after[low:high])


def _place(lines: Sequence[str], start: int, stop: int) -> tuple[int, int]:
    """The smallest stretch around some lines that occurs once and is not blank."""
    low, high = start, stop
    while not _is_place(lines, low, high):
        if low == 0 and high == len(lines):
            raise NoEdits("there is no line to name")
        low, high = max(0, low - 1), min(len(lines), high + 1)
    return low, high


def _is_place(lines: Sequence[str], low: int, high: int) -> bool:
    searched = list(lines[low:high])
    if not any(line.strip() for line in searched):
        return False
    starts = range(len(lines) - len(searched) + 1)
    return sum(list(lines[at : at + len(searched)]) == searched for at in starts) == 1
