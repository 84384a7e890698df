"""Recognizing sweeps over the cells of one colour: none of them reads another one's result.

A cell's colour is the parity of the sum of its coordinates. Where all cells of a sweep have one
parity, and what a cell reads lies an odd number of steps away, it is of the other colour.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport
from parallel_agent.proposers.rules.loops import Loop
from parallel_agent.proposers.rules.parity import Parity, parity, parity_test
from parallel_agent.proposers.rules.polynomials import ONE, ZERO, Polynomial, Symbol
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Path, Subscript, Values


@dataclass(frozen=True)
class ColouredSweep:
    """A loop over rows whose cells of one colour alone are computed.

    ``condition`` is the test of the colour in the innermost loop, ``guarded`` the statement that it
    guards, ``skips`` true for ``if (condition) continue;``. They are None where the innermost loop
    goes in steps of two.
    """

    rows: LoopReport
    cells: LoopReport
    condition: Any
    guarded: Any
    skips: bool
    grid: str
    doubts: tuple[str, ...]


def coloured_sweeps(analysis: Analysis) -> Iterator[ColouredSweep]:
    """The outermost loops over cells of one colour, in source order."""
    for report in analysis.all_loops():
        if report.verdict != "independent":
            found = _coloured_sweep(report, analysis.values)
            if found is not None:
                yield found


def _coloured_sweep(rows: LoopReport, values: Values) -> ColouredSweep | None:
    nest = [rows]
    while len(nest[-1].inner) == 1:
        nest.append(nest[-1].inner[0])
    loops = [report.loop for report in nest]
    if len(nest) < 2 or nest[-1].inner or not all(map(_counted, loops)) or rows.lanes:
        return None
    if any(loop.step != ONE for loop in loops[:-1]) or not _perfect(loops, values):
        return None
    others = rows.carried_scalars or rows.array_updates or rows.lastprivate
    if others or rows.effects.objections or rows.effects.hidden_reads:
        return None
    found = _colour(nest, values)
    if found is None:
        return None
    odd, condition, guarded, skips = found
    variables = [loop.variable for loop in loops if loop.variable is not None]
    rest = {symbol for symbol in odd if isinstance(symbol, Symbol)} - set(variables)
    changing = rows.effects.declared | set(rows.effects.written())
    if not set(variables) <= odd or any(s.depends & changing for s in rest):
        return None
    grids = [r for r in rows.effects.written() if any(a.path.elements for a in rows.effects.of(r))]
    if len(grids) != 1:
        return None
    overlaps = _overlaps(rows, grids[0], loops)
    if overlaps is None:
        return None
    pointers = [doubt for doubt in rows.doubts if doubt.endswith("they are raw pointers")]
    name = syntax.shown(grids[0])
    return ColouredSweep(
        *(rows, nest[-1], condition, guarded, skips, name), doubts=(*pointers, *overlaps)
    )


def _counted(loop: Loop) -> bool:
    known = loop.variable is not None and loop.upper is not None and loop.declares_variable
    return known and not loop.descending and loop.cursor.kind == Kind.FOR_STMT


def _perfect(loops: list[Loop], values: Values) -> bool:
    """True if the outer loops hold the next one and declarations of constants, nothing else."""
    for outer, inner in itertools.pairwise(loops):
        for statement in syntax.statements(outer.body):
            constants = statement.kind == Kind.DECL_STMT and not any(
                values.assigned(declared) for declared in syntax.children(statement)
            )
            if statement != inner.cursor and not constants:
                return False
    return True


def _colour(nest: list[LoopReport], values: Values) -> tuple[Parity, Any, Any, bool] | None:
    """What is odd in every cell of a sweep (or even in every one), and the test that says so."""
    cells = nest[-1].loop
    around = [report.loop for report in (*nest[-1].outer, nest[-1])]
    body = syntax.statements(cells.body)
    if cells.step.value == 2:
        start = parity(cells.header[0], values)
        if start is None or cells.variable is None:
            return None
        return start ^ {cells.variable}, None, None, False
    if cells.step != ONE or not body or body[0].kind != Kind.IF_STMT:
        return None
    parts = syntax.children(body[0])
    if len(parts) != 2:
        return None
    test = parity_test(parts[0], values, around)
    inside = syntax.statements(parts[1])
    if test is None:
        return None
    if len(body) > 1 and [s.kind for s in inside] == [Kind.CONTINUE_STMT]:
        return test.odd, parts[0], body[0], True
    return (test.odd, parts[0], body[0], False) if len(body) == 1 else None


def _overlaps(rows: LoopReport, root: str, loops: list[Loop]) -> list[str] | None:
    """Doubts about cells of the grid that two rows touch; None where two rows do meet in a cell."""
    accesses = rows.effects.of(root)
    written = [access.path for access in accesses if access.kind != "read"]
    cell, doubts = written[0], []
    for access in accesses:
        steps = _steps(cell, access.path, loops)
        if steps is None:
            return None
        if access.path != cell and access.kind != "read":
            return None
        if steps[0] != 0 and sum(steps) % 2 == 0:
            return None
        if not _stays_in_rows(cell, steps, loops):
            doubts.append(
                f"rows of {access.path.name} are independent only if they do not reach into each other "
                f"(line {access.line})"
            )
    return list(dict.fromkeys(doubts))


def _steps(cell: Path, other: Path, loops: list[Loop]) -> list[int] | None:
    """How many steps along each loop lead from one cell to another one; None if not constant."""
    if len(cell.elements) != len(other.elements):
        return None
    found = [0] * len(loops)
    seen: set[int] = set()
    for own, place in zip(cell.elements, other.elements, strict=True):
        if not isinstance(own, Subscript) or not isinstance(place, Subscript):
            return None
        if own.position is None or place.position is None or own.packed:
            return None
        distance = place.position - own.position
        for number, loop in enumerate(loops):
            assert loop.variable is not None
            stride = own.position.coefficient(loop.variable)
            if stride is None:
                return None
            if stride == ZERO:
                continue
            if number in seen or len(stride.terms) != 1:
                return None
            seen.add(number)
            count = _whole_strides(distance, stride)
            found[number] = count
            distance -= Polynomial.constant(count) * stride
        if distance != ZERO:
            return None
    return found if len(seen) == len(loops) else None


def _whole_strides(distance: Polynomial, stride: Polynomial) -> int:
    """How many strides a distance is, to the nearest one where both are numbers."""
    ((monomial, factor),) = stride.terms
    amount = dict(distance.terms).get(monomial, 0)
    return (2 * amount + abs(factor)) // (2 * abs(factor)) * (1 if factor > 0 else -1)


def _stays_in_rows(cell: Path, steps: list[int], loops: list[Loop]) -> bool:
    """True if what is so many steps away from a cell cannot be in another row of the same subscript."""
    for element in cell.elements:
        assert isinstance(element, Subscript) and element.position is not None
        wider: Polynomial | None = None
        for loop, count in zip(loops, steps, strict=True):
            assert loop.variable is not None and loop.upper is not None
            stride = element.position.coefficient(loop.variable)
            if stride is None or stride == ZERO:
                continue
            if wider is not None:
                ahead = Polynomial.constant(count)
                room = wider - stride * (loop.upper + ahead + ONE)
                low = loop.lower + ahead if loop.lower is not None else None
                if low is None or not low.never_negative() or not room.never_negative():
                    return False
            wider = stride
    return True
