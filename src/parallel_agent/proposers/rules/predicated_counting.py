"""Counting by ladders of comparisons: every rung is counted, with 0 or 1, in vector lanes.

A branch on data is mispredicted, and its update waits for the one before it; a comparison is a
number. (K. A. Ross: Selection conditions in main memory, ACM TODS 29, 2004.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport, analyse
from parallel_agent.proposers.rules.if_conversion import harmless
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Subscript, Values
from parallel_agent.proposers.rules.writing import Rewriter, data_clauses

_MOST_RUNGS = 12
"""Longer ladders take more comparisons than a branch costs."""
_FIXED = re.compile(r"^(?:std::(?:__debug::)?array<.*>|[^<]*\[\d+\])$")


@dataclass(frozen=True)
class _Rung:
    """One branch: its test (None: else) and the place it adds 1 to."""

    test: Any | None
    place: Any


@dataclass(frozen=True)
class _Ladders:
    """A loop whose body ends in such ladders."""

    report: LoopReport
    ladders: tuple[tuple[Any, tuple[_Rung, ...]], ...]


class PredicatedCounting:
    """``if (a) bins[0]++; else if (b) bins[1]++; else bins[2]++;`` counts in local variables.

    Variants: ``parallel_simd`` (threads and vector lanes) and ``simd``.
    """

    name = "predicated_counting"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """Both variants, if some loop counts by comparisons."""
        return ["parallel_simd", "simd"] if _found(analyse(parsed)) else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with its counts taken without branches."""
        analysis = analyse(parsed)
        found = _found(analysis)
        if not found or options.variant not in self.variants(parsed):
            raise NotApplicable("no loop counts by a ladder of comparisons")
        rewriter = Rewriter(analysis)
        for ladders in found:
            _write(rewriter, ladders, options.variant)
        doubts = [doubt for ladders in found for doubt in _doubts(ladders, analysis.values)]
        return Proposal(
            source=rewriter.apply(),
            reasons_for=tuple(
                f"{f.report.loop.name} only counts: each comparison adds 0 or 1, without a branch"
                for f in found
            ),
            reasons_against=tuple(doubts),
            speculative=bool(doubts),
        )


def _found(analysis: Analysis) -> list[_Ladders]:
    found = [_ladders(report, analysis.values) for report in analysis.loops if not report.inner]
    return [ladders for ladders in found if ladders is not None]


def _ladders(report: LoopReport, values: Values) -> _Ladders | None:
    loop = report.loop
    usual = loop.cursor.kind == Kind.FOR_STMT and loop.variable is not None
    if not usual or report.obstacles or report.carried_scalars or report.lastprivate:
        return None
    ladders = []
    for statement in syntax.statements(loop.body):
        rungs = _rungs(statement, values) if statement.kind == Kind.IF_STMT else None
        if rungs is not None:
            ladders.append((statement, tuple(rungs)))
    branches = [node for node in syntax.walk(loop.body) if node.kind == Kind.IF_STMT]
    if not ladders or len(branches) != sum(_tests(rungs) for _, rungs in ladders):
        return None
    if len(ladders) == 1 and len(ladders[0][1]) == 1 and syntax.is_variable(ladders[0][1][0].place):
        return None  # one count is if_conversion's
    if any(node.kind in (Kind.CONTINUE_STMT, Kind.SWITCH_STMT) for node in syntax.walk(loop.body)):
        return None
    chosen = _Ladders(report, tuple(ladders))
    return chosen if _only_counted(chosen, values) else None


def _tests(rungs: tuple[_Rung, ...]) -> int:
    return sum(rung.test is not None for rung in rungs)


def _rungs(branch: Any, values: Values) -> list[_Rung] | None:
    """The rungs of a ladder, None if a branch does anything but count."""
    rungs: list[_Rung] = []
    node: Any | None = branch
    while node is not None:
        parts = syntax.children(node)
        if len(parts) not in (2, 3) or not parts[0].kind.is_expression() or not harmless(parts[0]):
            return None
        place = _counted(parts[1], values)
        if place is None:
            return None
        rungs.append(_Rung(parts[0], place))
        node = parts[2] if len(parts) == 3 else None
        if node is not None and node.kind != Kind.IF_STMT:
            inside = syntax.statements(node)
            if len(inside) == 1 and inside[0].kind == Kind.IF_STMT:
                (node,) = inside
                continue
            place = _counted(node, values)
            if place is None:
                return None
            rungs.append(_Rung(None, place))
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


