"""What is known about each loop of a function: independent, speculative or carried, and why."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.dependence import Iterations, Overlap
from parallel_agent.proposers.rules.effects import Access, Effects, effects_of
from parallel_agent.proposers.rules.loops import Loop, find_loops
from parallel_agent.proposers.rules.scalars import Role, needed_later, role_of
from parallel_agent.proposers.rules.values import Values


@dataclass(frozen=True)
class ArrayUpdate:
    """An array whose elements several iterations combine values into."""

    declaration: Any
    name: str
    operator: str


@dataclass
class LoopReport:
    """One loop, what its iterations do, and what stands between them and running side by side."""

    loop: Loop
    effects: Effects
    outer: tuple[LoopReport, ...]
    private: list[str] = field(default_factory=list)
    lastprivate: list[str] = field(default_factory=list)
    reductions: dict[str, list[str]] = field(default_factory=dict)
    """Names of the reduced scalars by OpenMP operator."""
    array_updates: list[ArrayUpdate] = field(default_factory=list)
    carried_scalars: list[str] = field(default_factory=list)
    """Keys of the scalars that carry a value from one iteration to the next."""
    reasons_for: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    inner: tuple[LoopReport, ...] = ()
    lanes: bool = False
    """True if ``omp simd`` stands above it."""

    @property
    def verdict(self) -> Literal["independent", "speculative", "carried"]:
        """``speculative``: nothing forbids parallel iterations, but independence is not proved."""
        if self.obstacles or self.array_updates or self.carried_scalars:
            return "carried"
        return "speculative" if self.doubts else "independent"

    @property
    def parallel(self) -> bool:
        """True if the iterations may run side by side (with the clauses listed here)."""
        return self.verdict != "carried"

    @property
    def objections(self) -> list[str]:
        """Everything that speaks against parallel iterations."""
        updates = [
            f"{self.loop.name}: several iterations may update the same element of {update.name}"
            for update in self.array_updates
        ]
        scalars = [
            f"{self.loop.name} carries {syntax.shown(name)} from one iteration to the next"
            for name in self.carried_scalars
        ]
        return [*self.obstacles, *updates, *scalars, *self.doubts]

    def nest(self) -> Iterator[LoopReport]:
        """This report and those of the loops inside, outer before inner."""
        yield self
        for report in self.inner:
            yield from report.nest()


@dataclass(frozen=True)
class Analysis:
    """The loops of a kernel that no threads share yet."""

    parsed: ParsedSource
    values: Values
    loops: tuple[LoopReport, ...]

    def all_loops(self) -> Iterator[LoopReport]:
        """Every loop, in source order, outer before inner."""
        for report in self.loops:
            yield from report.nest()

    def outermost(self) -> list[LoopReport]:
        """The outermost loops whose iterations may run side by side, in source order."""
        found: list[LoopReport] = []
        pending = list(self.loops)
        while pending:
            report = pending.pop(0)
            if report.parallel and not report.lanes:
                found.append(report)
            else:
                pending = [*report.inner, *pending]
        return found


class _Identity:
    """A parsed source as a key: the same only if it is the very same object."""

    def __init__(self, parsed: ParsedSource) -> None:
        self.parsed = parsed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.parsed is self.parsed

    def __hash__(self) -> int:
        return id(self.parsed)


def analyse(parsed: ParsedSource) -> Analysis:
    """Analyse the kernel's loops; asked again for the same parsed source, the answer is kept."""
    return _analyse(_Identity(parsed))


@functools.lru_cache(maxsize=8)
def _analyse(identity: _Identity) -> Analysis:
    parsed = identity.parsed
    values = Values(parsed.function, parsed.kernel.source)
    lines = parsed.kernel.source.splitlines()
    loops = [loop for loop in find_loops(parsed.function, values) if not _shared_out(loop, lines)]
    found = Analysis(parsed, values, tuple(_report(loop, values, ()) for loop in loops))
    for report in found.all_loops():
        report.lanes = bool(_directive(report.loop, lines))
    return found


def _shared_out(loop: Loop, lines: list[str]) -> bool:
    """True if threads share a loop of the nest already, as another strategy wrote it."""
    directives = [_directive(nested, lines) for nested in loop.nest()]
    return any(directive and directive[0] != "simd" for directive in directives)


def _directive(loop: Loop, lines: list[str]) -> list[str]:
    """The words of the OpenMP directive above a loop; none where there is no directive."""
    above = lines[loop.line - 2].split() if loop.line > 1 else []
    return above[2:] if above[:2] == ["#pragma", "omp"] else []


def _report(loop: Loop, values: Values, outer: tuple[LoopReport, ...]) -> LoopReport:
    report = LoopReport(loop, effects_of(loop.body, values), outer)
    if loop.variable is None:
        report.obstacles.append(f"{loop.name}: {loop.objection}")
    else:
        _judge(report, values)
    report.inner = tuple(_report(inner, values, (*outer, report)) for inner in loop.inner)
    return report


