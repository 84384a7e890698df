"""What the comparison handed to a sort looks at, and how it is written without branches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.syntax import Kind

_COMPARISONS = ("<", ">", "<=", ">=", "==", "!=")
_SHORT_CIRCUITS = ("&&", "||")
_BITWISE = {"&&": "&", "and": "&", "||": "|", "or": "|"}
_HARMLESS = (
    Kind.DECL_REF_EXPR,
    Kind.MEMBER_REF_EXPR,
    Kind.INTEGER_LITERAL,
    Kind.FLOATING_LITERAL,
    Kind.CXX_BOOL_LITERAL_EXPR,
)


@dataclass(frozen=True)
class Comparator:
    """A lambda of two parameters that tells whether the first comes before the second."""

    cursor: Any
    parameters: tuple[Any, Any]
    body: Any

    def names(self) -> tuple[str, str]:
        """The parameters' names."""
        return self.parameters[0].spelling, self.parameters[1].spelling


def comparator_of(argument: Any) -> Comparator | None:
    """The lambda that an argument is or names; None for anything else."""
    for node in argument.walk_preorder():
        if node.kind == Kind.LAMBDA_EXPR:
            return _read(node)
        if node.kind == Kind.DECL_REF_EXPR and node.referenced.kind == Kind.VAR_DECL:
            value = syntax.initializer(node.referenced)
            return comparator_of(value) if value is not None and value != argument else None
    return None


def _read(node: Any) -> Comparator | None:
    parts = syntax.children(node)
    parameters = [part for part in parts if part.kind == Kind.PARM_DECL]
    if len(parameters) != 2 or parts[-1].kind != Kind.COMPOUND_STMT:
        return None
    return Comparator(node, (parameters[0], parameters[1]), parts[-1])


def without_branches(comparator: Comparator, edits: Edits) -> bool:
    """Write ``&`` and ``|`` for ``&&`` and ``||`` between harmless comparisons.

    A processor guesses wrong at about half of the short-circuits of ``a.x < b.x || ...``, and a
    wrong guess costs more than all comparisons together. Tells whether anything was written.
    """
    found = [
        (operands, between)
        for operands in _short_circuits(comparator.body)
        if (between := _operator_between(edits, *operands)) is not None
    ]
    for operands, (start, end, operator) in found:
        edits.replace_range(start, end, f" {operator} ")
        for side in operands:
            if syntax.binary_operator(side) in (*_COMPARISONS, *_SHORT_CIRCUITS):
                edits.replace_range(side.extent.start.offset, side.extent.start.offset, "(")
                edits.replace_range(side.extent.end.offset, side.extent.end.offset, ")")
    return bool(found)


def _short_circuits(body: Any) -> Iterator[tuple[Any, Any]]:
    """The operands of the short-circuits that may as well all be evaluated."""
    for node in syntax.walk(body):
        if syntax.binary_operator(node) in _SHORT_CIRCUITS:
            left, right = syntax.children(node)
            if _harmless(left) and _harmless(right):
                yield left, right


def _harmless(node: Any) -> bool:
    """True for comparisons of numbers that are parameters, members of them, or literals."""
    node = syntax.strip(node)
    operator = syntax.binary_operator(node)
    parts = syntax.children(node)
    if operator in _SHORT_CIRCUITS:
        return all(_harmless(part) for part in parts)
    if operator not in _COMPARISONS:
        return False
    return all(_plain_value(part) for part in parts)


def _plain_value(node: Any) -> bool:
    node = syntax.strip(node)
    if node.kind not in _HARMLESS or not syntax.is_arithmetic(node.type):
        return False
    return all(_harmless_base(part) for part in node.get_children())


def _harmless_base(node: Any) -> bool:
    node = syntax.strip(node)
    if syntax.is_pointer(node.type):
        return False
    return node.kind in _HARMLESS and all(_harmless_base(part) for part in node.get_children())


def _operator_between(edits: Edits, left: Any, right: Any) -> tuple[int, int, str] | None:
    """The bytes between two operands with the operator to write there, None if it is hidden."""
    start, end = left.extent.end.offset, right.extent.start.offset
    operator = _BITWISE.get(edits.between(start, end).strip())
    return (start, end, operator) if operator else None
