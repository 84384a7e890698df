"""Reductions of a loop into scalars: sums, products, extrema, bit and logical operations."""

from __future__ import annotations

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import LoopReport, analyse
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.targets import (
    innermost_vectorizable,
    reasons_against,
    reasons_for,
    schedule,
    targets,
    uneven,
    vectorizable,
)
from parallel_agent.proposers.rules.writing import Rewriter


class Reduction:
    """A ``reduction`` clause on the outermost loops that only combine values into scalars.

    Variants: ``parallel``, ``dynamic`` (uneven iterations), ``parallel_simd`` (threads and vector
    lanes) and ``simd`` (vector lanes only, for what strict floating point keeps scalar).
    """

    name = "reduction"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """Names of the variants that differ for this source, best first."""
        chosen = self._targets(parsed)
        if not chosen:
            return []
        found = ["parallel"]
        if any(uneven(report) for report in chosen):
            found.insert(0, "dynamic")
        if any(_simd_loops(report) for report in chosen):
            found.insert(0, "parallel_simd")
            found.append("simd")
        return found

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with reduction clauses."""
        chosen = self._targets(parsed)
        if options.variant not in self.variants(parsed):
            raise NotApplicable(f"no loop reduces into scalars alone with {options.variant}")
        rewriter = Rewriter(analyse(parsed))
        for report in chosen:
            _write(rewriter, report, options.variant)
        order = "the order of floating-point operations changes, and with it the last bits"
        return Proposal(
            source=rewriter.apply(),
            reasons_for=reasons_for(chosen),
            reasons_against=(*reasons_against(chosen), *([order] if _rounds(chosen) else [])),
            speculative=any(report.verdict == "speculative" for report in chosen),
        )

    def _targets(self, parsed: ParsedSource) -> list[LoopReport]:
        return [report for report in targets(analyse(parsed)) if report.reductions]


def _simd_loops(report: LoopReport) -> list[LoopReport]:
    return [report] if vectorizable(report) else innermost_vectorizable(report)


def _write(rewriter: Rewriter, report: LoopReport, variant: str) -> None:
    if variant == "simd":
        for loop in _simd_loops(report):
            rewriter.directive(loop, "simd")
    elif variant == "parallel_simd" and vectorizable(report):
        rewriter.directive(report, "parallel for simd", "schedule(static)")
    else:
        rewriter.directive(report, "parallel for", schedule(report, dynamic=variant != "parallel"))
        if variant == "parallel_simd":
            for loop in innermost_vectorizable(report):
                rewriter.directive(loop, "simd")


def _rounds(chosen: list[LoopReport]) -> bool:
    """True if a sum or product of floating-point numbers is among the reductions."""
    for report in chosen:
        names = {*report.reductions.get("+", ()), *report.reductions.get("*", ())}
        for access in report.effects.accesses:
            if access.path.name in names and not syntax.is_integer(access.path.declaration.type):
                return True
    return False
