"""Conditions whose operands may all be evaluated, whatever the first ones say."""

from __future__ import annotations

from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values

_BITWISE = {"&&": "&", "||": "|"}


def without_short_cuts(condition: Any, values: Values) -> str | None:
    """A condition that evaluates all its operands; None if evaluating one could do harm."""
    node = syntax.strip(condition)
    operator = syntax.binary_operator(node)
    if operator in _BITWISE:
        left, right = (without_short_cuts(part, values) for part in syntax.children(node))
        if left is None or right is None:
            return None
        return f"({left} {_BITWISE[operator]} {right})"
    if not harmless(node):
        return None
    text = values.text(node)
    return f"({text})" if syntax.bare_type(node.type) == "bool" else f"(({text}) != 0)"


def harmless(condition: Any) -> bool:
    """True for an expression that changes nothing and cannot trap, but for its subscripts."""
    for node in syntax.walk(condition):
        if node.kind == Kind.CALL_EXPR and node.spelling not in ("operator[]", "size"):
            return False
        if node.kind == Kind.COMPOUND_ASSIGNMENT_OPERATOR or node.kind == Kind.LAMBDA_EXPR:
            return False
        if syntax.binary_operator(node) in ("=", "/", "%", ","):
            return False
        if syntax.unary_operator(node) in ("++", "--", "*"):
            return False
    return True
