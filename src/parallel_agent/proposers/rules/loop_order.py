"""The order of nested loops: interchange, so that the innermost one visits neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport, analyse
from parallel_agent.proposers.rules.polynomials import Symbol
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.targets import rectangular
from parallel_agent.proposers.rules.values import Path, Subscript, Values
from parallel_agent.proposers.rules.writing import Rewriter


@dataclass(frozen=True)
class _Pair:
    """Two nested loops that may change places.

    ``total`` and ``store`` are set for ``T total = start; for (...) total += e; place = total;``:
    then the place takes the part of the local variable. ``start`` alone is a first store to it.
    """

    outer: LoopReport
    inner: LoopReport
    start: Any = None
    total: Any = None
    store: Any = None


class LoopOrder:
    """Interchange of the two innermost loops of a nest.

    Variants: ``interchange_parallel`` (with the outermost loop in parallel) and ``interchange``
    (without threads). Sums keep the order of their terms, and so their last bits.
    """

    name = "loop_order"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """Names of the variants that this source allows, best first."""
        analysis = analyse(parsed)
        pairs = _pairs(analysis)
        found = ["interchange"] if pairs else []
        if any(_parallel_loop(pair) for pair in pairs):
            found.insert(0, "interchange_parallel")
        return found

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with its loops in another order."""
        analysis = analyse(parsed)
        if options.variant not in self.variants(parsed):
            raise NotApplicable(f"no loop nest allows {options.variant or 'another order'}")
        pairs = _pairs(analysis)
        rewriter = Rewriter(analysis)
        parallel = options.variant == "interchange_parallel"
        for pair in pairs:
            _interchange(rewriter, pair, parallel)
        return Proposal(
            source=rewriter.apply(),
            reasons_for=tuple(
                f"{p.inner.loop.name} jumps through memory; with {p.outer.loop.name} inside it, "
                "neighbouring elements follow each other"
                for p in pairs
            ),
            reasons_against=tuple(doubt for p in pairs for doubt in p.outer.doubts),
            speculative=any(p.outer.doubts for p in pairs),
        )


def _pairs(analysis: Analysis) -> list[_Pair]:
    """The nests whose innermost two loops should change places."""
    found = []
    for inner in analysis.all_loops():
        if not inner.inner and inner.outer and _movable(inner):
            pair = _pair(inner.outer[-1], inner, analysis.values)
            if pair is not None and _worthwhile(pair, analysis.values):
                found.append(pair)
    return found


def _movable(inner: LoopReport) -> bool:
    return (
        inner.loop.variable is not None
        and inner.loop.cursor.kind == Kind.FOR_STMT
        and not inner.effects.objections
        and not inner.carried_scalars
        and not inner.private
        and not inner.lastprivate
    )


def _pair(outer: LoopReport, inner: LoopReport, values: Values) -> _Pair | None:
    """Interchange is legal where the outer of both loops carries nothing (any order inside it)."""
    plain = outer.parallel and not outer.reductions and not outer.private and not outer.lastprivate
    if not plain or len(outer.inner) != 1 or outer.loop.cursor.kind != Kind.FOR_STMT:
        return None
    if not rectangular(outer, inner):
        return None
    body = syntax.statements(outer.loop.body)
    before = body[: body.index(inner.loop.cursor)] if inner.loop.cursor in body else None
    if before is None:
        return None
    after = body[len(before) + 1 :]
    if not before and not after and not inner.reductions:
        return _Pair(outer, inner)
    if len(before) == 1 and not after and not inner.reductions:
        return _stored_first(outer, inner, before[0], values)
    if len(before) == 1 and len(after) == 1:
        return _summed_locally(outer, inner, before[0], after[0], values)
    return None


def _stored_first(outer: LoopReport, inner: LoopReport, start: Any, values: Values) -> _Pair | None:
    """``place = start; for (...) place += e;``"""
    if syntax.binary_operator(start) != "=" or len(inner.array_updates) != 1:
        return None
    place = values.path(syntax.children(start)[0])
    if place is None or place.root != syntax.key(inner.array_updates[0].declaration):
        return None
    if any(access.path != place for access in inner.effects.of(place.root)):
        return None
    return _Pair(outer, inner, start=start)


