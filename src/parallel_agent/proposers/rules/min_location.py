"""Searching the smallest or largest value together with the place where it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport, analyse
from parallel_agent.proposers.rules.min_blocks import BlockSearch, block_search, blocks_of
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.targets import schedule
from parallel_agent.proposers.rules.updates import same
from parallel_agent.proposers.rules.values import Values
from parallel_agent.proposers.rules.writing import Rewriter, data_clauses

_OPPOSITE = {"<": ">", ">": "<"}
_Compared = tuple[str, str, tuple[Any, Any] | None]


@dataclass(frozen=True)
class _Search:
    """``if (value < best) { best = value; place = i; ... }`` or ``if (x[i] < x[place]) place = i``.

    ``best`` is the expression compared with, ``place`` and ``carried`` are declarations.
    """

    report: LoopReport
    best: str
    place: Any
    carried: tuple[Any, ...]
    relation: str
    sides: tuple[Any, Any] | None
    """The value and the best so far as the condition has them, if it tests nothing else."""

    @property
    def first_wins(self) -> str:
        """The relation that makes an earlier iteration win a tie."""
        return ">" if self.report.loop.descending else "<"


class MinLocation:
    """Each thread searches its own part; the parts' winners are compared, the first one in a tie.

    The variants: ``parallel_simd`` looks for the extreme value of a block by vector lanes, and for
    its place only where that is better than all before; ``simd`` does so on one thread;
    ``parallel`` takes value by value.
    """

    name = "min_location"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``parallel`` if there is such a search, the others if its values have no branch."""
        analysis = analyse(parsed)
        found = _searches(analysis)
        rewriter = Rewriter(analysis)
        lanes = any(_lanes(rewriter, search) is not None for search in found)
        return [*(["parallel_simd", "simd"] if lanes else []), *(["parallel"] if found else [])]

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with its searches done by all threads."""
        analysis = analyse(parsed)
        found = _searches(analysis)
        if not found:
            raise NotApplicable("no loop looks for an extreme value and its place")
        rewriter = Rewriter(analysis)
        for search in found:
            _write(rewriter, search, options.variant)
        return Proposal(
            source=rewriter.apply(),
            reasons_for=tuple(
                f"{s.report.loop.name} only compares with {s.best}, and in a tie the "
                f"smaller iteration, kept in {s.place.spelling}, wins"
                for s in found
            ),
            reasons_against=tuple(doubt for s in found for doubt in s.report.doubts),
            speculative=any(s.report.doubts for s in found),
        )


def _searches(analysis: Analysis) -> list[_Search]:
    """The outermost such loops, in source order."""
    found: list[_Search] = []
    pending = list(analysis.loops)
    while pending:
        report = pending.pop(0)
        search = _search(report, analysis.values) if not report.parallel else None
        if search is not None:
            found.append(search)
        elif not report.parallel:
            pending = [*report.inner, *pending]
    return found


def _search(report: LoopReport, values: Values) -> _Search | None:
    if report.obstacles or report.array_updates or not report.carried_scalars:
        return None
    if any(nested.lanes for around in (*report.outer, report) for nested in around.nest()):
        return None  # the lanes look for a better value already
    for node in syntax.walk(report.loop.body):
        if node.kind == Kind.IF_STMT:
            search = _read_search(node, report, values)
            if search is not None:
                return search
    return None


def _read_search(node: Any, report: LoopReport, values: Values) -> _Search | None:
    parts = syntax.children(node)
    if len(parts) != 2:
        return None
    assigned: dict[str, tuple[Any, Any]] = {}
    for statement in syntax.statements(parts[1]):
        if syntax.binary_operator(statement) != "=":
            return None
        target, value = syntax.children(statement)
        target = syntax.strip(target)
        if not syntax.is_variable(target):
            return None
        assigned[syntax.key(target.referenced)] = (target, value)
    if set(assigned) != set(report.carried_scalars):
        return None
    for access in report.effects.accesses:
        if access.path.root in assigned and not syntax.contains(node, access.node):
            return None
    place = next((t for t, v in assigned.values() if _is_counter(v, report)), None)
    if place is None:
        return None
    if len(assigned) == 1:
        compared = _compared_at(parts[0], place, report, values)
    else:
        compared = _compared(parts[0], assigned, values)
    if compared is None:
        return None
    best, relation, sides = compared
    carried = tuple(target.referenced for target, _ in assigned.values())
    return _Search(report, best, place.referenced, carried, relation, sides)


def _compared(
    condition: Any, assigned: dict[str, tuple[Any, Any]], values: Values
) -> _Compared | None:
    """The variable that the condition compares a new value with, and ``<`` or ``>``."""
    found: _Compared | None = None
    conjuncts = _conjuncts(condition)
    for part in conjuncts:
        relation = syntax.binary_operator(part)
        sides = syntax.children(part) if relation in _OPPOSITE else []
        for target, value in assigned.values():
            if len(sides) == 2 and same(sides[1], target, values) and same(sides[0], value, values):
                found = target.spelling, relation, (sides[0], sides[1])
            if len(sides) == 2 and same(sides[0], target, values) and same(sides[1], value, values):
                found = target.spelling, _OPPOSITE[relation], (sides[1], sides[0])
    read = [name for part in conjuncts for name in _mentions(part, set(assigned))]
    if found is None or len(read) != 1:
        return None
    return found if len(conjuncts) == 1 else (found[0], found[1], None)


def _compared_at(
    condition: Any, place: Any, report: LoopReport, values: Values
) -> _Compared | None:
    """The same for a comparison of what is here with what is at the place found so far."""
    relation = syntax.binary_operator(syntax.strip(condition))
    if relation not in _OPPOSITE:
        return None
    here, there = syntax.children(syntax.strip(condition))
    left, right = values.text(here), values.text(there)
    variable = report.loop.declaration.spelling
    if _at(left, variable, place.spelling) == right:
        return right, relation, (here, there)
    if _at(right, variable, place.spelling) == left:
        return left, _OPPOSITE[relation], (there, here)
    return None


def _at(text: str, variable: str, place: str) -> str:
    return re.sub(rf"\b{variable}\b", place, text)


def _conjuncts(condition: Any) -> list[Any]:
    condition = syntax.strip(condition)
    if syntax.binary_operator(condition) != "&&":
        return [condition]
    return [part for side in syntax.children(condition) for part in _conjuncts(side)]


def _mentions(node: Any, names: set[str]) -> list[str]:
    found = [syntax.key(n.referenced) for n in syntax.walk(node) if syntax.is_variable(n)]
    return [name for name in found if name in names]


def _is_counter(value: Any, report: LoopReport) -> bool:
    value = syntax.strip(value, casts=True)
    variable = report.loop.variable
    return (
        variable is not None
        and syntax.is_variable(value)
        and syntax.key(value.referenced) == variable.name
        and report.loop.cursor.kind == Kind.FOR_STMT
    )


def _lanes(rewriter: Rewriter, search: _Search) -> BlockSearch | None:
    """How vector lanes may search, None if they may not."""
    if search.sides is None:
        return None
    try:
        return block_search(search.report, *search.sides, rewriter)
    except NotApplicable:
        return None


def _write(rewriter: Rewriter, search: _Search, variant: str) -> None:
    report = search.report
    lanes = _lanes(rewriter, search) if variant != "parallel" else None
    if lanes is not None:
        rewriter.include("algorithm")
    if variant == "simd":
        if lanes is not None:
            rewriter.replace_loop(report, _blocks(rewriter, search, lanes, {}))
        return
    local = {d.spelling: rewriter.free_name(f"{d.spelling}_local") for d in search.carried}
    best, place = search.best, search.place.spelling
    ours, our_place = _renamed(best, local), local[place]
    unit = rewriter.unit
    # where nothing was found, what stands at the place need not exist
    found = f"{our_place} != {place} && (" if len(local) == 1 else ""
    after = [
        f"if ({found}{ours} {search.relation} {best} ||",
        f"    ({ours} == {best} && {our_place} {search.first_wins} {place})"
        f"{')' if found else ''}) {{",
        *(f"{unit}{name} = {copy};" for name, copy in local.items()),
        "}",
    ]
    keys = {syntax.key(d): local[d.spelling] for d in search.carried}
    clauses = [*data_clauses(report), schedule(report, dynamic=True)]
    loop = rewriter.renamed(report.loop.cursor, keys)
    if lanes is not None:
        loop = "\n".join(_blocks(rewriter, search, lanes, local))
    rewriter.parallel_block(
        report,
        before=[
            f"{d.type.spelling.removesuffix('&').strip()} {local[d.spelling]} = {d.spelling};"
            for d in search.carried
        ],
        loop=loop,
        after=after,
        clauses=" ".join(clauses),
    )


def _blocks(
    rewriter: Rewriter, search: _Search, lanes: BlockSearch, local: dict[str, str]
) -> list[str]:
    """The loop over blocks, with the variables that it carries renamed."""
    keys = {syntax.key(d): local.get(d.spelling, d.spelling) for d in search.carried}
    loop = search.report.loop
    body = rewriter.renamed(loop.body, keys)
    if loop.body.kind != Kind.COMPOUND_STMT:
        body = f"{{\n{rewriter.indented([body])[0]}\n}}"
    best = _renamed(search.best, local)
    return blocks_of(lanes, search.report, rewriter, best, search.relation, body)


def _renamed(text: str, local: dict[str, str]) -> str:
    for name, copy in local.items():
        text = _at(text, name, copy)
    return text
