"""Where a merge starts, and what it touches: positions of its own that begin at 0, arrays apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.strategy import NotApplicable
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.two_way_merges import TwoWayMerge, loop_parts
from parallel_agent.proposers.rules.values import Values

_ZERO = re.compile(r"\{?\s*0?[uUlLzZ]*\s*\}?")


@dataclass(frozen=True)
class Start:
    """The declarations that pieces have for themselves, and what could not be proved."""

    declarations: tuple[Any, ...]
    doubts: tuple[str, ...]


def start_of(merge: TwoWayMerge, block: Any, values: Values) -> Start:
    """The start of a merge; NotApplicable if it does not begin at 0, or is not by itself."""
    own = [d for d in (merge.first, merge.second, merge.position) if d is not None]
    keys = {syntax.key(d) for d in own}
    if not all(syntax.is_integer(d.type) and _is_zero(d, values) for d in own):
        raise NotApplicable("a position does not begin at 0")
    before = syntax.children(block)
    before = before[: before.index(merge.loop)]
    header = loop_parts(merge.loop).start
    found = [s for s in (*before, *([header] if header else [])) if _declared(s) & keys]
    if any(not _declared(s) <= keys for s in found) or not _all_found(found, keys):
        raise NotApplicable("a position is declared elsewhere")
    if header is not None and (header not in found or _declared(header) != _position(merge)):
        raise NotApplicable("the loop declares something else")
    if any(_used_outside(values.function, keys, (*found, *merge.statements))):
        raise NotApplicable("a position is used elsewhere")
    declarations = tuple(s for s in found if s in before)
    return Start(declarations, tuple(_overlaps(merge, keys)))


def _position(merge: TwoWayMerge) -> set[str]:
    return {syntax.key(merge.position)} if merge.position is not None else set()


def _is_zero(declaration: Any, values: Values) -> bool:
    value = syntax.initializer(declaration) if declaration.kind == Kind.VAR_DECL else None
    if value is None or syntax.keeps_value(declaration) or syntax.is_reference(declaration.type):
        return False
    text = values.text(syntax.strip(value))
    return bool(text) and _ZERO.fullmatch(text) is not None


def _declared(statement: Any) -> set[str]:
    if statement.kind != Kind.DECL_STMT:
        return set()
    return {syntax.key(child) for child in syntax.children(statement)}


def _all_found(statements: list[Any], keys: set[str]) -> bool:
    return set().union(*map(_declared, statements)) == keys if statements else False


def _used_outside(function: Any, keys: set[str], inside: tuple[Any, ...]) -> Iterator[bool]:
    for node in function.walk_preorder():
        if syntax.is_variable(node) and syntax.key(node.referenced) in keys:
            yield not any(syntax.contains(statement, node) for statement in inside)


def _overlaps(merge: TwoWayMerge, keys: set[str]) -> Iterator[str]:
    """Why what is written may be what is read; NotApplicable where it is, or is no array."""
    outputs = merge.outputs
    read = {
        n.referenced.spelling: n.referenced
        for statement in merge.statements
        for n in syntax.walk(statement)
        if syntax.is_variable(n) and syntax.key(n.referenced) not in keys | set(outputs)
    }
    moved = merge.moves[0].read | merge.moves[1].read
    if (moved | syntax.variables(merge.comparison)) & set(outputs):
        raise NotApplicable("what is written is read")
    if merge.position is None:
        _check_pushed(merge)
    for output in outputs.values():
        type_ = syntax.bare_type(output.type)
        owned = type_.startswith("std::vector<") and not type_.startswith("std::vector<bool")
        if not owned and not syntax.is_pointer(output.type) and "std::span<" not in type_:
            raise NotApplicable("elements are stored in something else")
        local = output.kind == Kind.VAR_DECL
        if local and (syntax.is_reference(output.type) or not owned):
            raise NotApplicable("what is written may be known by another name")
        if not owned:
            yield f"{output.spelling} could overlap with what is merged into it"
    for variable in read.values():
        if variable.kind == Kind.VAR_DECL and _is_view(variable):
            yield f"{variable.spelling} could be a part of what is written"


def _is_view(variable: Any) -> bool:
    """True for a local name of memory that another variable may name, too."""
    type_ = variable.type
    return syntax.is_reference(type_) or syntax.is_pointer(type_) or "span<" in type_.spelling


def _check_pushed(merge: TwoWayMerge) -> None:
    (output,) = merge.outputs.values() if len(merge.outputs) == 1 else (None,)
    if output is None or any(len(found.moves) != 1 for found in merge.moves):
        raise NotApplicable("more than one element is pushed")
    type_ = output.type.get_canonical()
    type_ = type_.get_pointee() if syntax.is_reference(type_) else type_
    element = type_.get_template_argument_type(0)
    if not syntax.bare_type(type_).startswith("std::vector<") or not element.is_pod():
        raise NotApplicable("room for such elements cannot be made beforehand")
    if any(syntax.key(output) in syntax.variables(bound) for _, bound in merge.bounds):
        raise NotApplicable("the result's size is looked at")