def _summed_locally(
    outer: LoopReport, inner: LoopReport, first: Any, last: Any, values: Values
) -> _Pair | None:
    """``T total = start; for (...) total += e; place = total;``"""
    declared = syntax.children(first) if first.kind == Kind.DECL_STMT else []
    if len(declared) != 1 or declared[0].kind != Kind.VAR_DECL:
        return None
    total, start = declared[0], syntax.initializer(declared[0])
    if start is None or syntax.binary_operator(last) != "=" or len(inner.reductions) != 1:
        return None
    target, value = syntax.children(last)
    value = syntax.strip(value)
    place = values.path(target)
    if place is None or not place.elements or not syntax.is_variable(value):
        return None
    name = syntax.key(total)
    uses = [a for a in outer.effects.of(name) if a.kind != "update"]
    alone = (
        syntax.key(value.referenced) == name
        and len(uses) == 1
        and list(inner.reductions.values()) == [[total.spelling]]
        and not inner.effects.of(place.root)
        and inner.effects.written() == [name]
    )
    same_type = syntax.bare_type(total.type) == syntax.bare_type(target.type)
    return _Pair(outer, inner, start, total, last) if alone and same_type else None


def _worthwhile(pair: _Pair, values: Values) -> bool:
    """True if fewer accesses jump through memory with the outer loop innermost."""
    inner, outer = pair.inner.loop.variable, pair.outer.loop.variable
    paths = [access.path for access in pair.inner.effects.accesses if access.path.elements]
    if pair.store is not None:
        place = values.path(syntax.children(pair.store)[0])
        paths += [place] if place is not None else []
    assert inner is not None and outer is not None
    inside = {
        access.path.root: values.origins(access.path.declaration)
        for access in pair.inner.effects.accesses
        if access.path.root in pair.inner.effects.declared
    }
    jumps = [sum(_jumps(path, v, inside) for path in paths) for v in (outer, inner)]
    return jumps[0] < jumps[1]


def _jumps(path: Path, variable: Symbol, inside: dict[str, set[str]]) -> bool:
    """True if the next iteration of a variable's loop is not at the same or the next element.

    ``inside`` has, for the variables declared in the loop, those that their values come from.
    """
    subscripts = [part for part in path.elements if isinstance(part, Subscript)]
    for place, subscript in enumerate(subscripts):
        if subscript.position is None:
            return True
        depends = {name for symbol in subscript.position.symbols for name in symbol.depends}
        if any(variable.name in inside.get(name, ()) for name in depends):
            return True
        factor = subscript.position.coefficient(variable)
        last = place == len(subscripts) - 1
        if factor is None or factor.value not in ((0, 1, -1) if last else (0,)):
            return True
    return False


def _parallel_loop(pair: _Pair) -> LoopReport | None:
    """The outermost loop that may run in parallel once the two have changed places."""
    around = next((report for report in pair.outer.outer if report.parallel), None)
    if around is not None:
        return around
    perfect = pair.start is None and pair.inner.parallel
    return pair.outer if perfect and not pair.outer.outer else None


def _interchange(rewriter: Rewriter, pair: _Pair, parallel: bool) -> None:
    chosen = _parallel_loop(pair) if parallel else None
    if chosen is not None and chosen is not pair.outer:
        rewriter.directive(chosen, "parallel for", "schedule(static)")
    elif chosen is not None:
        rewriter.pragma(chosen, chosen.loop.cursor, "parallel for schedule(static)")
    outer, inner = pair.outer.loop, pair.inner.loop
    if pair.start is None:
        first, second = (rewriter.header_span(loop.cursor) for loop in (outer, inner))
        edits = rewriter.edits
        edits.replace_range(*first, rewriter.between(*second))
        edits.replace_range(*second, rewriter.between(*first))
        if not pair.inner.effects.branches:
            rewriter.pragma(pair.outer, inner.cursor, "simd")
    else:
        _distribute(rewriter, pair)


def _distribute(rewriter: Rewriter, pair: _Pair) -> None:
    """First set the places, then combine into them with the loops interchanged."""
    outer, inner = pair.outer.loop, pair.inner.loop
    header, inner_header = (
        f"for ({rewriter.between(*rewriter.header_span(loop.cursor))}) {{"
        for loop in (outer, inner)
    )
    names: dict[str, str] = {}
    first = rewriter.renamed(pair.start, {})
    if pair.total is not None:
        place = rewriter.text(syntax.children(pair.store)[0])
        names[syntax.key(pair.total)] = place
        first = f"{place} = {rewriter.text(pair.start)};"
    body = [rewriter.renamed(statement, names) for statement in syntax.statements(inner.body)]
    simd = [] if pair.inner.effects.branches else ["#pragma omp simd"]
    nest = [*simd, header, *rewriter.indented(body), "}"]
    rewriter.replace_loop(
        pair.outer,
        [header, *rewriter.indented([first]), "}", inner_header, *rewriter.indented(nest), "}"],
    )
