"""Innermost loops for the vector lanes of one core, without threads."""

from __future__ import annotations

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules.analysis import LoopReport, analyse
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.targets import reasons_for, vectorizable
from parallel_agent.proposers.rules.writing import Rewriter


class SimdLoop:
    """``omp simd`` on the innermost loops that are proved independent and have no branch.

    It costs nothing at small sizes, and tells the compiler what it cannot prove: that pointers do
    not overlap and that no store changes what the loop reads. Loops that all combine values into
    scalars are left to the strategy ``reduction``.
    """

    name = "simd_loop"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``simd`` where there is such a loop."""
        return ["simd"] if _targets(parsed) else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with a directive on each of these loops."""
        chosen = _targets(parsed)
        if not chosen:
            raise NotApplicable("no innermost loop is proved independent and free of branches")
        rewriter = Rewriter(analyse(parsed))
        for report in chosen:
            rewriter.directive(report, "simd")
        lines = ", ".join(str(report.loop.line) for report in chosen)
        return Proposal(
            source=rewriter.apply(),
            reasons_for=reasons_for(chosen),
            reasons_against=(f"line {lines}: the compiler may vectorize without being told",),
        )


def _targets(parsed: ParsedSource) -> list[LoopReport]:
    """Proved loops only: no tool finds the wrong results of a wrong ``simd``."""
    chosen = [
        report
        for report in analyse(parsed).all_loops()
        if vectorizable(report) and report.verdict == "independent"
    ]
    return chosen if any(not report.reductions for report in chosen) else []
