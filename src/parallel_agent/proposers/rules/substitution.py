"""Recognizing forward and back substitution: each unknown waits for all those before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport
from parallel_agent.proposers.rules.effects import Access
from parallel_agent.proposers.rules.polynomials import ONE, Polynomial, Symbol
from parallel_agent.proposers.rules.scalars import needed_later
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.updates import update_of
from parallel_agent.proposers.rules.values import Path, Subscript, Values


@dataclass(frozen=True)
class Rows:
    """The loop over the unknowns, from ``low`` up to before ``end`` or back; texts of the source."""

    declaration: Any
    symbol: Symbol
    first: Any
    """The expression that the loop's variable starts from."""
    low: str
    end: str
    lowest: Polynomial
    highest: Polynomial
    backward: bool
    tested_first: bool = False
    """True for ``for (i = n; i-- > 0;)``."""


@dataclass(frozen=True)
class Substitution:
    """``for i: before; for j < i: s -= ... x[j] ...; after``, where ``after`` sets x[i].

    Backward, i goes down and j runs over what is above it. ``scalar`` declares s; it is None where
    x[i] itself is the sum. ``edge`` is the end of the columns that no row moves: where they start,
    or (backward) where they stop. ``target`` is one node of x[i], ``place`` its path.
    """

    report: LoopReport
    rows: Rows
    columns: LoopReport
    edge: str
    before: tuple[Any, ...]
    update: Any
    after: tuple[Any, ...]
    scalar: Any
    target: Any
    place: Path
    doubts: tuple[str, ...]


def substitutions(analysis: Analysis) -> Iterator[Substitution]:
    """All substitutions of a kernel, in source order."""
    for report in analysis.all_loops():
        if len(report.inner) == 1 and not report.inner[0].inner:
            found = _substitution(report, analysis.values)
            if found is not None:
                yield found


def _substitution(report: LoopReport, values: Values) -> Substitution | None:
    (columns,) = report.inner
    rows, body = _rows(report, values), syntax.statements(report.loop.body)
    inside = syntax.statements(columns.loop.body)
    if rows is None or columns.loop.cursor not in body or len(inside) != 1:
        return None
    edge = _edge(rows, report, columns, values)
    update = update_of(syntax.strip(inside[0]), values)
    effects = report.effects
    if edge is None or update is None or update.operator != "+":
        return None
    if effects.objections or effects.hidden_reads or effects.branches or columns.lanes:
        return None
    counter = syntax.key(columns.loop.declaration)
    written = [root for root in effects.written() if root != counter]
    if len(written) != 1 or not all(access.path.elements for access in effects.of(written[0])):
        return None
    at = body.index(columns.loop.cursor)
    before, after = tuple(body[:at]), tuple(body[at + 1 :])
    store = next(a for a in effects.of(written[0]) if a.kind != "read")
    scalar = _scalar(update.target, before)
    if scalar is None and values.path(update.target) != store.path:
        return None
    found = Substitution(
        *(report, rows, columns, edge, before, inside[0], after, scalar, store.node, store.path),
        doubts=tuple(_doubts(store, report, rows)),
    )
    sound = _reads_what_is_solved(found) and _plain(found, values) and _steady(found)
    return found if sound else None


def _rows(report: LoopReport, values: Values) -> Rows | None:
    """The shape of a loop over unknowns; None for loops with steps of more than one."""
    loop, parts = report.loop, syntax.children(report.loop.cursor)
    if loop.cursor.kind == Kind.FOR_STMT and len(parts) == 3:
        return _tested_first(parts, values)
    if loop.variable is None or loop.cursor.kind != Kind.FOR_STMT or loop.step != ONE:
        return None
    if loop.lower is None or loop.upper is None:
        return None
    if not loop.declares_variable and needed_later(loop, loop.declaration, values.function):
        return None
    first, bound = (values.text(part) for part in loop.header)
    limit = values.polynomial(loop.header[1])
    low, end = (bound, _successor(first)) if loop.descending else (first, bound)
    if loop.descending and limit != loop.lower:
        low = _successor(bound)
    if not loop.descending and limit == loop.upper:
        end = _successor(bound)
    shape = (loop.declaration, loop.variable, loop.header[0], low, end, loop.lower, loop.upper)
    return Rows(*shape, backward=loop.descending)


def _tested_first(parts: list[Any], values: Values) -> Rows | None:
    """``for (T i = n; i-- > 0;)``: from n - 1 down to 0."""
    declared = syntax.children(parts[0]) if parts[0].kind == Kind.DECL_STMT else []
    condition = syntax.strip(parts[1])
    if len(declared) != 1 or syntax.binary_operator(condition) not in (">", "!="):
        return None
    first = syntax.initializer(declared[0])
    end = values.polynomial(first) if first is not None else None
    text = values.text(condition).replace(" ", "")
    if end is None or text not in (f"{declared[0].spelling}-->0", f"{declared[0].spelling}--!=0"):
        return None
    symbol = values.position_symbol(declared[0])
    bounds = ("0", values.text(first), Polynomial(), end - ONE)
    return Rows(declared[0], symbol, first, *bounds, backward=True, tested_first=True)


def _successor(text: str) -> str:
    """The text of a number plus one."""
    if re.fullmatch(r"[\w.() +-]+", text) is None:
        return f"({text}) + 1"
    return text.removesuffix(" - 1") if text.endswith(" - 1") else f"{text} + 1"


