"""A loop variable that is read after its loop gets its last value there, and one of its own inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import LoopReport, analyse
from parallel_agent.proposers.rules.assignments import assigned_variables
from parallel_agent.proposers.rules.blocks import (
    JUMPS,
    Blocks,
    handed_on,
    leaves_early,
    starts_by_setting,
    uses,
)
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.loops import comparison_of
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.walkers import POINTED
from parallel_agent.proposers.rules.writing import Rewriter


@dataclass(frozen=True)
class _Counted:
    """``for (variable = first; variable relation bound; ++variable)``, read after the loop."""

    loop: Any
    variable: Any
    first: Any
    relation: str
    bound: Any


def with_final_values(parsed: ParsedSource) -> tuple[str, list[int]]:
    """The source with loop variables set after their loops, and the lines of these loops."""
    analysis = analyse(parsed)
    if any(node.kind in JUMPS for node in parsed.function.walk_preorder()):
        return parsed.kernel.source, []
    rewriter, blocks = Rewriter(analysis), Blocks(parsed.function)
    found = [_counted(report, blocks) for report in analysis.all_loops()]
    counted = [loop for loop in found if loop is not None]
    for loop in counted:
        _write(loop, rewriter)
    return rewriter.apply(), [syntax.line(loop.loop) for loop in counted]


def _counted(report: LoopReport, blocks: Blocks) -> _Counted | None:
    loop, cursor = report.loop, report.loop.cursor
    if loop.variable is None or loop.descending or loop.step.value != 1:
        return None
    name, variable = loop.variable.name, loop.declaration
    if not starts_by_setting(cursor, name) or leaves_early(loop.body):
        return None
    local = variable.kind == Kind.VAR_DECL and syntax.within(blocks.function, variable)
    if not local or syntax.keeps_value(variable) or name in assigned_variables(loop.body):
        return None
    if any(map(handed_on, uses(blocks.function, name))) or blocks.dead_after(cursor, name):
        return None
    compared = comparison_of(syntax.children(cursor)[1], variable)
    parent = blocks.parent(cursor)
    if compared is None or compared[0] not in ("<", "<="):
        return None
    if parent is None or parent.kind != Kind.COMPOUND_STMT:
        return None
    relation, bound = compared
    first = loop.header[0]
    if not all(_same_after(node, cursor, variable, blocks) for node in (first, bound)):
        return None
    return _Counted(cursor, variable, first, relation, bound)


def _same_after(node: Any, loop: Any, variable: Any, blocks: Blocks) -> bool:
    """True for numbers of a loop variable's type that the loop leaves as they are."""
    nodes = list(syntax.walk(node))
    read = {syntax.key(n.referenced): n.referenced for n in nodes if syntax.is_variable(n)}
    bare = syntax.strip(node)
    alike = syntax.bare_type(bare.type) == syntax.bare_type(variable.type)
    sums = all(n.kind in POINTED for n in nodes)
    changed = any(syntax.unary_operator(n) in ("*", "&", "++", "--") for n in nodes)
    own = all(
        n.kind in (Kind.VAR_DECL, Kind.PARM_DECL)
        and syntax.within(blocks.function, n)
        and not syntax.is_reference(n.type)
        for n in read.values()
    )
    kept = not set(read) & set(assigned_variables(loop))
    moved = any(handed_on(use) for name in read for use in uses(blocks.function, name))
    return alike and sums and own and kept and not changed and not moved


def _write(found: _Counted, rewriter: Rewriter) -> None:
    edits: Edits = rewriter.edits
    name, declaration = found.variable.spelling, found.variable
    type_ = syntax.bare_type(declaration.type)
    first, bound = _operand(found.first, rewriter), _operand(found.bound, rewriter)
    target = syntax.children(syntax.children(found.loop)[0])[0]
    edits.replace(target, f"{type_} {name}")
    reached, last = (">", bound) if found.relation == "<" else (">=", f"{bound} + 1")
    _, end = rewriter.span(found.loop)
    margin = rewriter.indentation(found.loop)
    final = f"{name} = {bound} {reached} {first} ? {last} : {first};"
    edits.replace_range(end, end, f"\n{margin}{final}")


def _operand(node: Any, rewriter: Rewriter) -> str:
    plain = syntax.strip(node).kind in (Kind.DECL_REF_EXPR, Kind.INTEGER_LITERAL)
    return rewriter.text(node) if plain else f"({rewriter.text(node)})"
