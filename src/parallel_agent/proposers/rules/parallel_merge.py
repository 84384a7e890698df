"""Merge path: each thread merges a piece of its own of two ranges in order.

S. Odeh, O. Green, Z. Mwassi, O. Shmueli, Y. Birk: Merge Path - Parallel Merging Made Simple, 2012.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, analyse
from parallel_agent.proposers.rules.merge_order import Order, order_of
from parallel_agent.proposers.rules.merge_pieces import MergePieces
from parallel_agent.proposers.rules.merge_start import Start, start_of
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.two_way_merges import TwoWayMerge, two_way_merges
from parallel_agent.proposers.rules.writing import Rewriter


@dataclass(frozen=True)
class _Found:
    merge: TwoWayMerge
    order: Order
    start: Start


class ParallelMerge:
    """Pieces of a merge begin where a binary search along a diagonal says, and are merged at once.

    Pieces need ranges in order. Whether they are is looked at first; where one is not, a single
    piece is merged, which is what the original does.
    """

    name = "parallel_merge"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``merge_path`` where two ranges are merged."""
        return ["merge_path"] if _found(analyse(parsed)) else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with its merges in pieces."""
        analysis = analyse(parsed)
        found = _found(analysis)
        if not found:
            raise NotApplicable("no loop merges two ranges")
        rewriter = Rewriter(analysis)
        for one in found:
            MergePieces(rewriter, one.merge, one.order, one.start).write()
        lines = ", ".join(str(syntax.line(one.merge.loop)) for one in found)
        doubts = tuple(
            f"line {syntax.line(one.merge.comparison)}: {doubt}"
            for one in found
            for doubt in (*one.order.doubts, *one.start.doubts)
        )
        return Proposal(
            source=rewriter.apply(),
            reasons_for=(
                f"line {lines}: a binary search finds where in both ranges a piece of the result "
                "begins, and pieces do not wait for each other",
            ),
            reasons_against=(
                *doubts,
                f"line {lines}: both ranges are read once more, to see that they are in order",
            ),
            speculative=bool(doubts),
        )


def _found(analysis: Analysis) -> list[_Found]:
    """The merges that stand in no loop, first the outer ones."""
    found = []
    for block in _blocks(analysis.parsed.function):
        for merge in two_way_merges(block, analysis.values):
            try:
                order = order_of(merge, analysis.values)
                start = start_of(merge, block, analysis.values)
            except NotApplicable:
                continue
            found.append(_Found(merge, order, start))
    return found


def _blocks(node: Any) -> list[Any]:
    """The blocks of a function that no loop repeats and no lambda holds."""
    own = [node] if node.kind == Kind.COMPOUND_STMT else []
    skipped = (*syntax.LOOP_KINDS, Kind.LAMBDA_EXPR)
    inner = [c for c in node.get_children() if c.kind not in skipped]
    return own + [block for child in inner for block in _blocks(child)]