def _judge(report: LoopReport, values: Values) -> None:
    loop, effects = report.loop, report.effects
    report.obstacles += [f"{loop.name}: {objection}" for objection in effects.objections]
    written = effects.written()
    assert loop.variable is not None
    moving = _moving_bounds(loop, effects, values) | ({loop.variable.name} & set(written))
    report.obstacles += [
        f"{loop.name}: the body changes {syntax.shown(name)}, which counts the iterations"
        for name in sorted(moving)
    ]
    if not loop.declares_variable and needed_later(loop, loop.declaration, values.function):
        # lastprivate would leave it unset where the loop runs no iteration
        report.obstacles.append(f"{loop.name}: the variable is read after the loop")
    varying = effects.declared | set(written)
    iterations = Iterations(loop, varying, [around.loop for around in report.outer])
    for root in written:
        if root not in moving:
            _judge_variable(report, root, iterations, values)
    _judge_pointers(report)
    arrays = any(a.path.elements for a in effects.accesses if a.path.root in written)
    if effects.hidden_reads and arrays:
        lines = ", ".join(str(number) for number in sorted(set(effects.hidden_reads)))
        report.doubts.append(f"what line {lines} reads cannot be followed")


def _moving_bounds(loop: Loop, effects: Effects, values: Values) -> set[str]:
    """Keys of the variables that the loop's bounds read and its body writes."""
    written = set(effects.written())
    replaced = {a.path.root for a in effects.accesses if a.kind != "read" and not a.path.elements}
    named = {name for part in loop.header for name in syntax.variables(part)}
    read = {a.path.root for part in loop.header for a in effects_of(part, values).accesses}
    if loop.cursor.kind == syntax.Kind.CXX_FOR_RANGE_STMT:
        read = set()
    return (named & replaced) | (read & written)


def _judge_variable(report: LoopReport, root: str, iterations: Iterations, values: Values) -> None:
    accesses = report.effects.of(root)
    name = accesses[0].path.name
    if not any(access.path.elements for access in accesses):
        _add_role(report, root, role_of(report.loop, accesses, values.function))
        return
    worst, pair = _worst_overlap(accesses, iterations)
    if worst == Overlap.NEVER:
        report.reasons_for.append(
            f"each iteration of {report.loop.name} writes its own part of {name}"
        )
    elif (update := _common_update(accesses)) is not None:
        if worst == Overlap.UNPROVED:
            report.doubts.append(_unproved(name, pair, values))
        else:
            report.array_updates.append(update)
    elif worst == Overlap.UNPROVED:
        report.doubts.append(_unproved(name, pair, values))
    elif worst == Overlap.UNKNOWN and all(access.kind == "write" for access in accesses):
        report.doubts.append(
            f"the iterations are independent only if no two of them write the same element of "
            f"{name} ({_places(pair, values)})"
        )
    elif any(getattr(part, "packed", False) for a in accesses for part in a.path.elements):
        report.obstacles.append(
            f"neighbouring elements of {name} share a byte (vector<bool>), so that threads cannot "
            f"write them independently ({_places(pair, values)})"
        )
    else:
        report.obstacles.append(
            f"iterations of {report.loop.name} meet in {name} ({_places(pair, values)})"
        )


def _worst_overlap(
    accesses: list[Access], iterations: Iterations
) -> tuple[Overlap, tuple[Access, Access]]:
    """Over all pairs of which at least one writes."""
    worst, pair = Overlap.NEVER, (accesses[0], accesses[0])
    for position, first in enumerate(accesses):
        for second in accesses[position:]:
            if first.kind == "read" and second.kind == "read":
                continue
            found = iterations.overlap(first.path, second.path)
            if found > worst:
                worst, pair = found, (first, second)
    return worst, pair


def _common_update(accesses: list[Access]) -> ArrayUpdate | None:
    """Set if all accesses update single numbers with the same operator."""
    operators = {access.operator for access in accesses}
    if any(access.kind != "update" for access in accesses) or len(operators) != 1:
        return None
    if not all(syntax.is_arithmetic(access.node.type) for access in accesses):
        return None
    path = accesses[0].path
    if any(len(access.path.elements) != 1 for access in accesses):
        return None
    return ArrayUpdate(path.declaration, path.name, operators.pop())


def _unproved(name: str, pair: tuple[Access, Access], values: Values) -> str:
    return (
        f"the iterations are independent only if their parts of {name} do not reach into each "
        f"other ({_places(pair, values)})"
    )


def _places(pair: tuple[Access, Access], values: Values) -> str:
    shown = [f"{values.text(access.node)} in line {access.line}" for access in pair]
    return " and ".join(dict.fromkeys(shown))


def _add_role(report: LoopReport, root: str, role: Role) -> None:
    name = syntax.shown(root)
    if role.kind == "reduction":
        report.reductions.setdefault(role.operator, []).append(name)
        report.reasons_for.append(
            f"{name} is only combined with {role.operator} in {report.loop.name}"
        )
    elif role.kind == "private":
        report.private.append(name)
    elif role.kind == "lastprivate":
        report.lastprivate.append(name)
    else:
        report.carried_scalars.append(root)


def _judge_pointers(report: LoopReport) -> None:
    """Raw pointers of one type may point into one array."""
    pointers: dict[str, tuple[str, bool]] = {}
    for access in report.effects.accesses:
        type_ = access.path.declaration.type.get_canonical()
        if syntax.is_pointer(type_) and access.path.elements and not type_.is_restrict_qualified():
            _, written = pointers.get(access.path.root, ("", False))
            pointee = syntax.bare_type(type_.get_pointee())
            pointers[access.path.root] = (pointee, written or access.kind != "read")
    for root, (pointee, written) in pointers.items():
        others = [
            syntax.shown(other)
            for other, (type_name, _) in pointers.items()
            if other != root and type_name == pointee
        ]
        if written and others:
            report.doubts.append(
                f"{syntax.shown(root)} is written and could overlap with {', '.join(others)}: "
                "they are raw pointers"
            )
