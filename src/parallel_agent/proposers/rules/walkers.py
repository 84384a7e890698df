"""Loops in which pointers move on by one element an iteration, and what counts their iterations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport
from parallel_agent.proposers.rules.assignments import assigned_variables
from parallel_agent.proposers.rules.blocks import (
    Blocks,
    Use,
    continues,
    handed_on,
    moves_by_one,
    unconditional,
    uses,
    written_times,
)
from parallel_agent.proposers.rules.headers import Header, header_of
from parallel_agent.proposers.rules.loops import comparison_of
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.writing import Rewriter

POINTED = (
    *(Kind.DECL_REF_EXPR, Kind.INTEGER_LITERAL, Kind.UNEXPOSED_EXPR, Kind.PAREN_EXPR),
    *(Kind.BINARY_OPERATOR, Kind.UNARY_OPERATOR, *syntax.CASTS, Kind.TYPE_REF),
)
"""What a pointer or a length consists of that reads nothing but variables."""


@dataclass(frozen=True)
class Walker:
    """A pointer that ``use`` moves on, in the header's last part where ``statement`` is None."""

    variable: Any
    use: Use
    statement: Any


@dataclass(frozen=True)
class Walk:
    """A loop, what counts its iterations, and the pointers that walk along.

    ``index`` is None where ``first``, a walker, is compared with ``bound`` and nothing counts yet;
    ``unequal``: with ``!=``.
    """

    header: Header
    walkers: tuple[Walker, ...]
    index: Any = None
    first: Any = None
    bound: Any = None
    unequal: bool = False


def walk_of(
    report: LoopReport, analysis: Analysis, blocks: Blocks, rewriter: Rewriter
) -> Walk | None:
    """The pointers that walk along a loop that counts up from 0, or has one of them count."""
    header = header_of(report.loop.cursor, rewriter.edits)
    if header is None or header.runs_once_at_least or header.condition is None:
        return None
    walkers = tuple(_walkers(header, blocks, rewriter))
    if not walkers:
        return None
    loop = report.loop
    if loop.variable is not None:
        counts = loop.lower is not None and loop.lower.value == 0 and loop.step.value == 1
        kept = written_times(header.body, loop.variable.name) == 0
        moving = any(walker.statement is None for walker in walkers)
        if not counts or loop.descending or not kept or moving:
            return None
        return Walk(header, walkers, index=loop.declaration)
    condition = syntax.strip(header.condition)
    for walker in walkers:
        compared = comparison_of(condition, walker.variable)
        other_step = walker.statement is not None and header.step is not None
        if compared is None or compared[0] not in ("<", "!=") or other_step:
            continue
        if _fixed(compared[1], header, analysis):
            return Walk(
                header,
                walkers,
                first=walker.variable,
                bound=compared[1],
                unequal=compared[0] == "!=",
            )
    return None


def _fixed(bound: Any, header: Header, analysis: Analysis) -> bool:
    """True if a pointer stays the same while a loop runs."""
    nodes = list(syntax.walk(bound))
    moving = {name for part in (header.body, header.step) if part for name in _written(part)}
    named = {syntax.key(n.referenced) for n in nodes if syntax.is_variable(n)}
    escaping = any(
        handed_on(use)
        for name in named
        for use in uses(analysis.values.function, name)
        if not syntax.contains(bound, use.node)
    )
    plain = all(node.kind in POINTED for node in nodes)
    reads = any(syntax.unary_operator(n) in ("*", "++", "--") for n in nodes)
    return plain and not reads and not named & moving and not escaping


def _written(node: Any) -> set[str]:
    return set(assigned_variables(node))


def _walkers(header: Header, blocks: Blocks, rewriter: Rewriter) -> Iterator[Walker]:
    """The pointers from outside a loop that every iteration moves on by one element."""
    variables = {
        syntax.key(node.referenced): node.referenced
        for part in (header.step, header.body)
        if part is not None
        for node in syntax.walk(part)
        if syntax.is_variable(node) and syntax.is_pointer(node.referenced.type)
    }
    for name, variable in variables.items():
        own = variable.kind in (Kind.VAR_DECL, Kind.PARM_DECL)
        inside = syntax.within(blocks.function, variable) and not syntax.keeps_value(variable)
        if not own or not inside or syntax.is_reference(variable.type):
            continue
        if syntax.within(header.body, variable):
            continue
        walker = _walker(variable, name, header, blocks, rewriter)
        if walker is not None:
            yield walker


def _walker(
    variable: Any, name: str, header: Header, blocks: Blocks, rewriter: Rewriter
) -> Walker | None:
    every = list(uses(blocks.function, name))
    if any(handed_on(use) for use in every):
        return None
    if any(rewriter.text(use.node) != variable.spelling for use in every):
        return None  # inside a macro
    inside = list(uses(header.body, name))
    count = written_times(header.body, name)
    moved = moves_by_one(syntax.strip(header.step)) if header.step is not None else None
    if moved is not None and moved[0] == "++" and syntax.key(moved[1]) == name:
        step = next(uses(header.step, name))
        return Walker(variable, step, None) if count == 0 else None
    if header.step is not None and next(uses(header.step, name), None) is not None:
        return None
    if count != 1 or continues(header.body):
        return None
    for statement in syntax.statements(header.body):
        for use in inside:
            if syntax.contains(statement, use.node) and _moves(use):
                own = own_statement(use, statement)
                if own and header.body.kind != Kind.COMPOUND_STMT:
                    return None
                fits = (own or _postfix(use)) and unconditional(use, statement)
                alone = all(
                    other is use or not _same_evaluation(other, use, statement) for other in inside
                )
                return Walker(variable, use, statement) if fits and alone else None
    return None


def _moves(use: Use) -> bool:
    node = next(iter(use.bare()), None)
    moved = moves_by_one(node) if node is not None else None
    return moved is not None and moved[0] == "++"


def _postfix(use: Use) -> bool:
    step = use.bare()[0]
    return bool(
        syntax.unary_operator(step)
        and step.extent.start.offset == use.node.extent.start.offset
        and step.extent.end.offset > use.node.extent.end.offset
    )


def _same_evaluation(other: Use, use: Use, statement: Any) -> bool:
    """True if two uses stand where the language does not say which comes first, or we do not look."""
    if not syntax.contains(statement, other.node):
        return False
    if statement.kind == Kind.IF_STMT:
        condition = syntax.children(statement)[0]
        return syntax.contains(condition, other.node)
    return True


def own_statement(use: Use, statement: Any) -> bool:
    """True for ``p++;``."""
    return bool(syntax.strip(statement) == use.bare()[0])
