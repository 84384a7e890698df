"""Recognizing elimination: every step takes a multiple of one row from all rows below it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport
from parallel_agent.proposers.rules.effects import Access
from parallel_agent.proposers.rules.polynomials import ONE, ZERO, Polynomial
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Subscript, Values

_PLAIN = (Kind.DECL_STMT, Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR)


@dataclass(frozen=True)
class Elimination:
    """``for k: prologue; for i > k: before; for j: row i, column j -= row k, column j; after``.

    ``steps`` is the loop over k. ``rows`` are the loops over i, all with the same bounds; the last
    one holds ``columns``, the loop over j. Nothing reads or writes more of the arrays that change
    than row i and row k, and outside of ``columns`` no other column than k.
    """

    steps: LoopReport
    prologue: tuple[Any, ...]
    rows: tuple[LoopReport, ...]
    columns: LoopReport
    scalars: tuple[Any, ...]
    """Declarations of the variables of a step and a row that the loop over j reads."""
    invariant: tuple[Any, ...]
    """Elements that the loop over j reads in every iteration."""


def eliminations(analysis: Analysis) -> Iterator[Elimination]:
    """All eliminations of a kernel, in source order."""
    for steps in analysis.all_loops():
        found = _elimination(steps, analysis.values)
        if found is not None:
            yield found


def bound(loop: LoopReport, values: Values) -> Any | None:
    """The expression that an ascending loop with step 1 stays below; None for any other loop."""
    one = loop.loop
    if one.variable is None or one.upper is None or one.lower is None or one.step != ONE:
        return None
    if one.descending or one.cursor.kind != Kind.FOR_STMT or not one.declares_variable:
        return None
    limit = values.polynomial(one.header[1])
    return one.header[1] if limit is not None and limit - ONE == one.upper else None


def _elimination(steps: LoopReport, values: Values) -> Elimination | None:
    rows = steps.inner
    body = syntax.statements(steps.loop.body)
    if not rows or bound(steps, values) is None:
        return None
    count = len(body) - len(rows)
    if body[count:] != [row.loop.cursor for row in rows]:
        return None
    nested = [len(row.inner) for row in rows]
    if nested != [*([0] * (len(rows) - 1)), 1] or rows[-1].inner[0].inner:
        return None
    columns = rows[-1].inner[0]
    found = Elimination(
        steps,
        tuple(body[:count]),
        rows,
        columns,
        tuple(_scalars(steps, columns)),
        tuple(_invariant(columns, values)),
    )
    sound = (
        _below_the_pivot(found, values)
        and _simple(found, values)
        and _leaves_only_locals(found, values)
        and _stays_in_rows(found, values)
    )
    return found if sound else None


def _below_the_pivot(found: Elimination, values: Values) -> bool:
    """True if all row loops run from k + 1 to one bound, and the columns' bound is fixed."""
    pivot = found.steps.loop.variable
    assert pivot is not None
    limits = [bound(row, values) for row in (*found.rows, found.columns)]
    if any(limit is None for limit in limits):
        return False
    first = Polynomial.variable(pivot)
    moving = found.steps.effects.declared | {pivot.name}
    return (
        all(row.loop.lower == first + ONE for row in found.rows)
        and len({row.loop.upper for row in found.rows}) == 1
        and found.columns.loop.lower in (first, first + ONE)
        and not any(syntax.variables(limit) & moving for limit in limits)
    )


def _simple(found: Elimination, values: Values) -> bool:
    """True if the loops consist of plain statements, and the columns do not depend on each other."""
    columns = found.columns
    inside = [s for row in found.rows for s in syntax.statements(row.loop.body)]
    updates = syntax.statements(columns.loop.body)
    plain = all(s.kind in _PLAIN for s in inside if s != columns.loop.cursor)
    assigned = all(syntax.binary_operator(s) in syntax.ASSIGNMENTS for s in updates)
    direct = columns.loop.cursor in inside
    free = columns.parallel and not columns.reductions and not columns.private
    fixed = all(
        syntax.is_arithmetic(d.type) and not syntax.is_reference(d.type) and not values.assigned(d)
        for d in found.scalars
    )
    return plain and assigned and direct and free and fixed and not columns.lastprivate


def _leaves_only_locals(found: Elimination, values: Values) -> bool:
    """True if nothing leaves the steps, or leaving them early loses all that they changed."""
    effects = found.steps.effects
    if any(row.effects.objections for row in found.rows) or effects.hidden_reads:
        return False
    changed = [effects.of(root)[0].path.declaration for root in effects.written()]
    local = all(
        d.kind == Kind.VAR_DECL
        and syntax.within(values.function, d)
        and not syntax.is_reference(d.type)
        and not syntax.is_pointer(d.type)
        for d in changed
    )
    names = {syntax.key(declaration) for declaration in changed}
    for statement in found.prologue:
        returns = [n for n in syntax.walk(statement) if n.kind == Kind.RETURN_STMT]
        if returns and (not local or any(syntax.variables(r) & names for r in returns)):
            return False
        if statement.kind != Kind.DECL_STMT and not (statement.kind == Kind.IF_STMT and returns):
            return False
        if any(n.kind in (Kind.BREAK_STMT, Kind.CONTINUE_STMT) for n in syntax.walk(statement)):
            return False
    return all("returns" in objection for objection in effects.objections)


