"""Recognizing contractions: sums over k for every pair (i, j), as in a product of matrices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport
from parallel_agent.proposers.rules.elimination import bound
from parallel_agent.proposers.rules.polynomials import ONE
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.targets import tiny
from parallel_agent.proposers.rules.values import Subscript, Values


@dataclass(frozen=True)
class Contraction:
    """``for i, j: start; for k: place += term; after``, or three loops in any order without those.

    ``body`` is what one (i, j, k) does: declarations and, last, the update of ``place``. With
    ``total`` the place is that local variable, else an element of an array.
    """

    nest: LoopReport
    rows: LoopReport
    columns: LoopReport
    terms: LoopReport
    body: tuple[Any, ...]
    place: Any
    start: Any = None
    total: Any = None
    after: tuple[Any, ...] = ()
    by_row: tuple[Any, ...] = ()
    """Elements read whose place depends on k and not on j."""
    by_column: tuple[Any, ...] = ()
    """Elements read whose place depends on k and j, but not on i."""

    @property
    def loops(self) -> tuple[LoopReport, LoopReport, LoopReport]:
        """The loops over i, j and k."""
        return self.rows, self.columns, self.terms


def contractions(analysis: Analysis) -> Iterator[Contraction]:
    """All contractions of a kernel, in source order."""
    for outer in analysis.all_loops():
        if len(outer.inner) == 1 and len(outer.inner[0].inner) == 1 and not tiny(outer):
            middle = outer.inner[0]
            found = _contraction((outer, middle, middle.inner[0]), analysis.values)
            if found is not None:
                yield found


def _contraction(nest: tuple[LoopReport, ...], values: Values) -> Contraction | None:
    if nest[2].inner or not _rectangular(nest, values):
        return None
    declarations: list[Any] = []
    after: tuple[Any, ...] = ()
    start = None
    for around, inner in ((nest[0], nest[1]), (nest[1], nest[2])):
        body = syntax.statements(around.loop.body)
        if inner.loop.cursor not in body:
            return None
        place = body.index(inner.loop.cursor)
        before, behind = body[:place], tuple(body[place + 1 :])
        if behind and inner is not nest[2]:
            return None
        apart = bool(before) and not _plain_declaration(before[-1])
        if inner is nest[2] and (behind or apart or _updates_local(inner, around)):
            after = behind
            if not before:
                return None
            start = before.pop()
        declarations += before
    declarations += syntax.statements(nest[2].loop.body)
    *locals_, update = declarations
    if not all(_plain_declaration(s) for s in locals_):
        return None
    if syntax.binary_operator(update) not in ("+=", "-="):
        return None
    return _with_roles(nest, (*locals_, update), start, after, values)


def _updates_local(inner: LoopReport, around: LoopReport) -> bool:
    return any(root in around.effects.declared for root in inner.effects.written())


def _plain_declaration(statement: Any) -> bool:
    """True for the declaration of one number."""
    declared = syntax.children(statement) if statement.kind == Kind.DECL_STMT else []
    return (
        len(declared) == 1
        and declared[0].kind == Kind.VAR_DECL
        and syntax.is_arithmetic(declared[0].type)
        and not syntax.is_reference(declared[0].type)
        and syntax.initializer(declared[0]) is not None
    )


def _rectangular(nest: tuple[LoopReport, ...], values: Values) -> bool:
    """True for counted loops whose bounds do not change within the nest."""
    limits = [bound(report, values) for report in nest]
    if any(limit is None for limit in limits) or nest[0].effects.objections:
        return False
    changing = nest[0].effects.declared | set(nest[0].effects.written())
    changing |= {syntax.key(report.loop.declaration) for report in nest}
    headers = [part for report in nest for part in report.loop.header]
    return not any(syntax.variables(part) & changing for part in headers)


def _with_roles(
    nest: tuple[LoopReport, ...],
    body: tuple[Any, ...],
    start: Any,
    after: tuple[Any, ...],
    values: Values,
) -> Contraction | None:
    place = syntax.strip(syntax.children(body[-1])[0])
    total = None
    target = place
    if start is not None and _plain_declaration(start):
        total = syntax.children(start)[0]
        stores = [s for s in after if syntax.binary_operator(s) in syntax.ASSIGNMENTS]
        if not stores or not syntax.is_variable(place) or place.referenced != total:
            return None
        target = syntax.children(stores[-1])[0]
    elif start is not None and (after or not _sets(start, place, values)):
        return None
    path = values.path(target)
    last = path.elements[-1] if path is not None and path.elements else None
    if not isinstance(last, Subscript) or last.position is None:
        return None
    used = syntax.variables(target)
    summed = [r for r in nest if syntax.key(r.loop.declaration) not in used]
    if len(summed) != 1 or (start is not None and summed[0] is not nest[2]):
        return None
    pair = [r for r in nest if r is not summed[0]]
    across = [
        r for r in pair if r.loop.variable and last.position.coefficient(r.loop.variable) == ONE
    ]
    if len(across) != 1 or not all(report.parallel and not report.reductions for report in pair):
        return None
    rows = pair[0] if across[0] is pair[1] else pair[1]
    found = Contraction(nest[0], rows, across[0], summed[0], body, place, start, total, after)
    return _with_operands(found, values)


def _sets(start: Any, place: Any, values: Values) -> bool:
    """True for ``place = …;``"""
    if syntax.binary_operator(start) != "=":
        return False
    target, value = syntax.children(start)
    return values.path(target) == values.path(place) and not syntax.variables(value)


def _with_operands(found: Contraction, values: Values) -> Contraction | None:
    """The contraction with what its terms read, sorted by the loops that it depends on."""
    i, j, k = (syntax.key(report.loop.declaration) for report in found.loops)
    target = values.path(found.place)
    declared = {syntax.key(syntax.children(s)[0]) for s in found.body[:-1]}
    later = {name for statement in found.after for name in syntax.variables(statement)}
    if declared & later or any(values.assigned(syntax.children(s)[0]) for s in found.body[:-1]):
        return None
    by_row: dict[str, Any] = {}
    by_column: dict[str, Any] = {}
    for node in _elements(found, values):
        names = syntax.variables(node)
        path = values.path(node)
        if path is None or names & declared or not syntax.is_arithmetic(node.type):
            return None
        if target is not None and path.root == target.root and path.elements:
            return None
        if k not in names:
            continue
        if i in names and j in names:
            return None
        (by_column if j in names else by_row)[values.text(node)] = node
    if not by_row or not by_column:
        return None
    return Contraction(
        *(found.nest, *found.loops, found.body, found.place, found.start, found.total, found.after),
        by_row=tuple(by_row.values()),
        by_column=tuple(by_column.values()),
    )


def _elements(found: Contraction, values: Values) -> Iterator[Any]:
    """The elements of arrays that one term reads, outermost expressions only."""
    pending = [*found.body[:-1], syntax.children(found.body[-1])[1]]
    while pending:
        node = pending.pop(0)
        bare = syntax.strip(node)
        path = values.path(bare)
        element = path is not None and bool(path.elements)
        if element or bare.kind in (Kind.ARRAY_SUBSCRIPT_EXPR, Kind.MEMBER_REF_EXPR):
            yield bare
        else:
            pending = [*syntax.children(bare), *pending]