def _only_counted(found: _Ladders, values: Values) -> bool:
    """True if the loop does nothing to the counted variables but count."""
    report = found.report
    rungs = [rung for _, ladder in found.ladders for rung in ladder]
    paths = [path for rung in rungs if (path := values.path(rung.place)) is not None]
    roots = {path.root for path in paths}
    if not {syntax.key(update.declaration) for update in report.array_updates} <= roots:
        return False
    accesses = [access for access in report.effects.accesses if access.path.root in roots]
    return len(accesses) == len(rungs) and all(access.kind == "update" for access in accesses)


def _doubts(found: _Ladders, values: Values) -> list[str]:
    doubts = list(found.report.doubts)
    for _, ladder in found.ladders:
        for rung in ladder[1:]:
            kinds = (
                {node.kind for node in syntax.walk(rung.test)} if rung.test is not None else set()
            )
            if kinds & {Kind.ARRAY_SUBSCRIPT_EXPR, Kind.CALL_EXPR}:
                text = " ".join(values.text(rung.test).split())
                doubts.append(f"line {syntax.line(rung.test)}: {text} is now always evaluated")
    return doubts


def _write(rewriter: Rewriter, found: _Ladders, variant: str) -> None:
    report, values = found.report, found.report.loop
    counters: list[tuple[str, Any]] = []
    replacements: dict[Any, str] = {}
    for number, (branch, ladder) in enumerate(found.ladders):
        suffix = f"{number}_" if len(found.ladders) > 1 else ""
        names = [rewriter.free_name(f"count{suffix}{rung}") for rung in range(len(ladder))]
        tests = [rewriter.free_name(f"is{suffix}{rung}") for rung in range(len(ladder))]
        counters += [(name, rung.place) for name, rung in zip(names, ladder, strict=True)]
        lines = []
        for at, rung in enumerate(ladder):
            earlier = [f"!{test}" for test in tests[:at]]
            own = [_test(rewriter, rung.test)] if rung.test is not None else []
            if len(ladder) == 1:
                lines.append(f"{names[at]} += {rewriter.text(rung.test)} ? 1 : 0;")
            else:
                test = " & ".join([*earlier, *own]) if earlier else rewriter.text(rung.test)
                lines.append(f"const bool {tests[at]} = {test};")
        if len(ladder) > 1:
            lines += [f"{name} += {test};" for name, test in zip(names, tests, strict=True)]
        replacements[branch] = "\n".join(lines)
    declarations = [
        f"{type_} {', '.join(f'{name} = 0' for name, p in counters if _type(p) == type_)};"
        for type_ in dict.fromkeys(_type(place) for _, place in counters)
    ]
    if any(line.startswith("std::size_t") for line in declarations):
        rewriter.include("cstddef")
    taken = {rewriter.text(place) for _, place in counters}
    kept = {op: [n for n in names if n not in taken] for op, names in report.reductions.items()}
    others = LoopReport(values, report.effects, report.outer, private=report.private)
    others.reductions = {op: names for op, names in kept.items() if names}
    clauses = data_clauses(others)
    clauses.append(f"reduction(+ : {', '.join(name for name, _ in counters)})")
    directive = "parallel for simd" if variant == "parallel_simd" else "simd"
    clauses += ["schedule(static)"] if variant == "parallel_simd" else []
    merged = [_merged(rewriter, name, place) for name, place in counters]
    rewriter.replace_loop(
        report,
        [
            "// Every comparison is counted, taken or not: no branch can be mispredicted.",
            *declarations,
            f"#pragma omp {directive} {' '.join(clauses)}",
            rewriter.replaced(report.loop.cursor, replacements),
            *merged,
        ],
    )


def _type(place: Any) -> str:
    name = syntax.bare_type(place.type)
    return "std::size_t" if name == "unsigned long" else name


def _test(rewriter: Rewriter, test: Any) -> str:
    text = rewriter.text(test)
    simple = syntax.strip(test).kind in (Kind.DECL_REF_EXPR, Kind.CALL_EXPR)
    boolean = syntax.bare_type(syntax.strip(test).type) == "bool"
    text = text if simple else f"({text})"
    return text if boolean else f"({text} != 0)"


def _merged(rewriter: Rewriter, name: str, place: Any) -> str:
    """Add a count; where the place need not be there if nothing was counted, only if it is."""
    text = rewriter.text(place)
    base = next(iter(syntax.children(place)), None)
    sized = base is None or _FIXED.match(syntax.bare_type(syntax.strip(base).type))
    return f"{text} += {name};" if sized else f"if ({name} != 0) {text} += {name};"
