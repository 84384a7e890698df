"""Recognizing ``s += e``, ``s = s + e``, ``s = std::max(s, e)``, ``if (e > s) s = e`` and the like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values

_COMPOUND = {"+=": "+", "-=": "+", "*=": "*", "&=": "&", "|=": "|", "^=": "^"}
_CHAINS = ("+", "*", "&", "|", "^", "&&", "||")
_EXTREMA = {
    "max": "max",
    "fmax": "max",
    "fmaxf": "max",
    "min": "min",
    "fmin": "min",
    "fminf": "min",
}


@dataclass(frozen=True)
class Update:
    """A place combined with a value by an associative operator (OpenMP's spelling of it)."""

    target: Any
    operator: str
    operands: tuple[Any, ...]


def update_of(node: Any, values: Values) -> Update | None:
    """The update a statement or expression makes, None if it makes none."""
    operator = syntax.binary_operator(node)
    if operator == "=":
        target, value = syntax.children(node)
        return _rewritten(target, syntax.strip(value), values)
    if operator in syntax.ASSIGNMENTS:
        target, value = syntax.children(node)
        return _compound(operator, target, value)
    if syntax.unary_operator(node) in ("++", "--"):
        return Update(syntax.children(node)[0], "+", ())
    if node.kind == Kind.CALL_EXPR and node.spelling.startswith("operator"):
        name = node.spelling.removeprefix("operator")
        arguments = list(node.get_arguments())
        if name in _COMPOUND and len(arguments) == 2 and syntax.in_namespace_std(node.referenced):
            return Update(arguments[0], _COMPOUND[name], (arguments[1],))
    if node.kind == Kind.IF_STMT:
        return _guarded(node, values)
    return None


def same(left: Any, right: Any, values: Values) -> bool:
    """True if two expressions are spelled alike."""
    first, second = (values.text(syntax.strip(node)) for node in (left, right))
    return "".join(first.split()) == "".join(second.split())


def _compound(operator: str, target: Any, value: Any) -> Update | None:
    if operator == "/=" and not syntax.is_integer(target.type):
        return Update(target, "*", (value,))  # dividing partial products by their share
    if operator in _COMPOUND:
        return Update(target, _COMPOUND[operator], (value,))
    return None


def _rewritten(target: Any, value: Any, values: Values) -> Update | None:
    """``s = s op e``, ``s = std::max(s, e)``, ``s = e > s ? e : s``."""
    if value.kind == Kind.CALL_EXPR and value.spelling in _EXTREMA:
        arguments = list(value.get_arguments())
        others = [argument for argument in arguments if not same(argument, target, values)]
        if len(arguments) == 2 and len(others) == 1:
            return Update(target, _EXTREMA[value.spelling], tuple(others))
        return None
    if value.kind == Kind.CONDITIONAL_OPERATOR:
        condition, then, otherwise = syntax.children(value)
        if same(otherwise, target, values):
            return _extremum(condition, target, then, values)
        if same(then, target, values):
            return _extremum(condition, target, otherwise, values, kept_if_true=True)
        return None
    operator = syntax.binary_operator(value)
    chain = "+" if operator == "-" else operator
    if chain not in _CHAINS:
        return None
    terms = list(_terms(value, chain))
    own = [positive for positive, term in terms if same(term, target, values)]
    if own != [True]:
        return None
    return Update(target, chain, tuple(t for _, t in terms if not same(t, target, values)))


def _terms(node: Any, chain: str, positive: bool = True) -> list[tuple[bool, Any]]:
    """The operands of a chain of one operator; False for those that are subtracted."""
    node = syntax.strip(node)
    operator = syntax.binary_operator(node)
    if operator != chain and not (chain == "+" and operator == "-"):
        return [(positive, node)]
    left, right = syntax.children(node)
    return [
        *_terms(left, chain, positive),
        *_terms(right, chain, positive == (operator != "-")),
    ]


def _guarded(node: Any, values: Values) -> Update | None:
    """``if (e > s) s = e;`` without an else."""
    parts = syntax.children(node)
    if len(parts) != 2:
        return None
    inside = syntax.statements(parts[1])
    if len(inside) != 1 or syntax.binary_operator(syntax.strip(inside[0])) != "=":
        return None
    target, value = syntax.children(syntax.strip(inside[0]))
    return _extremum(parts[0], target, value, values)


def _extremum(
    condition: Any, target: Any, value: Any, values: Values, kept_if_true: bool = False
) -> Update | None:
    condition = syntax.strip(condition)
    relation = syntax.binary_operator(condition)
    if relation not in ("<", ">", "<=", ">="):
        return None
    left, right = syntax.children(condition)
    if same(left, value, values) and same(right, target, values):
        taken_if_smaller = relation[0] == "<"
    elif same(left, target, values) and same(right, value, values):
        taken_if_smaller = relation[0] == ">"
    else:
        return None
    operator = "min" if taken_if_smaller != kept_if_true else "max"
    return Update(target, operator, (value,))
