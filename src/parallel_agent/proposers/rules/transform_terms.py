"""Recognizing a discrete Fourier transform written as its definition, N sums of N terms."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport
from parallel_agent.proposers.rules.elimination import bound
from parallel_agent.proposers.rules.polynomials import ZERO
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.updates import update_of
from parallel_agent.proposers.rules.values import Values

_PI = re.compile(r"^(M_PI|(std::)?numbers::pi(_v<\w+>)?|(std::)?acosl?\(-1(\.0?)?[lL]?\))$")
_LITERALS = (Kind.INTEGER_LITERAL, Kind.FLOATING_LITERAL)


@dataclass(frozen=True)
class Monomial:
    """A number times powers of variables."""

    factor: float
    powers: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Transform:
    """``for k: for t: sums += term(t, cos(2 pi k t / N), sin(2 pi k t / N))``, both below N."""

    bins: LoopReport
    samples: LoopReport
    waves: dict[int, int]
    """Calls of cos, sin, polar and exp by their offset, with the sign of their angle."""
    dropped: tuple[Any, ...]
    """Declarations that only the angle needs."""
    kept: tuple[Any, ...]
    sums: tuple[Any, ...]
    """The updates ``sum += term``."""


class Angles:
    """Angles as monomials in the variables k and t of two loops."""

    def __init__(self, values: Values, counters: set[str], period: Counter[str]) -> None:
        self.values, self.counters, self.period = values, counters, period

    def sign(self, node: Any) -> int:
        """1 or -1 for an angle of one or minus one turn times k t / N, else 0."""
        angle = self.monomial(node)
        expected = Counter(dict.fromkeys(self.counters, 1))
        expected.subtract(self.period)
        if angle is None or _nonzero(angle.powers) != _nonzero(expected):
            return 0
        turns = angle.factor / (2 * math.pi)
        return round(turns) if abs(abs(turns) - 1) < 1e-6 else 0

    def monomial(self, node: Any) -> Monomial | None:
        """An expression as a monomial; None for anything else."""
        node = syntax.strip(node, casts=True)
        text = self.values.text(node)
        if _PI.match(text.replace(" ", "")):
            return Monomial(math.pi)
        if node.kind in _LITERALS:
            return _number(text)
        if syntax.is_variable(node):
            return self._variable(node.referenced)
        if syntax.unary_operator(node) in ("-", "+"):
            inner = self.monomial(syntax.children(node)[0])
            sign = -1 if syntax.unary_operator(node) == "-" else 1
            return Monomial(sign * inner.factor, inner.powers) if inner else None
        if syntax.binary_operator(node) in ("*", "/", "%"):
            return self._combined(node)
        if node.kind == Kind.CALL_EXPR and syntax.callee_name(node) == "size":
            return Monomial(1.0, Counter({text: 1}))
        return None

    def _combined(self, node: Any) -> Monomial | None:
        left, right = (self.monomial(part) for part in syntax.children(node))
        operator = syntax.binary_operator(node)
        if left is None or right is None or not right.factor:
            return None
        powers = Counter(left.powers)
        if operator == "*":
            powers.update(right.powers)
            return Monomial(left.factor * right.factor, powers)
        if operator == "%":  # whole turns make no difference
            whole = right.factor == 1 and _nonzero(right.powers) == _nonzero(self.period)
            return left if whole and left.factor == 1 else None
        if syntax.is_integer(node.type):
            return None
        powers.subtract(right.powers)
        return Monomial(left.factor / right.factor, powers)

    def _variable(self, declaration: Any) -> Monomial | None:
        name = syntax.key(declaration)
        value = syntax.initializer(declaration) if declaration.kind == Kind.VAR_DECL else None
        if name in self.counters:
            return Monomial(1.0, Counter({name: 1}))
        if value is not None and not self.values.assigned(declaration):
            known = self.monomial(value)
            if known is not None:
                return known
        return Monomial(1.0, Counter({name: 1})) if syntax.is_integer(declaration.type) else None


def _nonzero(powers: Counter[str]) -> dict[str, int]:
    return {name: power for name, power in powers.items() if power}


def _number(text: str) -> Monomial | None:
    try:
        return Monomial(float(text.replace("'", "").rstrip("fFlLuUzZ")))
    except ValueError:
        return None


def transforms(analysis: Analysis) -> Iterator[Transform]:
    """All transforms of a kernel that are written as their definition."""
    for bins in analysis.all_loops():
        if len(bins.inner) == 1 and not bins.inner[0].inner:
            found = _transform(bins, bins.inner[0], analysis.values)
            if found is not None:
                yield found


def _transform(bins: LoopReport, samples: LoopReport, values: Values) -> Transform | None:
    limits = [bound(report, values) for report in (bins, samples)]
    direct = samples.loop.cursor in syntax.statements(bins.loop.body)
    if any(limit is None for limit in limits) or not direct or bins.effects.objections:
        return None
    counters = {syntax.key(report.loop.declaration) for report in (bins, samples)}
    empty = Angles(values, set(), Counter())
    periods = [empty.monomial(limit) for limit in limits]
    if periods[0] is None or periods[0] != periods[1] or periods[0].factor != 1:
        return None
    if bins.loop.lower != ZERO or samples.loop.lower != ZERO:
        return None
    angles = Angles(values, counters, periods[0].powers)
    waves = _waves(samples, angles)
    return _sorted(bins, samples, waves, values) if waves else None


def _waves(samples: LoopReport, angles: Angles) -> dict[int, int]:
    """The trigonometric calls in the loop over t, with the sign of their angle."""
    found = {}
    for node in syntax.walk(samples.loop.body):
        if node.kind == Kind.CALL_EXPR and (angle := _angle(node, angles.values)) is not None:
            sign = angles.sign(angle)
            if sign:
                found[node.extent.start.offset] = sign
    return found


def _angle(node: Any, values: Values) -> Any | None:
    """What cos, sin, polar(1, …) and exp of an imaginary number are taken of."""
    name, arguments = syntax.callee_name(node), list(node.get_arguments())
    if name in ("cos", "sin", "cosf", "sinf", "cosl", "sinl") and len(arguments) == 1:
        return arguments[0]
    if name == "polar" and len(arguments) == 2:
        one = _number(values.text(arguments[0]))
        return arguments[1] if one is not None and one.factor == 1 else None
    if name == "exp" and len(arguments) == 1:
        number = syntax.strip(arguments[0], casts=True)
        if syntax.is_variable(number) and number.referenced.kind == Kind.VAR_DECL:
            number = syntax.strip(syntax.initializer(number.referenced) or number, casts=True)
        parts = list(number.get_arguments()) if number.kind == Kind.CALL_EXPR else []
        if len(parts) == 2:
            zero = _number(values.text(parts[0]))
            return parts[1] if zero is not None and zero.factor == 0 else None
    return None


def _sorted(
    bins: LoopReport, samples: LoopReport, waves: dict[int, int], values: Values
) -> Transform | None:
    """The statements by their part; None where a term depends on k outside of its angle."""
    counter = syntax.key(bins.loop.declaration)
    moving = {counter}
    dropped, kept, sums = [], [], []
    for statement in syntax.statements(samples.loop.body):
        if statement.kind == Kind.DECL_STMT:
            names = {syntax.key(d) for d in syntax.children(statement)}
            outside = _outside_waves(statement, waves)
            if outside & moving:
                moving |= names
                dropped.append(statement)
            else:
                kept.append(statement)
            continue
        statement = syntax.strip(statement)
        update = update_of(statement, values)
        if update is None or update.operator != "+" or len(update.operands) != 1:
            return None
        if syntax.binary_operator(statement) == "=" and not _adds(statement):
            return None
        if _outside_waves(update.operands[0], waves) & moving or not _a_sum(update.target):
            return None
        sums.append(statement)
    totals = {p.root for s in sums if (u := update_of(s, values)) and (p := values.path(u.target))}
    read = {a.path.root for a in samples.effects.accesses if a.kind == "read"}
    if not sums or totals & read or set(samples.effects.written()) != totals:
        return None
    return Transform(bins, samples, waves, tuple(dropped), tuple(kept), tuple(sums))


def _adds(statement: Any) -> bool:
    """True for ``s = s + e``, False for ``s = s - e``."""
    return syntax.binary_operator(syntax.strip(syntax.children(statement)[1])) == "+"


def _a_sum(target: Any) -> bool:
    kind = syntax.bare_type(target.type)
    return kind in ("double", "float", "std::complex<double>", "std::complex<float>")


def _outside_waves(node: Any, waves: dict[int, int]) -> set[str]:
    """The variables that a statement names outside of its trigonometric calls."""
    if node.kind == Kind.CALL_EXPR and node.extent.start.offset in waves:
        return set()
    found = {syntax.key(node.referenced)} if syntax.is_variable(node) else set()
    for child in node.get_children():
        found |= _outside_waves(child, waves)
    return found
