"""Red-black sweeps: the rows of one colour in parallel, in steps of two cells."""

from __future__ import annotations

from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import analyse
from parallel_agent.proposers.rules.coloured_sweeps import ColouredSweep, coloured_sweeps
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.writing import Rewriter


class RedBlack:
    """Sweeps over the cells of one colour of a chessboard, whose results do not meet.

    The colouring is the source's own: a sweep without colours, in which each cell reads new values
    of some neighbours, is another computation and stays as it is. Variant: ``parallel``. The
    method: D. Young, Iterative Solution of Large Linear Systems (1971), chapter 9.
    """

    name = "red_black"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``parallel`` where a sweep is over one colour."""
        return ["parallel"] if any(coloured_sweeps(analyse(parsed))) else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with its coloured sweeps in parallel and without tests of the colour."""
        if options.variant not in self.variants(parsed):
            raise NotApplicable("no sweep is over the cells of one colour")
        analysis = analyse(parsed)
        found = list(coloured_sweeps(analysis))
        rewriter = Rewriter(analysis)
        for sweep in found:
            rewriter.directive(sweep.rows, "parallel for", "schedule(static)")
            if sweep.condition is not None:
                _in_steps_of_two(rewriter, sweep)
        return Proposal(
            source=rewriter.apply(),
            reasons_for=tuple(
                f"{s.rows.loop.name} computes cells of one colour of {s.grid} from cells of the other"
                for s in found
            ),
            reasons_against=tuple(doubt for s in found for doubt in s.doubts),
            speculative=any(s.doubts for s in found),
        )


def _in_steps_of_two(rewriter: Rewriter, sweep: ColouredSweep) -> None:
    """Start at the first cell of the colour instead of testing every one."""
    loop = sweep.cells.loop
    first = rewriter.text(loop.header[0])
    simple = first.isidentifier() or first.isdigit()
    at_first = first if simple else f"({first})"
    names = {syntax.key(loop.declaration): at_first}
    test = rewriter.renamed(sweep.condition, names)
    after = str(int(first) + 1) if first.isdigit() else f"{first} + 1"
    choice = f"{after} : {first}" if sweep.skips else f"{first} : {after}"
    rewriter.edits.replace(loop.header[0], f"{test} ? {choice}")
    increment = syntax.children(loop.cursor)[2]
    rewriter.edits.replace(increment, f"{loop.declaration.spelling} += 2")
    start, end = rewriter.span(sweep.guarded)
    if sweep.skips:
        rewriter.edits.replace_range(start, end + 1, "")
        return
    inside = syntax.children(sweep.guarded)[1]
    lines = [rewriter.renamed(statement, {}) for statement in syntax.statements(inside)]
    alone = loop.body.kind != Kind.COMPOUND_STMT and len(lines) > 1
    text = "\n".join(["{", *rewriter.indented(lines), "}"] if alone else lines)
    _replace(rewriter, sweep.guarded, start, end, text)


def _replace(rewriter: Rewriter, statement: Any, start: int, end: int, text: str) -> None:
    margin = rewriter.indentation(statement)
    lines = "\n".join(margin + line if line.strip() else line for line in text.split("\n"))
    rewriter.edits.replace_range(
        start, end, lines if rewriter.starts_line(statement) else lines.strip()
    )
