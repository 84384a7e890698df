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
    new includes go to the head of the kernel's file. Lines of the slice that are in no file yet are
    new, too. Raises CannotPutBack.
    """
    new = lines_of(candidate)
    if _telling(new) == _telling([line.text for line in slice_]):
        return {}
    edits = _Edits(sources)
    old = [line.text for line in slice_]
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        removed, added = _in_files(slice_[i1:i2]), new[j1:j2]
        if kind == "equal":  # of which only what is in no file yet is to be done
            for at in range(i1, i2):
                if slice_[at].number is None:
                    edits.insert(*_between(slice_, at, kernel_file), [slice_[at].text])
            continue
        if not _telling([*added, *(line.text for line in removed)]):
            continue  # empty lines were left out of the slice, too
        if len({line.file for line in removed}) > 1:
            raise CannotPutBack("a change reaches from one file into another")
        for line in removed:
            edits.remove(line)
        if not added:
            continue
        file, number = _at(removed[0]) if removed else _between(slice_, i1, kernel_file)
        if not removed and (_only_includes(added) or file not in sources):
            file, number = kernel_file, _head_of(sources[kernel_file])
        edits.insert(file, number, added)
    return dict(edits.applied())


def _telling(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if line.strip()]


def _in_files(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line.number is not None]


def _at(line: Line) -> tuple[str, int]:
    return line.file, line.number or 0


def _only_includes(added: Sequence[str]) -> bool:
    return all(_INCLUDE.match(line) or not line.strip() for line in added)


def _head_of(text: str) -> int:
    """The first line of a file that is no comment at its top and no include guard."""
    lines = lines_of(text)
    return next((n for n, line in enumerate(lines) if not _HEAD.match(line)), 0)


def _between(slice_: Sequence[Line], index: int, kernel_file: str) -> tuple[str, int]:
    """Where to insert before the slice's line ``index``: in the kernel's file if that is beside.

    Within a file close to what comes before: what was left out of the slice may use what is new.
    """
    before = next(reversed(_in_files(slice_[:index])), None)
    after = next(iter(_in_files(slice_[index:])), None)
    if before is not None and after is not None and before.file == after.file:
        return before.file, _at(before)[1] + 1
    if after is not None and (after.file == kernel_file or before is None):
        return _at(after)
    if before is None:
        return kernel_file, 0
    if after is not None and before.file != kernel_file and after.file != before.file:
        return _at(after)
    return before.file, _at(before)[1] + 1


class _Edits:
    """Lines that go and lines that come, by file."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources
        self._removed: dict[str, set[int]] = {}
        self._added: dict[str, dict[int, list[str]]] = {}

    def remove(self, line: Line) -> None:
        if line.file not in self._sources:
            where = (
                f"in {line.file}, which the build makes" if line.file else "of the build's flags"
            )
            raise CannotPutBack(f"a change to '{line.text.strip()}' {where}")
        file, number = _at(line)
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
