"""Forward and back substitution by groups and blocks of rows."""

from __future__ import annotations

from collections.abc import Mapping

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules.analysis import analyse
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.substitution import Substitution, substitutions
from parallel_agent.proposers.rules.substitution_forms import MARK, Blocks, Groups
from parallel_agent.proposers.rules.writing import Rewriter


class BlockedSubstitution:
    """Triangular solves: rows of a block take what is known at the same time, then its triangle.

    Variants: ``parallel`` (threads share the rows of a block) and ``sequential`` (groups of a few
    rows, whose sums do not wait for each other). The method: Golub and Van Loan, Matrix
    Computations, section 3.1.4 (block forward substitution).
    """

    name = "blocked_substitution"
    tunables: Mapping[str, tuple[int, ...]] = {"group": (8, 4), "block": (256, 512, 128)}

    def variants(self, parsed: ParsedSource) -> list[str]:
        """Threads where they have no outer loop to share."""
        found = _found(parsed)
        alone = any(not _shared_around(s) for s in found)
        return [*(["parallel"] if alone else []), "sequential"] if found else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with its substitutions by groups of rows."""
        if options.variant not in self.variants(parsed):
            raise NotApplicable("no loop solves for one unknown after the other")
        found = _found(parsed)
        rewriter = Rewriter(analyse(parsed))
        group, block = options.tuning.get("group", 8), options.tuning.get("block", 256)
        for one in found:
            if options.variant == "parallel" and not _shared_around(one):
                lines = Blocks(rewriter, one, group=group, block=block).lines()
                rewriter.include("algorithm")
            else:
                lines = Groups(rewriter, one, group=group).lines()
            rewriter.replace_loop(one.report, lines)
        return Proposal(
            source=rewriter.apply(),
            reasons_for=tuple(
                f"{s.report.loop.name} waits for all rows before it, but {group} rows can take what "
                "is known at the same time"
                for s in found
            ),
            reasons_against=tuple(
                [
                    *(doubt for s in found for doubt in s.doubts),
                    *(
                        f"{s.report.loop.name} adds its terms in another order"
                        for s in found
                        if s.rows.backward
                    ),
                ]
            ),
            speculative=any(s.doubts for s in found),
        )


def _found(parsed: ParsedSource) -> list[Substitution]:
    """The substitutions of a source; none in the strategy's own output."""
    return [] if MARK in parsed.kernel.source else list(substitutions(analyse(parsed)))


def _shared_around(found: Substitution) -> bool:
    """True if a loop around, over right-hand sides, may run in parallel."""
    return any(report.parallel for report in found.report.outer)
