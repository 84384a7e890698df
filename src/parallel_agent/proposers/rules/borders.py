"""Where a grid has borders: the part of its loops in which tests of the position are decided.

A comparison of positions is a polynomial that must not be negative. Inside, at a fixed distance
from the first and last iteration of each loop, it has the same sign everywhere; that distance is
the width of the border (index set splitting; M. Wolfe: High Performance Compilers for Parallel
Computing, 1996, section 9.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport
from parallel_agent.proposers.rules.loops import Loop
from parallel_agent.proposers.rules.polynomials import ONE, Polynomial, Symbol
from parallel_agent.proposers.rules.syntax import Kind

_WIDEST = 64
"""Wider borders are no borders."""
_FEW = 32
"""The longest loop over neighbours: offsets, not positions."""


@dataclass
class Axis:
    """A loop over positions, and how many of its first and last iterations see the border."""

    report: LoopReport
    symbol: Symbol
    lower: Polynomial
    end: Polynomial
    low: int = 0
    high: int = 0


@dataclass(frozen=True)
class _Bound:
    """What must hold for a polynomial not to be negative: so many iterations are border."""

    axis: Axis
    low: int = 0
    high: int = 0

    def widen(self) -> None:
        self.axis.low = max(self.axis.low, self.low)
        self.axis.high = max(self.axis.high, self.high)


class Interior:
    """The iterations of a nest around ``inner`` in which tests of the position are decided.

    Asking for the truth of a test widens the border so that the answer holds in the interior.
    """

    def __init__(self, analysis: Analysis, inner: LoopReport) -> None:
        self._values = analysis.values
        self.inner = inner
        self.offsets = [nested.loop for nested in reversed(list(inner.nest())[1:])]
        nest = (*inner.outer, inner)
        self._varying = nest[0].effects.declared | set(nest[0].effects.written())
        found = [axis for report in nest if (axis := _axis(report)) is not None]
        names = {axis.symbol.name for axis in found}
        self.axes = [axis for axis in found if self._fixed(axis.lower + axis.end, names)]

    @property
    def positions(self) -> Axis | None:
        """The axis of the innermost loop."""
        return next((axis for axis in self.axes if axis.report is self.inner), None)

    def has_border(self) -> bool:
        """True if some test of the position was decided."""
        return any(axis.low or axis.high for axis in self.axes)

    def truth(self, condition: Any) -> bool | None:
        """What a condition is everywhere in the interior; None if it is not the same everywhere."""
        node = syntax.strip(condition)
        operator = syntax.binary_operator(node)
        if syntax.unary_operator(node) == "!":
            inner = self.truth(syntax.children(node)[0])
            return None if inner is None else not inner
        if operator in ("&&", "||"):
            left, right = syntax.children(node)
            first = self.truth(left)
            decided = operator == "||"
            return first if first is None or first == decided else self.truth(right)
        if operator in ("<", "<=", ">", ">=", "==", "!="):
            return self._comparison(node, operator)
        return None

    def never_negative(self, *polynomials: Polynomial) -> bool:
        """True if none of the polynomials is negative in the interior, which may shrink for it."""
        bounds = [self._bound(polynomial) for polynomial in polynomials]
        if any(bound is None for bound in bounds):
            return False
        for bound in bounds:
            if isinstance(bound, _Bound):
                bound.widen()
        return True

    def remainder(self, dividend: Polynomial, divisor: Polynomial) -> Polynomial | None:
        """What ``dividend % divisor`` is in the interior: a neighbour that does not wrap."""
        for moved in (dividend, dividend - divisor):
            if self._on_axis(moved) and self.never_negative(moved, divisor - ONE - moved):
                return moved
        return None

    def _on_axis(self, polynomial: Polynomial) -> bool:
        return any(axis.symbol in polynomial.symbols for axis in self.axes)

    def _comparison(self, node: Any, operator: str) -> bool | None:
        left, right = syntax.children(node)
        first, second = self._values.polynomial(left), self._values.polynomial(right)
        if first is None or second is None:
            return None
        unsigned = syntax.bare_type(left.type).startswith("unsigned")
        # An unsigned comparison is one of numbers only where neither side has wrapped around.
        plain = [side for side in (first, second) if unsigned and not side.never_negative()]
        distance = second - first if operator in ("<", "<=") else first - second
        less = distance - ONE if operator in ("<", ">") else distance
        ways: list[tuple[bool, Polynomial]] = [(True, less), (False, -less - ONE)]
        if operator in ("==", "!="):
            ways = [(operator == "!=", distance - ONE), (operator == "!=", -distance - ONE)]
        for truth, polynomial in ways:
            if self._on_axis(polynomial) and self.never_negative(polynomial, *plain):
                return truth
        return None

    def _bound(self, polynomial: Polynomial) -> _Bound | bool | None:
        """What keeps a polynomial from being negative; None if nothing known does."""
        least = _least(polynomial, self.offsets)
        if least is None:
            return None
        axes = [axis for axis in self.axes if axis.symbol in least.symbols]
        if not axes:
            near = [axis for axis in self.axes if _width(axis.end - ONE - least) is not None]
            if least.never_negative():
                return True
            return _Bound(near[0], high=_width(near[0].end - ONE - least) or 0) if near else None
        axis = axes[0]
        factor, rest = least.coefficient(axis.symbol), least.without(axis.symbol)
        if len(axes) > 1 or factor is None or not self._fixed(rest, set()):
            return None
        if factor.value == 1:
            low = _width(-rest - axis.lower)
            return None if low is None else _Bound(axis, low=low)
        if factor.value == -1:
            high = _width(axis.end - ONE - rest)
            return None if high is None else _Bound(axis, high=high)
        return None

    def _fixed(self, polynomial: Polynomial, names: set[str]) -> bool:
        """True if a polynomial keeps its value while the nest runs."""
        depends = {name for symbol in polynomial.symbols for name in symbol.depends}
        return not depends & (self._varying | names)


def _axis(report: LoopReport) -> Axis | None:
    loop = report.loop
    usual = loop.cursor.kind == Kind.FOR_STMT and loop.declares_variable and loop.step == ONE
    if not usual or loop.descending or loop.variable is None:
        return None
    if loop.lower is None or loop.upper is None or _is_offset(loop):
        return None
    if loop.variable.name in report.effects.written():
        return None
    return Axis(report, loop.variable, loop.lower, loop.upper + ONE)


def over_neighbours(report: LoopReport) -> bool:
    """True if all loops inside a loop are short ones of fixed length."""
    return all(_is_offset(nested.loop) for nested in list(report.nest())[1:])


def _is_offset(loop: Loop) -> bool:
    if loop.lower is None or loop.upper is None:
        return False
    length = (loop.upper - loop.lower).value
    return length is not None and length < _FEW


def _least(polynomial: Polynomial, offsets: list[Loop]) -> Polynomial | None:
    """The least value over the loops over neighbours."""
    for loop in offsets:
        assert loop.variable is not None and loop.lower is not None and loop.upper is not None
        factor = polynomial.coefficient(loop.variable)
        if factor is None or factor.value is None:
            return None
        extreme = loop.lower if factor.value >= 0 else loop.upper
        polynomial = polynomial.without(loop.variable) + factor * extreme
    return polynomial


def _width(distance: Polynomial) -> int | None:
    """A distance from the first or last iteration, if it is fixed and short."""
    value = distance.value
    return None if value is None or value > _WIDEST else max(value, 0)


def spelled(polynomial: Polynomial) -> str | None:
    """A polynomial as source text; None if one of its symbols is no plain variable or size."""
    terms = sorted(polynomial.terms, key=lambda term: (not term[0], term[1] < 0))
    text = ""
    for monomial, factor in terms:
        names = [syntax.shown(symbol.name) for symbol in monomial]
        if any(" of " in symbol.name or " at " in symbol.name for symbol in monomial):
            return None
        number = [str(abs(factor))] if abs(factor) != 1 or not names else []
        product = " * ".join([*number, *names])
        sign = "-" if factor < 0 else "+"
        text = f"{text} {sign} {product}" if text else ("-" if factor < 0 else "") + product
    return text or "0"
