"""Conditions and values of filters that can be worked out without a branch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.short_cuts import without_short_cuts
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values


def combined(tests: list[tuple[Any, bool]], known: set[str], values: Values) -> str:
    """One expression that tells whether an element stays, without short-circuits if possible."""
    plain = all(harmless(test) and subscripts(test, values) <= known for test, _ in tests)
    texts: list[str] = []
    for test, holds in tests:
        for operand, wanted in _operands(test, holds) if plain else [(test, holds)]:
            free = without_short_cuts(operand, values) if plain else None
            texts.append(f"{'' if wanted else '!'}{free or _as_bool(operand, values)}")
    joined = (" & " if plain else " && ").join(texts)
    if len(texts) == 1 and joined.startswith("(") and _closes_at_end(joined):
        return joined[1:-1]
    return joined


def _operands(test: Any, holds: bool) -> list[tuple[Any, bool]]:
    """What has to hold, or not to hold, all of it, for a condition to be what it should be."""
    bare = syntax.strip(test)
    if syntax.unary_operator(bare) == "!":
        return _operands(syntax.children(bare)[0], not holds)
    if syntax.binary_operator(bare) == ("&&" if holds else "||"):
        return [found for part in syntax.children(bare) for found in _operands(part, holds)]
    return [(bare, holds)]


def _as_bool(test: Any, values: Values) -> str:
    text = f"({values.text(test)})"
    return text if syntax.bare_type(syntax.strip(test).type) == "bool" else f"({text} != 0)"


def _closes_at_end(text: str) -> bool:
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return at == len(text) - 1
    return False


def harmless(value: Any) -> bool:
    """True for what can be worked out for any element: it calls nothing unknown and does not trap."""
    for node in syntax.walk(value):
        if node.kind == Kind.CALL_EXPR and not syntax.is_constructor(node):
            known = node.referenced is not None and syntax.in_namespace_std(node.referenced)
            if not known or node.spelling in ("at", "front", "back", "stoi"):
                return False
        if _may_trap(node) or node.kind == Kind.LAMBDA_EXPR:
            return False
        if syntax.unary_operator(node) == "*":
            return False
        owner = next(iter(node.get_children()), None)
        if (
            node.kind == Kind.MEMBER_REF_EXPR
            and owner is not None
            and syntax.is_pointer(owner.type)
        ):
            return False
    return True


def _may_trap(node: Any) -> bool:
    """True for a division of integers by what could be 0."""
    if syntax.binary_operator(node) not in ("/", "%") or not syntax.is_integer(node.type):
        return False
    divisor = syntax.strip(syntax.children(node)[1])
    tokens = [token.spelling for token in divisor.get_tokens()]
    return divisor.kind != Kind.INTEGER_LITERAL or tokens[:1] == ["0"]


def is_subscript(node: Any) -> bool:
    """True for ``x[i]``."""
    called = node.kind == Kind.CALL_EXPR and syntax.callee_name(node) == "operator[]"
    return called or node.kind == Kind.ARRAY_SUBSCRIPT_EXPR


def subscripts(node: Any, values: Values) -> set[str]:
    """The texts of all subscripts in an expression."""
    return {values.text(n) for n in syntax.walk(node) if is_subscript(n)}


def unconditional(node: Any) -> Iterator[Any]:
    """What is evaluated whatever an expression's conditions say."""
    yield node
    parts = syntax.children(node)
    if syntax.binary_operator(node) in ("&&", "||") or node.kind == Kind.CONDITIONAL_OPERATOR:
        parts = parts[:1]
    for part in parts:
        if part.kind != Kind.LAMBDA_EXPR:
            yield from unconditional(part)