def _edge(rows: Rows, report: LoopReport, columns: LoopReport, values: Values) -> str | None:
    """Where the columns start (backward: stop), if they reach all rows solved before, and no other."""
    loop = columns.loop
    counted = loop.variable is not None and loop.cursor.kind == Kind.FOR_STMT
    if not counted or loop.descending or loop.step != ONE:
        return None
    if not loop.declares_variable and needed_later(loop, loop.declaration, values.function):
        return None
    lower, upper = loop.lower, loop.upper
    own = Polynomial.variable(rows.symbol)
    replaced = {
        a.path.root for a in report.effects.accesses if a.kind != "read" and not a.path.elements
    }
    changing = {*report.effects.declared, *replaced, rows.symbol.name}
    if lower is None or upper is None:
        return None
    fixed, first, bound = lower, values.text(loop.header[0]), values.text(loop.header[1])
    if rows.backward:
        fixed = upper
        reaches = lower == own + ONE and (upper - rows.highest).never_negative()
        inclusive = values.polynomial(loop.header[1]) == upper
        first = _successor(bound) if inclusive else bound
    else:
        reaches = upper == own - ONE and (rows.lowest - lower).never_negative()
    depends = {name for symbol in fixed.symbols for name in symbol.depends}
    return first if reaches and not depends & changing else None


def _scalar(target: Any, before: tuple[Any, ...]) -> Any | None:
    """The declaration of the local variable that terms are added to."""
    target = syntax.strip(target)
    if not syntax.is_variable(target) or not syntax.is_arithmetic(target.type):
        return None
    declared = [d for s in before if s.kind == Kind.DECL_STMT for d in syntax.children(s)]
    found = next((d for d in declared if d == target.referenced), None)
    if found is None or syntax.initializer(found) is None or syntax.is_reference(found.type):
        return None
    return found


def _reads_what_is_solved(found: Substitution) -> bool:
    """True if x is read and written at i, in the columns read at j, and no term needs the sum."""
    column = found.columns.loop.variable
    assert column is not None
    if found.scalar is not None:
        terms = found.columns.effects.of(syntax.key(found.scalar))
        if any(access.kind != "update" for access in terms):
            return False
    solved = _moved(found.place, found.rows.symbol, column)
    reads = 0
    for access in found.report.effects.of(found.place.root):
        inside = syntax.contains(found.columns.loop.cursor, access.node)
        if inside and access.kind == "read" and access.path == solved:
            reads += 1
        elif access.path != found.place or (
            inside and (found.scalar is not None or access.kind != "update")
        ):
            return False
    return reads > 0


def _moved(path: Path, row: Symbol, column: Symbol) -> Path:
    """A place with one variable instead of another in its subscripts."""
    other = Polynomial.variable(column)
    elements = tuple(
        Subscript(part.position.substitute(row, other), part.packed)
        if isinstance(part, Subscript) and part.position is not None
        else part
        for part in path.elements
    )
    return Path(path.declaration, path.root, elements)


def _plain(found: Substitution, values: Values) -> bool:
    """True if all statements are declarations of constants and assignments to the sum and to x[i].

    What is declared before the columns is computed again after them, so it must not read x.
    """
    sums = syntax.key(found.scalar) if found.scalar is not None else ""
    for statement in (*found.before, *found.after):
        if statement.kind == Kind.DECL_STMT:
            early = statement in found.before
            for declared in syntax.children(statement):
                name = syntax.key(declared)
                reads = found.place.root in syntax.variables(declared)
                if name != sums and (values.assigned(declared) or (early and reads)):
                    return False
        else:
            bare = syntax.strip(statement)
            if syntax.binary_operator(bare) not in syntax.ASSIGNMENTS:
                return False
            if found.scalar is not None and statement in found.before:
                return False
    return True


def _steady(found: Substitution) -> bool:
    """True if x[i] is another element for every i, whatever the iteration before did."""
    changing = found.report.effects.declared | set(found.report.effects.written())
    positions = [e.position for e in found.place.elements if isinstance(e, Subscript)]
    if any(p is None for p in positions) or any(
        getattr(e, "packed", False) for e in found.place.elements
    ):
        return False
    depends = {n for p in positions if p is not None for s in p.symbols for n in s.depends}
    factors = [p.coefficient(found.rows.symbol) for p in positions if p is not None]
    moves = any(f is not None and f.value != 0 for f in factors)
    return moves and None not in factors and not depends & changing


def _doubts(store: Access, report: LoopReport, rows: Rows) -> Iterator[str]:
    """What the source does not say: that pointers lead to different arrays, that strides are not 0."""
    written = store.path.declaration
    if syntax.is_pointer(written.type) and not written.type.is_restrict_qualified():
        pointee = syntax.bare_type(written.type.get_canonical().get_pointee())
        others = {
            access.path.name
            for access in report.effects.accesses
            if access.path.elements
            and access.path.root != store.path.root
            and syntax.is_pointer(access.path.declaration.type)
            and syntax.bare_type(access.path.declaration.type.get_canonical().get_pointee())
            == pointee
        }
        if others:
            yield (
                f"{store.path.name} is written and could overlap with {', '.join(sorted(others))}: "
                "they are raw pointers"
            )
    positions = [e.position for e in store.path.elements if isinstance(e, Subscript)]
    factors = [p.coefficient(rows.symbol) for p in positions if p is not None]
    if not any(f is not None and _not_zero(f, report) for f in factors):
        yield f"unknowns of {store.path.name} lie apart only if their stride is not 0"


def _not_zero(stride: Polynomial, report: LoopReport) -> bool:
    """True for a number, and for what a loop around counts up to."""
    if stride.value is not None:
        return stride.value != 0
    around = [outer.loop for outer in report.outer]
    return any(
        loop.lower is not None
        and loop.upper is not None
        and loop.lower.never_negative()
        and (stride - ONE - loop.upper).never_negative()
        for loop in around
    )
