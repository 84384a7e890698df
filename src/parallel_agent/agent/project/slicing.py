"""What of a flattened file the kernel needs: the rest would ask for other files to link with.

A static slice in the sense of M. Weiser (Program slicing, ICSE 1981), by whole declarations: types,
templates, macros and includes stay, functions and variables that the kernel cannot reach go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from parallel_agent.agent.project.flattening import Line, text_of
from parallel_agent.kernel.declared import parsed_or_declared
from parallel_agent.kernel.parsing import FILE_NAME

_SCOPES = ("NAMESPACE", "LINKAGE_SPEC", "UNEXPOSED_DECL")
_PRUNED = ("FUNCTION_DECL", "CXX_METHOD", "CONSTRUCTOR", "VAR_DECL")


def sliced(lines: Sequence[Line], kernel: str | None) -> tuple[list[Line], str, str]:
    """The lines that a kernel needs, its whole name, and why no program of ours can call it, if so.

    Raises SourceError as `parse`.
    """
    parsed = parsed_or_declared(text_of(lines), kernel)
    declared = list(_declarations(parsed.unit.cursor))
    pruned = {_key(cursor): cursor for cursor in declared if _may_go(cursor)}
    roots = [cursor for cursor in declared if _key(cursor) not in pruned]
    reached: set[tuple[str, int]] = set()
    frontier = [*roots, parsed.function]
    while frontier:
        cursor = frontier.pop()
        if _key(cursor) in reached:
            continue
        reached.add(_key(cursor))
        frontier += _references(cursor, pruned)
    gone = {
        number
        for key, cursor in pruned.items()
        if key not in reached
        for number in _own_lines(cursor, lines)
    }
    kept = [line for number, line in enumerate(lines, start=1) if number not in gone]
    return _tidied(kept), parsed.kernel.name, parsed.kernel.unsupported


def _tidied(lines: Sequence[Line]) -> list[Line]:
    """Without empty lines at the top, and without more than one in a row."""
    blank = [not line.text.strip() for line in lines]
    after_text = [False, *(not empty for empty in blank)]
    return [
        line
        for line, empty, follows in zip(lines, blank, after_text, strict=False)
        if follows or not empty
    ]


def _declarations(cursor: Any) -> Iterator[Any]:
    for child in cursor.get_children():
        if child.location.file is None or child.location.file.name != FILE_NAME:
            continue
        if child.kind.name in _SCOPES:
            yield from _declarations(child)
        else:
            yield child


def _may_go(cursor: Any) -> bool:
    """A definition that the linker would see."""
    return cursor.kind.name in _PRUNED and bool(cursor.is_definition())


def _key(cursor: Any) -> tuple[str, int]:
    return (cursor.get_usr(), cursor.extent.start.offset)


def _references(cursor: Any, pruned: dict[tuple[str, int], Any]) -> Iterator[Any]:
    """The definitions that a declaration names anywhere in it."""
    for node in cursor.walk_preorder():
        referenced = node.referenced
        if referenced is None:
            continue
        definition = referenced.get_definition()
        if definition is not None and _key(definition) in pruned:
            yield definition


def _own_lines(cursor: Any, lines: Sequence[Line]) -> Sequence[int]:
    """The lines of a declaration, from 1; none where it shares one of them with something else."""
    start, end = cursor.extent.start, cursor.extent.end
    before = lines[start.line - 1].text.encode()[: start.column - 1].decode()
    after = lines[end.line - 1].text.encode()[end.column - 1 :].decode().strip()
    alone = after in ("", ";") or after.startswith(("//", "; //"))
    return range(start.line, end.line + 1) if not before.strip() and alone else ()
