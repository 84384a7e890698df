"""An extreme value looked for by vector lanes, a block at a time, before its place is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import LoopReport
from parallel_agent.proposers.rules.callables import code_effects
from parallel_agent.proposers.rules.search_loops import counted_bounds
from parallel_agent.proposers.rules.strategy import NotApplicable
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.writing import Rewriter

_BLOCK = 512
_REDUCTIONS = {"<": ("min", "smallest"), ">": ("max", "largest")}


@dataclass(frozen=True)
class BlockSearch:
    """What the lanes need: the steps before the comparison, the value compared, its type."""

    steps: tuple[Any, ...]
    value: str
    type_: str
    start: str
    stop: str


def block_search(report: LoopReport, value: Any, best: Any, rewriter: Rewriter) -> BlockSearch:
    """How the values of a searching loop are computed by themselves.

    Raises NotApplicable unless the loop counts up over ``steps; if (value < best) ...``, without
    branches and calls into unknown functions, and both sides have one type.
    """
    loop = report.loop
    start, stop = counted_bounds(loop, rewriter.edits)
    *steps, last = syntax.statements(loop.body)
    if last.kind != Kind.IF_STMT or len(syntax.children(last)) != 2:
        raise NotApplicable(f"{loop.name} does more than compare")
    if any(step.kind != Kind.DECL_STMT for step in steps):
        raise NotApplicable(f"{loop.name} does more than compute what it compares")
    effects = code_effects([*steps, value], loop.body)
    if effects.problem or effects.unproved or not effects.straight:
        raise NotApplicable(f"{loop.name}: its values are computed with branches")
    kinds = {syntax.bare_type(syntax.strip(side).type) for side in (value, best)}
    if not syntax.is_arithmetic(best.type) or len(kinds) != 1:
        raise NotApplicable(f"{loop.name} compares different types")
    return BlockSearch(tuple(steps), rewriter.text(value), kinds.pop(), start, stop)


def blocks_of(
    search: BlockSearch, report: LoopReport, rewriter: Rewriter, best: str, relation: str, body: str
) -> list[str]:
    """A loop over blocks; ``body`` is the loop's body as it runs where a block has a better value.

    That it computes the values again costs little: few blocks are better than all before them.
    """
    operation, wanted = _REDUCTIONS[relation]
    extreme = rewriter.free_name(wanted, f"block_{wanted}")
    block, end = rewriter.free_name("block"), rewriter.free_name("block_end")
    variable = report.loop.declaration
    type_, index, unit = syntax.bare_type(variable.type), variable.spelling, rewriter.unit
    type_ = variable.type.spelling if variable.type.spelling != "auto" else type_
    header = f"for ({type_} {index} = {block}; {index} < {end}; ++{index}) "
    lanes = [
        *(rewriter.text(step) for step in search.steps),
        f"{extreme} = {search.value} {relation} {extreme} ? {search.value} : {extreme};",
    ]
    inside = [
        f"const {type_} {end} = std::min<{type_}>({search.stop}, {block} + {_BLOCK});",
        f"{search.type_} {extreme} = {best};",
        f"#pragma omp simd reduction({operation} : {extreme})",
        f"{header}{{",
        *(f"{unit}{text}" for text in lanes),
        "}",
        f"if ({extreme} {relation} {best}) {{",
        *rewriter.indented([f"{header}{body}"]),
        "}",
    ]
    loop = (
        f"for ({type_} {block} = {search.start}; {block} < {search.stop}; {block} += {_BLOCK}) {{"
    )
    return [loop, *rewriter.indented(inside), "}"]
