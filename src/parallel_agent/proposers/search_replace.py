"""Edits as SEARCH/REPLACE blocks, the form that aider made known::

<<<<<<< SEARCH
lines as they are
=======
lines as they are to be
>>>>>>> REPLACE
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parallel_agent.proposers.answers import FormatError

_SEARCH = re.compile(r"\s*<{5,9} ?SEARCH\s*")
_DIVIDER = re.compile(r"\s*={5,9}\s*")
_REPLACE = re.compile(r"\s*>{5,9} ?REPLACE\s*")
_SHOWN_BYTES = 300


@dataclass(frozen=True)
class Edit:
    """Lines to find, and the lines that take their place."""

    search: tuple[str, ...]
    replace: tuple[str, ...]


def has_edits(text: str) -> bool:
    """Whether an edit begins anywhere in the text."""
    return any(_SEARCH.fullmatch(line) for line in text.split("\n"))


def can_be_edited(source: str) -> bool:
    """Whether no line of a source could be taken for a marker."""
    markers = (_SEARCH, _DIVIDER, _REPLACE)
    return not any(marker.fullmatch(line) for line in source.split("\n") for marker in markers)


def read_edits(text: str) -> list[Edit]:
    """The edits in an answer, in order; FormatError for one that is not complete."""
    lines = iter(text.split("\n"))
    edits = []
    for line in lines:
        if _SEARCH.fullmatch(line):
            search = tuple(_until(lines, _DIVIDER, "======="))
            edits.append(Edit(search, tuple(_until(lines, _REPLACE, ">>>>>>> REPLACE"))))
    return edits


def applied(edits: Sequence[Edit], source: str) -> str:
    """The source after the edits, each made to what the ones before it left.

    Lines are found as they are, or else with differences of white space. Raises FormatError where
    they are not found, or found more than once.
    """
    lines = source.split("\n")
    for number, edit in enumerate(edits, 1):
        if not any(line.strip() for line in edit.search):
            raise FormatError(f"Edit {number} has an empty SEARCH part: name lines of the file.")
        at = _place(edit.search, lines, number)
        lines[at : at + len(edit.search)] = edit.replace
    return "\n".join(lines)


def _until(lines: Iterator[str], marker: re.Pattern[str], shown: str) -> Iterator[str]:
    for line in lines:
        if marker.fullmatch(line):
            return
        if _SEARCH.fullmatch(line):
            break
        yield line
    raise FormatError(f"An edit has no line with {shown}: it is not complete.")


def _place(search: Sequence[str], lines: Sequence[str], number: int) -> int:
    found = _places(search, lines)
    if not found:
        found = _places([_plain(line) for line in search], [_plain(line) for line in lines])
    if len(found) == 1:
        return found[0]
    shown = "\n".join(search).encode()[:_SHOWN_BYTES].decode(errors="ignore")
    if found:
        raise FormatError(
            f"The SEARCH part of edit {number} occurs {len(found)} times in the file, take more "
            f"lines around it:\n{shown}"
        )
    raise FormatError(
        f"The SEARCH part of edit {number} is not in the file, copy the lines as they are:\n{shown}"
    )


def _places(search: Sequence[str], lines: Sequence[str]) -> list[int]:
    wanted = list(search)
    last = len(lines) - len(wanted)
    return [at for at in range(last + 1) if list(lines[at : at + len(wanted)]) == wanted]


def _plain(line: str) -> str:
    return " ".join(line.split())