def _stays_in_rows(found: Elimination, values: Values) -> bool:
    """True if the arrays that change are touched in row i and row k only, and apart."""
    effects = found.steps.effects
    roots = effects.written()
    if not all(_an_array(effects.of(root), effects.accesses) for root in roots):
        return False
    strides = {root: _stride(effects.of(root), found) for root in roots}
    touched = [access for access in effects.accesses if access.path.root in strides]
    if not all(_in_place(access, strides[access.path.root], found) for access in touched):
        return False
    end = found.columns.loop.cursor.extent.end.offset
    late = {a.path.root for a in touched if a.kind != "read" and a.node.extent.start.offset > end}
    fixed = {path.root for node in found.invariant if (path := values.path(node)) is not None}
    return not late & fixed


def _an_array(accesses: list[Access], others: list[Access]) -> bool:
    """True for elements of an array of its own: of raw pointers there may be only one."""
    declaration = accesses[0].path.declaration
    pointers = {
        a.path.root
        for a in others
        if syntax.is_pointer(a.path.declaration.type) and a.path.elements
    }
    alone = not syntax.is_pointer(declaration.type) or len(pointers) == 1
    return alone and all(access.path.elements for access in accesses)


def _in_place(access: Access, stride: Polynomial | None, found: Elimination) -> bool:
    """True for an element that its step may touch where it does."""
    place = _place(access, stride, found)
    if place is None:
        return False
    row, at = place
    pivot, column = _name(found.steps), _name(found.columns)
    own = row in {_name(report) for report in found.rows}
    if access.kind != "read" and not own:
        return False
    if not syntax.contains(found.columns.loop.cursor, access.node):
        return (own or row == pivot) and at in (pivot, "")
    here = (column,) if access.kind != "read" else (pivot, column, "")
    return (own or row == pivot) and at in here


def _name(report: LoopReport) -> str:
    assert report.loop.variable is not None
    return report.loop.variable.name


def _stride(accesses: list[Access], found: Elimination) -> Polynomial | None:
    """What one row of an array takes; ZERO for one element a row, None for rows of their own."""
    for access in accesses:
        last = access.path.elements[-1]
        if len(access.path.elements) != 1 or not isinstance(last, Subscript):
            return None
        if access.kind == "read" or last.position is None:
            continue
        for row in found.rows:
            assert row.loop.variable is not None
            factor = last.position.coefficient(row.loop.variable)
            if factor is not None and factor.value != 0:
                alone = last.position == Polynomial.variable(row.loop.variable)
                return ZERO if alone else factor
    return None


def _place(access: Access, stride: Polynomial | None, found: Elimination) -> tuple[str, str] | None:
    """The loop variables that give the row and the column (``""``: none) of an element."""
    reports = (*found.rows, found.columns, found.steps)
    variables = {Polynomial.variable(r.loop.variable): r for r in reports if r.loop.variable}
    parts = access.path.elements
    positions = [part.position for part in parts if isinstance(part, Subscript)]
    if len(positions) != len(parts) or any(p is None for p in positions):
        return None
    if stride is None:
        names = [_name(variables[p]) if p in variables else None for p in positions]
        if len(names) != 2 or None in names:
            return None
        return str(names[0]), str(names[1])
    (position,) = positions
    if stride == ZERO:
        return (_name(variables[position]), "") if position in variables else None
    for row, report in variables.items():
        assert position is not None
        rest = position - stride * row
        if report is found.columns or rest not in variables:
            continue
        upper = variables[rest].loop.upper
        if upper is not None and (stride - ONE - upper).never_negative():
            return _name(report), _name(variables[rest])
    return None


def _scalars(steps: LoopReport, columns: LoopReport) -> Iterator[Any]:
    """What the loop over j reads of the variables that a step or a row declares."""
    loops = {_name(report) for report in (steps, *steps.inner, columns) if report.loop.variable}
    seen = set(loops)
    for node in syntax.walk(columns.loop.body):
        if not syntax.is_variable(node) or syntax.key(node.referenced) in seen:
            continue
        seen.add(syntax.key(node.referenced))
        if syntax.within(steps.loop.cursor, node.referenced):
            yield node.referenced


def _invariant(columns: LoopReport, values: Values) -> Iterator[Any]:
    """The elements read in the loop over j whose place does not depend on j."""
    variable = columns.loop.variable
    seen: set[str] = set()
    for access in columns.effects.accesses:
        positions = [p.position for p in access.path.elements if isinstance(p, Subscript)]
        if access.kind != "read" or not positions or variable is None:
            continue
        moves = any(p is None or variable in p.symbols for p in positions)
        text = values.text(access.node)
        if not moves and text not in seen:
            seen.add(text)
            yield access.node
