"""Loops that only count: ladders of comparisons, each rung of which adds 1 to a fixed place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport
from parallel_agent.proposers.rules.short_cuts import harmless
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Subscript, Values

_MOST_RUNGS = 12
"""Longer ladders take more comparisons than a branch costs."""
_INDEXED = re.compile(r"^std::(__cxx11::|__debug::)?(vector<(?!bool)|array<|basic_string<)")


@dataclass(frozen=True)
class Rung:
    """One branch: its test (None: else) and the place it adds 1 to."""

    test: Any | None
    place: Any


@dataclass(frozen=True)
class Ladder:
    """A statement of a loop's body. ``skips`` of the loop's early ``continue`` stand before it."""

    statement: Any
    rungs: tuple[Rung, ...]
    skips: int


@dataclass(frozen=True)
class CountingLoop:
    """A loop with such ladders, and its statements ``if (…) continue;`` with their tests."""

    report: LoopReport
    ladders: tuple[Ladder, ...]
    skips: tuple[Any, ...]
    declarations: tuple[Any, ...]
    """What is declared behind the first skip."""


def counting_loops(analysis: Analysis) -> list[CountingLoop]:
    """The outermost loops that count so, in source order."""
    reports = [report for report in analysis.loops if not report.inner]
    found = [_counting_loop(report, analysis.values) for report in reports]
    return [loop for loop in found if loop is not None]


def doubts(found: CountingLoop, values: Values) -> list[str]:
    """What was not always evaluated and could have been protected by a test before it."""
    guarded = [part for d in found.declarations if (part := syntax.initializer(d)) is not None]
    guarded += [syntax.children(skip)[0] for skip in found.skips[1:]]
    for ladder in found.ladders:
        rungs = ladder.rungs if ladder.skips else ladder.rungs[1:]
        guarded += [rung.test for rung in rungs if rung.test is not None]
    reasons = list(found.report.doubts)
    for node in guarded:
        kinds = {part.kind for part in syntax.walk(node)}
        if kinds & {Kind.ARRAY_SUBSCRIPT_EXPR, Kind.CALL_EXPR}:
            text = " ".join(values.text(node).split())
            reasons.append(f"line {syntax.line(node)}: {text} is now always evaluated")
    return reasons


def _counting_loop(report: LoopReport, values: Values) -> CountingLoop | None:
    loop = report.loop
    if loop.variable is None or report.obstacles or report.carried_scalars or report.lastprivate:
        return None
    if loop.cursor.kind != Kind.FOR_STMT and not _indexable(loop.cursor, loop.body):
        return None
    ladders: list[Ladder] = []
    skips: list[Any] = []
    declarations: list[Any] = []
    for statement in syntax.statements(loop.body):
        ladder = _rungs(statement, values) if statement.kind == Kind.IF_STMT else None
        if ladder is not None:
            ladders.append(Ladder(statement, tuple(ladder), len(skips)))
        elif _skips(statement):
            skips.append(statement)
        elif skips:
            if statement.kind != Kind.DECL_STMT or not _harmless_declarations(statement):
                return None  # done for some elements only
            declarations += syntax.children(statement)
    if not ladders or _branches(loop.body) != len(skips) + sum(map(_tests, ladders)):
        return None
    rungs = [rung for ladder in ladders for rung in ladder.rungs]
    if len(rungs) == 1 and syntax.is_variable(rungs[0].place):
        return None  # one count is a reduction
    leaving = [node.kind for node in syntax.walk(loop.body)]
    if leaving.count(Kind.CONTINUE_STMT) != len(skips) or Kind.SWITCH_STMT in leaving:
        return None
    chosen = CountingLoop(report, tuple(ladders), tuple(skips), tuple(declarations))
    return chosen if _only_counted(chosen, values) else None


def _indexable(cursor: Any, body: Any) -> bool:
    """True for a range loop over a named container whose elements can be counted through."""
    if cursor.kind != Kind.CXX_FOR_RANGE_STMT or body.kind != Kind.COMPOUND_STMT:
        return False
    container = syntax.strip(syntax.children(cursor)[-2])
    named = container.kind in (Kind.DECL_REF_EXPR, Kind.MEMBER_REF_EXPR)
    return named and _INDEXED.match(syntax.bare_type(container.type)) is not None


def _skips(statement: Any) -> bool:
    """True for ``if (test) continue;``."""
    parts = syntax.children(statement)
    if statement.kind != Kind.IF_STMT or len(parts) != 2 or not parts[0].kind.is_expression():
        return False
    inside = syntax.statements(parts[1])
    return len(inside) == 1 and inside[0].kind == Kind.CONTINUE_STMT and harmless(parts[0])


def _harmless_declarations(statement: Any) -> bool:
    return all(
        declaration.kind == Kind.VAR_DECL
        and (syntax.is_arithmetic(declaration.type) or syntax.is_reference(declaration.type))
        and harmless(declaration)
        for declaration in syntax.children(statement)
    )


def _branches(body: Any) -> int:
    return sum(node.kind == Kind.IF_STMT for node in syntax.walk(body))


def _tests(ladder: Ladder) -> int:
    return sum(rung.test is not None for rung in ladder.rungs)


def _rungs(branch: Any, values: Values) -> list[Rung] | None:
    """The rungs of a ladder, None if a branch does anything but count."""
    rungs: list[Rung] = []
    node: Any | None = branch
    while node is not None:
        parts = syntax.children(node)
        if len(parts) not in (2, 3) or not parts[0].kind.is_expression() or not harmless(parts[0]):
            return None
        place = _counted(parts[1], values)
        if place is None:
            return None
        rungs.append(Rung(parts[0], place))
        node = parts[2] if len(parts) == 3 else None
        if node is not None and node.kind != Kind.IF_STMT:
            inside = syntax.statements(node)
            if len(inside) == 1 and inside[0].kind == Kind.IF_STMT:
                (node,) = inside
                continue
            place = _counted(node, values)
            if place is None:
                return None
            rungs.append(Rung(None, place))
            node = None
    return rungs if len(rungs) <= _MOST_RUNGS else None


def _counted(body: Any, values: Values) -> Any | None:
    """The integer at a fixed place that a branch adds 1 to."""
    inside = syntax.statements(body)
    if len(inside) != 1:
        return None
    statement = syntax.strip(inside[0])
    parts = syntax.children(statement)
    one = syntax.unary_operator(statement) == "++"
    if syntax.binary_operator(statement) == "+=":
        amount = values.polynomial(parts[1])
        one = amount is not None and amount.value == 1
    if not one or not syntax.is_integer(parts[0].type):
        return None
    place = syntax.strip(parts[0])
    path = values.path(place)
    if path is None or len(path.elements) > 1:
        return None
    fixed = all(
        isinstance(part, Subscript)
        and part.position is not None
        and part.position.value is not None
        for part in path.elements
    )
    return place if fixed else None


def _only_counted(found: CountingLoop, values: Values) -> bool:
    """True if the loop does nothing to the counted variables but count."""
    report = found.report
    rungs = [rung for ladder in found.ladders for rung in ladder.rungs]
    paths = [path for rung in rungs if (path := values.path(rung.place)) is not None]
    roots = {path.root for path in paths}
    if not {syntax.key(update.declaration) for update in report.array_updates} <= roots:
        return False
    accesses = [access for access in report.effects.accesses if access.path.root in roots]
    return len(accesses) == len(rungs) and all(access.kind == "update" for access in accesses)
