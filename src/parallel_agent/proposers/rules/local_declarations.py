"""Variables declared at the top of a function, as in C, move to where their values live.

A variable that is set before it is read in each iteration carries nothing from one to the next: declared
inside, it is private without saying so, and its first value is what the analysis can follow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from clang import cindex

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.blocks import (
    GOTOS,
    Blocks,
    handed_on,
    sets,
    starts_by_setting,
    uses,
)
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.syntax import Kind

_KEPT = re.compile(r"\b(const|constexpr|static|extern|register|volatile|thread_local|auto)\b")
_POINTEE = re.compile(r"^const\b(?=.*\*\s*$)")
_GAP = re.compile(rb"\{[ \t]*\n([ \t]*\n)+")
_PLAIN = (*syntax.CASTS, Kind.DECL_REF_EXPR, Kind.INTEGER_LITERAL, Kind.FLOATING_LITERAL)
_HARMLESS = (*_PLAIN, Kind.UNEXPOSED_EXPR, Kind.PAREN_EXPR, Kind.BINARY_OPERATOR, Kind.TYPE_REF)
"""What a variable's first value may consist of to be left out where nobody reads it."""


@dataclass(frozen=True)
class Declared:
    """One variable of a declaration: ``type text`` declares it, ``head`` without its first value."""

    variable: Any
    type: str
    text: str
    head: str


def declared_by(statement: Any, edits: Edits) -> list[Declared]:
    """The numbers and pointers that a declaration declares; none if it holds anything else."""
    variables = syntax.children(statement)
    if statement.kind != Kind.DECL_STMT or any(v.kind != Kind.VAR_DECL for v in variables):
        return []
    start, at = variables[0].extent.start.offset, variables[0].location.offset
    written = edits.between(start, at)
    type_ = written.rstrip(" \t\n*")
    if _KEPT.search(_POINTEE.sub("", written)):
        return []
    found: list[Declared] = []
    end = start + len(type_.encode())
    for variable in variables:
        text = edits.between(end, variable.extent.end.offset).lstrip(", \t\n")
        end = variable.extent.end.offset
        shape = re.fullmatch(rf"([*\s]*{re.escape(variable.spelling)})(\s*=.*)?", text, re.DOTALL)
        number = syntax.is_arithmetic(variable.type) or syntax.is_pointer(variable.type)
        if shape is None or not number or syntax.is_reference(variable.type):
            return []
        head = f"{type_} {shape[1]}" if found else f"{written}{variable.spelling}"
        found.append(Declared(variable, type_, text, head))
    return found


def declaration_without(found: list[Declared], gone: list[Declared]) -> str:
    """What is left of a declaration, without its semicolon."""
    kept = [declared for declared in found if declared not in gone]
    return f"{kept[0].type} {', '.join(declared.text for declared in kept)}"


def localized(parsed: ParsedSource) -> tuple[str, list[str]]:
    """The source with declarations where the values live, and the names of what was moved.

    What nothing uses is left out.
    """
    source, edits = parsed.kernel.source, Edits(parsed.kernel.source)
    nodes = list(parsed.function.walk_preorder())
    if any(node.kind in GOTOS for node in nodes):
        return source, []
    blocks = Blocks(parsed.function)
    moved: list[str] = []
    for statement in nodes:
        found = declared_by(statement, edits) if statement.kind == Kind.DECL_STMT else []
        block = blocks.parent(statement)
        if not found or block is None or block.kind != Kind.COMPOUND_STMT:
            continue
        places = {
            declared.variable.spelling: _places(declared.variable, blocks, block, nodes, edits)
            for declared in found
        }
        gone = [declared for declared in found if places[declared.variable.spelling] is not None]
        for declared in gone:
            starts = places[declared.variable.spelling] or []
            for place in starts:
                edits.replace(syntax.children(place)[0], declared.head)
            moved += [declared.variable.spelling] if starts else []
        shorten(statement, found, gone, edits)
    return _without_gap(source, edits.apply(), blocks.function), moved


def _without_gap(source: str, text: str, function: Any) -> str:
    """No empty line at the start of a function that did not start with one."""
    start = syntax.children(function)[-1].extent.start.offset
    before, after = source.encode()[start:], text.encode()[start:]
    gap = _GAP.match(after)
    if gap is None or _GAP.match(before):
        return text
    return text.encode()[:start].decode() + "{\n" + after[gap.end() :].decode()


def shorten(statement: Any, found: list[Declared], gone: list[Declared], edits: Edits) -> None:
    """Leave variables out of the declaration that declares them."""
    if gone and len(gone) == len(found):
        edits.remove_statement(statement)
    elif gone:
        start, end = statement.extent.start.offset, statement.extent.end.offset
        end -= edits.between(start, end).endswith(";")
        edits.replace_range(start, end, declaration_without(found, gone))


def _places(
    variable: Any, blocks: Blocks, block: Any, nodes: list[Any], edits: Edits
) -> list[Any] | None:
    """The assignments that can declare a variable; None where a value is read beyond one of them."""
    name = syntax.key(variable)
    namesakes = [
        n
        for n in nodes
        if n.kind == Kind.VAR_DECL and n.spelling == variable.spelling and not blocks.in_header(n)
    ]
    if variable.storage_class not in (cindex.StorageClass.NONE, cindex.StorageClass.AUTO):
        return None
    if len(namesakes) > 1 or edits.in_directive(variable.spelling):
        return None
    value = syntax.initializer(variable)
    if value is not None and not all(n.kind in _HARMLESS for n in syntax.walk(value)):
        return None
    used = list(uses(block, name))
    if not used or any(map(handed_on, used)):
        return None if used else []
    places: list[Any] = []
    if not _collect(block, name, places):
        return None
    if value is not None and not any(blocks.in_loop(place, block) for place in places):
        return None
    written = [edits.text(syntax.children(place)[0]) for place in places]
    return places if all(text == variable.spelling for text in written) else None


def _collect(block: Any, name: str, places: list[Any]) -> bool:
    """Add the assignments of a block that no read precedes; False where a value comes from before."""
    for statement in block.get_children():
        declares = any(
            child.kind == Kind.VAR_DECL and syntax.key(child) == name
            for child in statement.get_children()
        )
        if statement.kind == Kind.DECL_STMT and declares:
            if len(list(uses(statement, name))) > 0:
                return False
            continue
        if next(uses(statement, name), None) is None:
            continue
        if sets(statement, name):
            places.append(statement)
            return True  # it stands for the rest of the block
        if not _inside(statement, name, places):
            return False
    return True


def _inside(statement: Any, name: str, places: list[Any]) -> bool:
    parts = syntax.children(statement)
    if starts_by_setting(statement, name):
        places.append(parts[0])
        return True
    if statement.kind == Kind.COMPOUND_STMT:
        return _collect(statement, name, places)
    nested = (Kind.COMPOUND_STMT, Kind.IF_STMT, *syntax.LOOP_KINDS)
    if statement.kind not in nested:
        return False
    using = [part for part in parts if next(uses(part, name), None) is not None]
    return all(part.kind in nested and _inside(part, name, places) for part in using)
