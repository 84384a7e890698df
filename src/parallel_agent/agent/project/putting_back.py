"""Putting a candidate, a changed slice of files, back into the files that the slice is from."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence

from parallel_agent.agent.project.flattening import Line, lines_of

_INCLUDE = re.compile(r"\s*#\s*include\s*<")
_HEAD = re.compile(r"\s*(//.*|#\s*pragma\s+once.*|#\s*ifndef\s+\w+_H\w*|#\s*define\s+\w+_H\w*)?$")


class CannotPutBack(ValueError):
    """A candidate whose changes belong to no one place in the files."""


def put_back(
    slice_: Sequence[Line], candidate: str, sources: Mapping[str, str], kernel_file: str
) -> dict[str, str]:
    """The new text of every file that changes, by path.

    ``sources`` are the files as they are. What is changed in the slice is changed where it is from;
    new includes go to the head of the kernel's file. Raises CannotPutBack.
    """
    edits = _Edits(sources)
    old, new = [line.text for line in slice_], lines_of(candidate)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        removed, added = slice_[i1:i2], new[j1:j2]
        if kind == "equal" or not any(
            text.strip() for text in (*added, *(line.text for line in removed))
        ):
            continue  # empty lines were left out of the slice, too
        if len({line.file for line in removed}) > 1:
            raise CannotPutBack("a change reaches from one file into another")
        for line in removed:
            edits.remove(line.file, line.number)
        if not added:
            continue
        place = removed[0] if removed else None
        if place is None and _only_includes(added):
            edits.insert(kernel_file, _head_of(sources[kernel_file]), added)
        elif place is not None:
            edits.insert(place.file, place.number, added)
        else:
            edits.insert(*_between(slice_, i1, kernel_file), added)
    return dict(edits.applied())


def _only_includes(added: Sequence[str]) -> bool:
    return all(_INCLUDE.match(line) or not line.strip() for line in added)


def _head_of(text: str) -> int:
    """The first line of a file that is no comment at its top and no include guard."""
    lines = lines_of(text)
    return next((n for n, line in enumerate(lines) if not _HEAD.match(line)), 0)


def _between(slice_: Sequence[Line], index: int, kernel_file: str) -> tuple[str, int]:
    """Where to insert before the slice's line ``index``: in the kernel's file if that is beside."""
    before = slice_[index - 1] if index > 0 else None
    after = slice_[index] if index < len(slice_) else None
    if after is not None and (after.file == kernel_file or before is None):
        return after.file, after.number
    if before is None:
        return kernel_file, 0
    if after is not None and before.file != kernel_file and after.file != before.file:
        return after.file, after.number
    return before.file, before.number + 1


class _Edits:
    """Lines that go and lines that come, by file."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources
        self._removed: dict[str, set[int]] = {}
        self._added: dict[str, dict[int, list[str]]] = {}

    def remove(self, file: str, number: int) -> None:
        self._removed.setdefault(file, set()).add(number)

    def insert(self, file: str, number: int, lines: Sequence[str]) -> None:
        """Before the line of that number."""
        self._added.setdefault(file, {}).setdefault(number, []).extend(lines)

    def applied(self) -> Iterator[tuple[str, str]]:
        for file in sorted({*self._removed, *self._added}):
            text = self._sources[file]
            changed = "\n".join(self._lines(file, text))
            yield file, changed + ("\n" if text.endswith("\n") else "")

    def _lines(self, file: str, text: str) -> Iterator[str]:
        removed, added = self._removed.get(file, set()), self._added.get(file, {})
        end = "\r" if "\r\n" in text else ""
        for number, line in enumerate([*text.removesuffix("\n").split("\n"), None]):
            yield from (f"{new}{end}" for new in added.get(number, ()))
            if line is not None and number not in removed:
                yield line
