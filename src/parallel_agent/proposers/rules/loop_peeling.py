"""Loop peeling: the interior of a grid without tests of the position, the border as it was."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport, analyse
from parallel_agent.proposers.rules.borders import Axis, Interior, over_neighbours, spelled
from parallel_agent.proposers.rules.polynomials import Polynomial
from parallel_agent.proposers.rules.specialize import Specializer
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.writing import Rewriter, data_clauses


@dataclass(frozen=True)
class _Peeled:
    """An innermost loop over positions, its interior, and the body to run there."""

    report: LoopReport
    interior: Interior
    axis: Axis
    body: str
    lines: tuple[int, ...]

    @property
    def parallel_loop(self) -> LoopReport | None:
        """The outermost loop around whose iterations may run side by side."""
        return next((report for report in self.report.outer if report.parallel), None)


class LoopPeeling:
    """Nests over grids whose body tests whether a neighbour is there.

    Variants: ``parallel_simd`` (rows in parallel, the interior in vector lanes), ``parallel``,
    ``simd`` and ``plain`` (no directives: for other strategies to go on from).
    """

    name = "loop_peeling"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """The variants, if some innermost loop tests its position."""
        found = bool(_peeled(analyse(parsed)))
        return ["parallel_simd", "simd", "parallel", "plain"] if found else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with the interior of its grids in loops of their own."""
        analysis = analyse(parsed)
        found = _peeled(analysis)
        if not found or options.variant not in self.variants(parsed):
            raise NotApplicable("no innermost loop tests its position at a border")
        rewriter = Rewriter(analysis)
        rows: dict[int, LoopReport] = {}
        for peeled in found:
            _write(rewriter, peeled, options.variant)
            around = peeled.parallel_loop
            if around is not None and "parallel" in options.variant:
                rows[around.loop.cursor.extent.start.offset] = around
        for around in rows.values():
            rewriter.directive(around, "parallel for", "schedule(static)")
        doubts = [doubt for peeled in found for doubt in peeled.report.doubts]
        doubts += [doubt for around in rows.values() for doubt in around.doubts]
        return Proposal(
            source=rewriter.apply(),
            reasons_for=tuple(_reason(peeled) for peeled in found),
            reasons_against=tuple(dict.fromkeys(doubts)),
            speculative=bool(doubts),
        )


def _reason(peeled: _Peeled) -> str:
    lines = ", ".join(str(line) for line in peeled.lines)
    return (
        f"what line {lines} tests is decided inside the grid: there {peeled.report.loop.name} "
        "needs no branch"
    )


def _peeled(analysis: Analysis) -> list[_Peeled]:
    found = [_peel(analysis, report) for report in analysis.all_loops()]
    return [peeled for peeled in found if peeled is not None]


def _peel(analysis: Analysis, report: LoopReport) -> _Peeled | None:
    """Interior first, border later: any order will do where iterations are independent."""
    orderly = report.parallel and not report.lastprivate and not report.private
    if not orderly or report.loop.variable is None or not over_neighbours(report):
        return None
    interior = Interior(analysis, report)
    axis = interior.positions
    if axis is None:
        return None
    source = analysis.parsed.kernel.source
    # Twice: what is decided late may move the border for what was decided early.
    Specializer(analysis.values, source, interior).block(report.loop.body)
    bordered = [axis, *(other for other in interior.axes if other.low or other.high)]
    if not interior.has_border() or not all(map(_writable, bordered)):
        return None
    specializer = Specializer(analysis.values, source, interior)
    body = specializer.block(report.loop.body)
    lines = tuple(dict.fromkeys(sorted(specializer.lines)))
    return _Peeled(report, interior, axis, body, lines) if body and lines else None


def _writable(axis: Axis) -> bool:
    return spelled(axis.end) is not None and spelled(axis.lower) is not None


def _text(polynomial: Polynomial) -> str:
    text = spelled(polynomial)
    assert text is not None
    return text


def _end(rewriter: Rewriter, axis: Axis, less: int = 0) -> str:
    """Where an axis ends, as the source says it where that is simple, less some iterations."""
    bound = rewriter.text(axis.report.loop.header[1])
    simple = re.fullmatch(r"\w+(\.size\(\))?", bound) and not bound.isdigit()
    if simple and rewriter.polynomial(axis.report.loop.header[1]) == axis.end:
        return f"{bound} - {less}" if less else bound
    return _text(axis.end - Polynomial.constant(less))


def _write(rewriter: Rewriter, peeled: _Peeled, variant: str) -> None:
    loop, axis, unit = peeled.report.loop, peeled.axis, rewriter.unit
    name = loop.declaration.spelling
    first = _text(axis.lower + Polynomial.constant(axis.low))
    last = _end(rewriter, axis, axis.high)
    inside = rewriter.free_name("inside", "inside_grid")
    header = f"for ({_type(rewriter, peeled)} {name} = {first}; "
    header += f"{name} < {last}; ++{name}) {{"
    jump = f"if ({inside} && {name} == {first}) {{"
    step = f"{name} = {last};" if axis.high else "break;"
    statements = syntax.statements(loop.body)
    border = "\n".join(rewriter.renamed(statement, {}) for statement in statements)
    start, end = rewriter.header_span(loop.cursor)
    lines = [
        "// Away from the border every neighbour is there.",
        f"const bool {inside} = {' && '.join(_conditions(rewriter, peeled))};",
        f"if ({inside}) {{",
        *rewriter.indented([*_directive(peeled, variant), header]),
        *rewriter.indented(rewriter.indented([peeled.body])),
        *rewriter.indented(["}"]),
        "}",
        f"for ({rewriter.between(start, end)}) {{",
        *rewriter.indented([jump, f"{unit}{step}", "}"]),
        *rewriter.indented([border]),
        "}",
    ]
    if peeled.report.outer and peeled.report.outer[-1].loop.body == loop.cursor:
        lines = ["{", *rewriter.indented(lines), "}"]
    rewriter.replace_loop(peeled.report, lines)


def _type(rewriter: Rewriter, peeled: _Peeled) -> str:
    """The type of the loop's variable as the source writes it."""
    declaration = peeled.report.loop.declaration
    text = rewriter.between(declaration.extent.start.offset, declaration.location.offset)
    return text.strip()


def _directive(peeled: _Peeled, variant: str) -> list[str]:
    clauses = data_clauses(peeled.report)
    words = ["omp"]
    if "parallel" in variant and peeled.parallel_loop is None:
        words += ["parallel", "for"]
    if "simd" in variant:
        words.append("simd")
    if words == ["omp"]:
        return []
    if "for" in words:
        clauses.append("schedule(static)")
    return [" ".join(["#pragma", *words, *clauses])]


def _conditions(rewriter: Rewriter, peeled: _Peeled) -> list[str]:
    """What tells that an interior is there, and that a row goes through it."""
    conditions: list[str] = []
    for axis in peeled.interior.axes:
        name = axis.report.loop.declaration.spelling
        width = Polynomial.constant(axis.low + axis.high)
        if axis is peeled.axis:
            least = axis.lower + width
            if least.value is not None:
                conditions.insert(0, f"{_end(rewriter, axis)} > {least.value}")
            else:
                conditions.insert(0, f"{_text(least)} < {_end(rewriter, axis)}")
            continue
        if axis.low:
            first = axis.lower + Polynomial.constant(axis.low)
            at_zero = first.value == 1
            conditions.append(f"{name} > 0" if at_zero else f"{name} >= {first}")
        if axis.high:
            conditions.append(f"{name} + {axis.high} < {_end(rewriter, axis)}")
    return conditions
