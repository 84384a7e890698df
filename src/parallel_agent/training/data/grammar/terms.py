"""Floating-point expressions, drawn to be costly enough, finite everywhere, and not all alike."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agent.training.data.grammar.sketch import Sketch

_COSTLY = (
    "std::exp(-std::abs({}))",
    "std::sqrt(std::abs({}))",
    "std::sin({})",
    "std::cos({})",
    "std::log1p(std::abs({}))",
    "std::tanh({})",
    "std::atan({})",
    "std::cbrt({})",
)


def term(sketch: Sketch, leaves: Sequence[str], depth: int = 2) -> str:
    """A cheap expression of the leaves: sums, differences and products with constants."""
    if depth == 0 or sketch.chance(0.15):
        return sketch.rng.choice(leaves)
    left = term(sketch, leaves, depth - 1)
    right = term(sketch, leaves, depth - 1)
    form = sketch.rng.choice(
        ("{a} + {b}", "{a} - {b}", "{a} * {b}", "{c} * {a} + {b}", "{c} - {a}")
    )
    return form.format(a=_bracketed(left), b=_bracketed(right), c=sketch.literal(0.2, 1.8))


def costly(sketch: Sketch, leaves: Sequence[str], calls: int = 1) -> str:
    """An expression with that many calls of mathematical functions."""
    parts = [
        sketch.rng.choice(_COSTLY).format(term(sketch, leaves, sketch.rng.choice((1, 2))))
        for _ in range(calls)
    ]
    scaled = [
        f"{sketch.literal(0.2, 2.0)} * {part}" if sketch.chance(0.5) else part for part in parts
    ]
    joined = scaled[0]
    for part in scaled[1:]:
        joined += sketch.rng.choice((" + ", " - ")) + part
    return joined


def condition(sketch: Sketch, value: str, limit: str = "") -> str:
    """A condition on a value that holds for some of all values."""
    bound = limit or sketch.literal(-0.5, 0.9)
    return f"{value} {sketch.rng.choice(('>', '<', '>=', '<='))} {bound}"


def _bracketed(text: str) -> str:
    return text if all(mark not in text for mark in (" + ", " - ")) else f"({text})"
