"""Calls of standard algorithms rewritten to parallel ones."""

from __future__ import annotations

from collections.abc import Callable

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules.algorithm_blocks import extremum, two_pass_scan
from parallel_agent.proposers.rules.algorithm_calls import (
    AlgorithmCall,
    algorithm_calls,
    names_in,
)
from parallel_agent.proposers.rules.algorithm_forms import Form, Site
from parallel_agent.proposers.rules.algorithm_loops import elementwise, reduction
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.parallel_mode import parallel_mode
from parallel_agent.proposers.rules.splice import add_includes, direct_result, splice
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import contains

Writer = Callable[[Site], Form]

_WRITERS: dict[str, Writer] = {
    "openmp_simd": lambda site: _looped(site, simd=True),
    "openmp_loop": lambda site: _looped(site, simd=False),
    "two_pass_scan": two_pass_scan,
    "blocks": extremum,
    "parallel_mode": parallel_mode,
}
_ELEMENTWISE = ("transform", "for_each", "fill", "iota")
_REDUCTIONS = ("accumulate", "reduce", "inner_product", "transform_reduce", "count", "count_if")
_SCANS = ("partial_sum", "inclusive_scan", "exclusive_scan")
# Not find and its kin, partition, nth_element, partial_sort and the balanced quicksort: in libstdc++
# their threads read what others write, which a race detector flags.
_LIBRARY = (
    "sort",
    "stable_sort",
    "merge",
    "set_union",
    "set_intersection",
    "set_difference",
    "set_symmetric_difference",
    "unique_copy",
    "adjacent_difference",
    "replace",
    "replace_if",
)
WAYS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_LIBRARY, ("parallel_mode",)),
    **dict.fromkeys(_ELEMENTWISE, ("openmp_simd", "openmp_loop")),
    **dict.fromkeys(_REDUCTIONS, ("openmp_simd", "openmp_loop", "parallel_mode")),
    **dict.fromkeys(_SCANS, ("two_pass_scan",)),
    "min_element": ("blocks",),
    "max_element": ("blocks",),
}
"""For each algorithm the ways to write it in parallel, best first."""
_LIGHT = frozenset({"fill", "iota"})
_MEMORY_BOUND = "so little work per element that memory may be the limit"


def _looped(site: Site, *, simd: bool) -> Form:
    write = elementwise if site.call.name in _ELEMENTWISE else reduction
    return write(site, simd=simd)


class ParallelAlgorithm:
    """Standard algorithms by libstdc++'s parallel mode, OpenMP loops or blocks per thread.

    A variant is a way of writing (see ``WAYS``); calls that it does not fit take their own best.
    """

    name = "parallel_algorithm"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """The ways in which at least one call can be written, best first, without duplicates."""
        calls = algorithm_calls(parsed, frozenset(WAYS))
        ways = dict.fromkeys(w for c in calls if c.name not in _LIGHT for w in WAYS[c.name])
        seen: dict[str, str] = {}
        for way in ways:
            try:
                proposal, used = _propose(parsed, Options(variant=way))
            except NotApplicable:
                continue
            if way in used:
                seen.setdefault(proposal.source, way)
        return list(seen.values())

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """Every call that can be rewritten, in the variant's way where it has it."""
        return _propose(parsed, options)[0]


def _propose(parsed: ParsedSource, options: Options) -> tuple[Proposal, set[str]]:
    """The proposal, and the ways in which it writes calls."""
    edits = Edits(parsed.kernel.source)
    writer = _Rewriting(parsed.kernel.source, edits, options)
    written: list[tuple[AlgorithmCall, Form]] = []
    refused: list[str] = []
    calls, left = _worth_while(algorithm_calls(parsed, frozenset(WAYS)), parsed, options)
    for call in calls:
        try:
            written.append((call, writer.rewrite(call)))
        except NotApplicable as reason:
            refused.append(str(reason))
    if not any(call.name not in _LIGHT for call, _ in written):
        why = [*refused, *left] or ["no call of a standard algorithm"]
        raise NotApplicable("; ".join(why))
    add_includes(edits, parsed.kernel.source, [h for _, form in written for h in form.includes])
    proposal = Proposal(
        source=edits.apply(),
        reasons_for=tuple(r for _, form in written for r in form.reasons_for),
        reasons_against=(
            *(r for call, form in written for r in _against(call, form)),
            *refused,
            *left,
        ),
        speculative=any(form.speculative for _, form in written),
    )
    return proposal, writer.used


def _worth_while(
    calls: list[AlgorithmCall], parsed: ParsedSource, options: Options
) -> tuple[list[AlgorithmCall], list[str]]:
    """The calls to rewrite, and why the others are left alone.

    Calls in loops are for when there is nothing outside them; nested calls are left to the outer
    one; a guard speaks of the kernel's parameters and holds in the kernel only.
    """
    chosen = [c for c in calls if not c.repeated] or calls
    left = [f"line {c.line}: std::{c.name} is inside a loop" for c in calls if c not in chosen]
    outer = [
        c for c in chosen if not any(o is not c and contains(o.cursor, c.cursor) for o in chosen)
    ]
    if options.guard:
        elsewhere = [c for c in outer if c.function != parsed.function]
        left += [f"line {c.line}: outside the kernel the guard is not known" for c in elsewhere]
        outer = [c for c in outer if c not in elsewhere]
    return outer, left


class _Rewriting:
    """Rewrites calls one after the other, keeping the names that it makes up apart."""

    def __init__(self, source: str, edits: Edits, options: Options) -> None:
        self._source = source
        self._edits = edits
        self._options = options
        self._taken: dict[str, set[str]] = {}
        self.used: set[str] = set()

    def rewrite(self, call: AlgorithmCall) -> Form:
        """Write one call in the variant's way, or the first way that it allows.

        Raises NotApplicable with the reason against the first way if none is possible.
        """
        ways = WAYS[call.name]
        preferred = [self._options.variant] if self._options.variant in ways else []
        reasons: list[str] = []
        for way in dict.fromkeys([*preferred, *ways]):
            try:
                form = self._write(call, _WRITERS[way])
            except NotApplicable as reason:
                reasons.append(str(reason))
            else:
                self.used.add(way)
                return form
        raise NotApplicable(reasons[0])

    def _write(self, call: AlgorithmCall, writer: Writer) -> Form:
        usr = call.function.get_usr()
        names = set(self._taken.setdefault(usr, names_in(call.function)))
        form = writer(Site(call, self._edits, names, direct_result(call)))
        splice(call, self._edits, self._source, form)
        self._taken[usr] = names
        return form


def _against(call: AlgorithmCall, form: Form) -> tuple[str, ...]:
    reasons = form.reasons_against
    if call.name in ("fill", "iota", "count", "reduce", *_SCANS):
        reasons = (*reasons, f"line {call.line}: std::{call.name} does {_MEMORY_BOUND}")
    if call.repeated:
        reasons = (
            *reasons,
            f"line {call.line}: the call is inside a loop: a parallel region each time",
        )
    return reasons
