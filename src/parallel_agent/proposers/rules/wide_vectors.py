"""The kernel as it is, built a second time for a wider instruction set."""

from __future__ import annotations

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules.analysis import analyse
from parallel_agent.proposers.rules.dispatch import dispatched
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.targets import vectorizable


class WideVectors:
    """Function multiversioning for loops that the compiler vectorizes by itself.

    The variants are instruction sets: ``avx2``.
    """

    name = "wide_vectors"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``avx2`` where an innermost loop has independent iterations and no branch."""
        return ["avx2"] if any(map(vectorizable, analyse(parsed).all_loops())) else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with two builds of the kernel."""
        if options.variant not in self.variants(parsed):
            raise NotApplicable("no innermost loop is independent and free of branches")
        return Proposal(
            source=dispatched(parsed, parsed.kernel.source, isa=options.variant),
            reasons_for=(
                f"innermost loops can be vectorized, and {options.variant} has wider lanes",
            ),
        )
