"""Mutations of what a kernel computes: constants, operators, functions, and compositions of them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.syntax import (
    ASSIGNMENTS,
    Kind,
    binary_operator,
    children,
    is_arithmetic,
    is_integer,
    walk,
)

Mutation = Callable[[ParsedSource, random.Random], tuple[str, str] | None]
"""The new source and what was done, in short; None where there is nothing to do it to."""

_LITERAL = re.compile(r"(?<![\w.])(\d+\.\d*(?:e[-+]?\d+)?|\d+e[-+]?\d+)(f?)(?![\w.])")
_PLAIN = {"0.0", "1.0", "0.", "1."}
_SWAPS = (
    ("std::max(", "std::min("),
    ("std::min(", "std::max("),
    ("std::sin(", "std::cos("),
    ("std::cos(", "std::sin("),
    ("std::fabs(", "std::sqrt(1.0 + std::fabs("),
)
_WRAPS = (
    "std::tanh({})",
    "std::sqrt(std::abs({}))",
    "std::atan({})",
    "std::abs({})",
    "{c} * ({})",
    "({}) + {c}",
)


def constants(parsed: ParsedSource, rng: random.Random) -> tuple[str, str] | None:
    """One floating-point constant made larger or smaller."""
    source = parsed.kernel.source
    found = [m for m in _LITERAL.finditer(source) if m[1] not in _PLAIN]
    if not found:
        return None
    chosen = rng.choice(found)
    changed = f"{float(chosen[1]) * rng.choice((0.5, 0.75, 0.9, 1.1, 1.25, 1.5)):.4g}"
    if not set(changed) & set(".e"):
        changed += ".0"
    text = source[: chosen.start()] + changed + chosen[2] + source[chosen.end() :]
    return text, f"{chosen[1]} as {changed}"


def comparisons(parsed: ParsedSource, rng: random.Random) -> tuple[str, str] | None:
    """A comparison in a condition turned around, or made strict or not strict."""
    places = [
        node
        for choice in _everywhere(parsed)
        if choice.kind in (Kind.IF_STMT, Kind.CONDITIONAL_OPERATOR)
        for node in walk(children(choice)[0])
        if binary_operator(node) in ("<", ">", "<=", ">=")
    ]
    if not places:
        return None
    node = rng.choice(places)
    old = binary_operator(node)
    new = rng.choice([mark for mark in ("<", ">", "<=", ">=") if mark != old])
    return _with_operator(parsed, node, old, new)


def arithmetic(parsed: ParsedSource, rng: random.Random) -> tuple[str, str] | None:
    """A sum of floating-point numbers as a difference, or the other way around."""
    places = [n for n in _everywhere(parsed) if binary_operator(n) in ("+", "-") and _is_real(n)]
    if not places:
        return None
    node = rng.choice(places)
    old = binary_operator(node)
    return _with_operator(parsed, node, old, "-" if old == "+" else "+")


def functions(parsed: ParsedSource, rng: random.Random) -> tuple[str, str] | None:
    """A call of one standard function as that of another."""
    source = parsed.kernel.source
    found = [(old, new) for old, new in _SWAPS if old in source and new.count("(") == 1]
    if not found:
        return None
    old, new = rng.choice(found)
    places = [m.start() for m in re.finditer(re.escape(old), source)]
    at = rng.choice(places)
    return source[:at] + new + source[at + len(old) :], f"{old[:-1]} as {new[:-1]}"


def compositions(parsed: ParsedSource, rng: random.Random) -> tuple[str, str] | None:
    """What is stored or added up, put through one more function."""
    places = [
        node
        for loop in _everywhere(parsed)
        if loop.kind in (Kind.FOR_STMT, Kind.CXX_FOR_RANGE_STMT, Kind.WHILE_STMT)
        for node in walk(children(loop)[-1])
        if binary_operator(node) in ("=", "+=") and _is_real(node)
    ]
    if not places:
        return None
    edits, value = Edits(parsed.kernel.source), children(rng.choice(places))[1]
    constant = f"{rng.uniform(0.3, 2.0):.2f}{'f' if 'float' in value.type.spelling else ''}"
    wrap = rng.choice(_WRAPS)
    edits.replace(value, wrap.format(edits.text(value), c=constant))
    edits.add_include("cmath")
    return edits.apply(), f"through {wrap.format('x', c=constant)}"


def _everywhere(parsed: ParsedSource) -> Iterator[Any]:
    """Every node of the file's functions, lambdas too."""
    for top in parsed.unit.cursor.get_children():
        if top.kind == Kind.FUNCTION_DECL and top.location.file is not None:
            name = top.location.file.name
            if name == parsed.function.location.file.name:
                yield from _deep(top)


def _deep(node: Any) -> Iterator[Any]:
    yield node
    for child in node.get_children():
        yield from _deep(child)


def _is_real(node: Any) -> bool:
    sides = children(node)
    return len(sides) == 2 and all(is_arithmetic(s.type) and not is_integer(s.type) for s in sides)


def _with_operator(parsed: ParsedSource, node: Any, old: str, new: str) -> tuple[str, str] | None:
    left, right = children(node)
    edits = Edits(parsed.kernel.source)
    start, end = left.extent.end.offset, right.extent.start.offset
    between = edits.between(start, end)
    if between.count(old) != 1 or old in ASSIGNMENTS:
        return None
    edits.replace_range(start, end, between.replace(old, new))
    return edits.apply(), f"{old} as {new} in line {node.extent.start.line}"
