"""What one iteration of a merging loop moves: elements stored or pushed, and positions stepped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from parallel_agent.proposers.rules import calls, syntax
from parallel_agent.proposers.rules.merge_loops import stepped_index
from parallel_agent.proposers.rules.strategy import NotApplicable
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values

_PUSHES = ("push_back",)


@dataclass(frozen=True)
class Move:
    """One element written: ``target`` as text without steps, "" for what is pushed to the end."""

    output: Any
    target: str
    value: str
    position: str
    """Key of the variable that the target is subscripted with; "" for what is pushed."""


@dataclass
class Moves:
    """One iteration; variables are given by their keys."""

    moves: list[Move] = field(default_factory=list)
    stepped: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    """All variables that the values moved are made of."""

    @property
    def written(self) -> set[str]:
        """The variables whose elements are written."""
        return {syntax.key(move.output) for move in self.moves}

    def same(self, other: Moves) -> bool:
        """True if another iteration moves the same, and steps the same."""
        steps = sorted(self.stepped) == sorted(other.stepped)
        return steps and self.moves == other.moves


def chosen_parts(node: Any) -> list[Any]:
    """The conditional operators in a statement."""
    return [part for part in syntax.walk(node) if part.kind == Kind.CONDITIONAL_OPERATOR]


def moves_of(statements: Iterable[Any], values: Values, chosen: dict[Any, Any]) -> Moves:
    """The moves of some statements; NotApplicable if they do anything else.

    ``chosen`` are the conditional operators in them (by place), with the operand that counts.
    """
    found = Moves()
    for statement in statements:
        _read_statement(statement, values, chosen, found)
    return found


def place(node: Any) -> tuple[int, int]:
    """The bytes of a cursor, which stand for it."""
    return node.extent.start.offset, node.extent.end.offset


def _read_statement(statement: Any, values: Values, chosen: dict[Any, Any], found: Moves) -> None:
    node = syntax.strip(statement)
    if syntax.binary_operator(node) == ",":
        for part in syntax.children(node):
            _read_statement(part, values, chosen, found)
        return
    name = stepped_index(node)
    if name is not None:
        found.stepped.append(name)
        return
    parts = _assignment(node)
    if parts is not None:
        target, value = parts
        move = _stored(target, _operand(value, chosen), values, found)
    elif node.kind == Kind.CALL_EXPR and syntax.callee_name(node) in _PUSHES:
        move = _pushed(node, values, chosen, found)
    else:
        raise NotApplicable(f"line {syntax.line(statement)} does more than move an element")
    found.moves.append(move)


def _assignment(node: Any) -> tuple[Any, Any] | None:
    """Both sides of ``=``, also between plain structs and standard types."""
    if syntax.binary_operator(node) == "=":
        target, value = syntax.children(node)
        return target, value
    if node.kind == Kind.CALL_EXPR and syntax.callee_name(node) == "operator=":
        parts = list(node.get_arguments())
        standard = syntax.in_namespace_std(node.referenced)
        if len(parts) == 2 and (parts[0].type.get_canonical().is_pod() or standard):
            return parts[0], parts[1]
    return None


def _operand(value: Any, chosen: dict[Any, Any]) -> Any:
    node = syntax.strip(value)
    return chosen.get(place(node), node)


def _stored(target: Any, value: Any, values: Values, found: Moves) -> Move:
    lookup = syntax.strip(target)
    while lookup.kind == Kind.MEMBER_REF_EXPR and syntax.children(lookup):
        lookup = syntax.strip(syntax.children(lookup)[0])
    base, index = subscript(lookup)
    position = syntax.strip(index)
    if syntax.unary_operator(position) == "++":
        position = syntax.strip(syntax.children(position)[0])
    if not syntax.is_variable(base) or not syntax.is_variable(position):
        raise NotApplicable(f"line {syntax.line(target)} stores elsewhere")
    key = syntax.key(position.referenced)
    shown = _text((target,), values, found)
    text = _text((value,), values, found)
    found.read |= syntax.variables(value)
    return Move(base.referenced, shown, text, key)


def _pushed(node: Any, values: Values, chosen: dict[Any, Any], found: Moves) -> Move:
    owner = syntax.receiver(node)
    arguments = list(node.get_arguments())
    container = syntax.strip(owner) if owner is not None else None
    if container is None or not syntax.is_variable(container) or len(arguments) != 1:
        raise NotApplicable(f"line {syntax.line(node)} does more than move an element")
    value = _operand(arguments[0], chosen)
    text = _text((value,), values, found)
    found.read |= syntax.variables(value)
    return Move(container.referenced, "", text, "")


def _text(nodes: tuple[Any, ...], values: Values, found: Moves) -> str:
    """The text without its steps, which are noted; nothing named may have been stepped before."""
    text = ""
    for node in nodes:
        raw, start = values.text(node).encode(), node.extent.start.offset
        steps = [n for n in syntax.walk(node) if syntax.unary_operator(n) in ("++", "--")]
        if syntax.variables(node) & set(found.stepped):
            raise NotApplicable(f"line {syntax.line(node)} uses a position after it stepped on")
        for step in sorted(steps, key=lambda n: -n.extent.start.offset):
            name = stepped_index(step)
            operand = syntax.children(step)[0]
            behind = operand.extent.start.offset == step.extent.start.offset
            uses = [n for n in syntax.walk(node) if syntax.is_variable(n)]
            if name is None or not behind:
                raise NotApplicable(f"line {syntax.line(step)} steps on in another way")
            if sum(syntax.key(use.referenced) == name for use in uses) != 1:
                raise NotApplicable(f"line {syntax.line(step)} uses what it steps on")
            a, b = operand.extent.end.offset - start, step.extent.end.offset - start
            raw = raw[:a] + raw[b:]
            found.stepped.append(name)
        if not pure(node, steps):
            raise NotApplicable(f"line {syntax.line(node)} does more than read an element")
        text += "".join(raw.decode().split())
    return text


def pure(node: Any, allowed: Iterable[Any] = ()) -> bool:
    """True for an expression that changes nothing, but for the steps that are allowed."""
    steps = [place(step) for step in allowed]
    for part in node.walk_preorder():
        if part.kind in (Kind.LAMBDA_EXPR, Kind.CXX_THROW_EXPR, Kind.CXX_NEW_EXPR):
            return False
        if syntax.binary_operator(part) in (*syntax.ASSIGNMENTS, ","):
            return False
        if syntax.unary_operator(part) in ("++", "--", "&") and place(part) not in steps:
            return False
        if part.kind == Kind.CALL_EXPR and calls.objection_to(part):
            return False
    return True


def subscript(node: Any) -> tuple[Any, Any]:
    """Base and index of ``x[i]``; NotApplicable for anything else."""
    if node.kind == Kind.ARRAY_SUBSCRIPT_EXPR:
        base, index = syntax.children(node)
        return syntax.strip(base), index
    if node.kind == Kind.CALL_EXPR and syntax.callee_name(node) == "operator[]":
        parts = list(node.get_arguments())
        if len(parts) == 2:
            return syntax.strip(parts[0]), parts[1]
        children = syntax.children(node)
        return syntax.strip(children[0]), children[-1]
    raise NotApplicable(f"line {syntax.line(node)} is no element of an array")
