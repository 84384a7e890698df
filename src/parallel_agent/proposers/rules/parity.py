"""Whether integer expressions are even or odd, and tests of it such as ``(i + j) % 2 == colour``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.loops import Loop
from parallel_agent.proposers.rules.polynomials import Polynomial, Symbol
from parallel_agent.proposers.rules.subscripts import number
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values

Parity = frozenset[Symbol | int]
"""The symbols whose sum is odd where the expression is; 1 in it adds one."""


@dataclass(frozen=True)
class ParityTest:
    """A condition that holds if and only if an expression is odd."""

    odd: Parity


def parity(node: Any, values: Values) -> Parity | None:
    """What an expression's parity is the sum of; None if it is not a sum of known parities."""
    node = syntax.strip(node, casts=True)
    operator = syntax.binary_operator(node)
    if operator in ("%", "&"):
        left, right = syntax.children(node)
        return parity(left, values) if number(right) == {"%": 2, "&": 1}[operator] else None
    if operator in ("+", "-", "^"):
        first, second = (parity(part, values) for part in syntax.children(node))
        return first ^ second if first is not None and second is not None else None
    value = values.polynomial(node)
    return _of_polynomial(value) if value is not None else None


def _of_polynomial(value: Polynomial) -> Parity | None:
    odd: set[Symbol | int] = set()
    for monomial, factor in value.terms:
        if factor % 2 == 0:
            continue
        if len(monomial) > 1:
            return None
        odd ^= set(monomial) or {1}
    return frozenset(odd)


def parity_test(condition: Any, values: Values, around: list[Loop]) -> ParityTest | None:
    """``e % 2 == c``, ``(e & 1) != c`` and ``e % 2`` alone, where e is not negative and c is 0 or 1.

    ``around`` are the loops around; their variables are taken to lie within their bounds.
    """
    node = syntax.strip(condition)
    operator = syntax.binary_operator(node)
    if operator not in ("==", "!="):
        odd = _remainder(node, values, around)
        return ParityTest(odd) if odd is not None else None
    left, right = syntax.children(node)
    if _remainder(left, values, around) is None:
        left, right = right, left
    odd = _remainder(left, values, around)
    other = parity(right, values)
    if odd is None or other is None or not _zero_or_one(right, values, around):
        return None
    flipped: Parity = frozenset({1}) if operator == "==" else frozenset()
    return ParityTest(odd ^ other ^ flipped)


def _remainder(node: Any, values: Values, around: list[Loop]) -> Parity | None:
    """The parity of e in ``e % 2`` and ``e & 1``, whose value is then 0 or 1."""
    node = syntax.strip(node, casts=True)
    operator = syntax.binary_operator(node)
    if operator not in ("%", "&"):
        return None
    left, _ = syntax.children(node)
    value = values.polynomial(left)
    if operator == "%" and (value is None or not _never_negative(value, left, around)):
        return None
    return parity(node, values)


def _never_negative(value: Polynomial, node: Any, around: list[Loop]) -> bool:
    if "unsigned" in syntax.bare_type(syntax.strip(node).type):
        return True
    counted = {loop.variable: loop.lower for loop in around}
    lowest = (counted.get(symbol) for symbol in value.symbols)
    return value.never_negative() and all(
        low is not None and low.value is not None and low.value >= 0 for low in lowest
    )


def _zero_or_one(node: Any, values: Values, around: list[Loop]) -> bool:
    """True for 0, 1, the remainder of a division by two, and a loop's variable in these bounds."""
    if number(node) in (0, 1) or _remainder(node, values, around) is not None:
        return True
    node = syntax.strip(node, casts=True)
    if not syntax.is_variable(node) or node.kind != Kind.DECL_REF_EXPR:
        return False
    value = values.polynomial(node)
    if value is not None and value.value in (0, 1):
        return True
    for loop in around:
        if (
            loop.declaration == node.referenced
            and loop.lower is not None
            and loop.upper is not None
        ):
            low, high = loop.lower.value, loop.upper.value
            return low is not None and high is not None and low >= 0 and high <= 1
    return False
