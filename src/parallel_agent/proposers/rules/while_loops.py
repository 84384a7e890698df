"""Loops that count, however they are written, become for loops that say so in their first line.

``while``, ``do ... while`` and for loops with parts left out: what is set before the loop, tested and moved
by one at the end of the body goes into the header.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import analyse
from parallel_agent.proposers.rules.assignments import assigned_variables
from parallel_agent.proposers.rules.blocks import (
    JUMPS,
    Blocks,
    continues,
    handed_on,
    moves_by_one,
    set_by,
    unconditional,
    uses,
    written_times,
)
from parallel_agent.proposers.rules.count_downs import count_down, write_count_down
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.headers import Header, header_of
from parallel_agent.proposers.rules.local_declarations import Declared, declared_by, shorten
from parallel_agent.proposers.rules.loops import comparison_of
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values

_STABLE = (
    *(*syntax.CASTS, Kind.DECL_REF_EXPR, Kind.INTEGER_LITERAL, Kind.UNEXPOSED_EXPR),
    *(Kind.PAREN_EXPR, Kind.BINARY_OPERATOR, Kind.UNARY_OPERATOR, Kind.TYPE_REF),
)


@dataclass(frozen=True)
class _Start:
    """Where a loop's variable gets its first value: ``text`` is the header's first part."""

    text: str
    value: Any
    statement: Any = None
    declarations: tuple[Declared, ...] = ()
    own: Declared | None = None


@dataclass(frozen=True)
class _Counting:
    """A loop that counts ``variable``; ``step`` is in the body, as a statement or in the last one."""

    header: Header
    variable: Any
    start: _Start
    relation: str
    bound: Any
    operator: str = ""
    step: Any = None


def with_for_loops(parsed: ParsedSource) -> tuple[str, list[int]]:
    """The source with for loops for all that count, and the lines that they stood in."""
    values = analyse(parsed).values
    edits = Edits(parsed.kernel.source)
    nodes = list(parsed.function.walk_preorder())
    if any(node.kind in JUMPS for node in nodes):
        return parsed.kernel.source, []
    blocks = Blocks(parsed.function)
    lines: list[int] = []
    touched: set[int] = set()
    for node in nodes:
        header = header_of(node, edits)
        if header is not None and (spent := count_down(header, blocks)) is not None:
            write_count_down(header, spent, edits)
            lines.append(syntax.line(node))
            continue
        found = _counting(header, blocks, values, edits) if header is not None else None
        if found is None:
            continue
        place = found.start.statement
        if place is not None and place.hash in touched:
            continue
        touched |= {place.hash} if place is not None else set()
        _write(found, edits, values)
        lines.append(syntax.line(node))
    return edits.apply(), lines


def _counting(header: Header, blocks: Blocks, values: Values, edits: Edits) -> _Counting | None:
    condition = syntax.strip(header.condition) if header.condition is not None else None
    if condition is None or (header.start is not None and header.step is not None):
        return None
    for variable in _compared(condition):
        found = _counting_of(variable, condition, header, blocks, values, edits)
        if found is not None:
            return found
    return None


def _compared(condition: Any) -> list[Any]:
    """The variables that stand alone on a side of a comparison."""
    sides = [syntax.strip(side) for side in syntax.children(condition)]
    return [
        side.referenced
        for side in sides
        if syntax.is_variable(side)
        and (syntax.is_integer(side.type) or syntax.is_pointer(side.type))
        and side.referenced.kind in (Kind.VAR_DECL, Kind.PARM_DECL)
        and not syntax.is_reference(side.referenced.type)
    ]


def _counting_of(
    variable: Any, condition: Any, header: Header, blocks: Blocks, values: Values, edits: Edits
) -> _Counting | None:
    name = syntax.key(variable)
    compared = comparison_of(condition, variable)
    local = syntax.within(blocks.function, variable) and not syntax.keeps_value(variable)
    if compared is None or not local or any(map(handed_on, uses(blocks.function, name))):
        return None
    relation, bound = compared
    if syntax.variables(bound) & set(assigned_variables(header.body)):
        return None
    start = _start(header, variable, blocks, values, edits)
    if start is None:
        return None
    if header.step is not None:
        moved = moves_by_one(syntax.strip(header.step))
        if moved is None or syntax.key(moved[1]) != name or written_times(header.body, name):
            return None
        return _Counting(header, variable, start, relation, bound)
    step = _last_step(header.body, name, blocks)
    if step is None or written_times(header.body, name) != 1 or continues(header.body):
        return None
    operator = moves_by_one(step)
    assert operator is not None
    if relation != "!=" and (relation[0] == "<") != (operator[0] == "++"):
        return None
    if header.runs_once_at_least and not _repeatable(variable, relation, bound, start, values):
        return None
    return _Counting(header, variable, start, relation, bound, operator[0], step)


def _last_step(body: Any, name: str, blocks: Blocks) -> Any | None:
    """``i++`` as the last statement of a body, or inside of it where nothing else there uses ``i``."""
    statements = syntax.statements(body)
    if not statements:
        return None
    last = statements[-1]
    bare = syntax.strip(last)
    moved = moves_by_one(bare)
    if moved is not None and syntax.key(moved[1]) == name:
        return bare if body.kind == Kind.COMPOUND_STMT else None
    inside = list(uses(last, name))
    if len(inside) != 1 or not last.kind.is_expression():
        return None
    around = inside[0].bare()
    step = around[0] if around else last
    after = syntax.unary_operator(step) and step.extent.start == syntax.strip(step).extent.start
    operand = syntax.children(step)[:1]
    postfix = after and operand and operand[0].extent.start == step.extent.start
    if not postfix or moves_by_one(step) is None or not unconditional(inside[0], last):
        return None
    return step


def _repeatable(variable: Any, relation: str, bound: Any, start: _Start, values: Values) -> bool:
    """True if the first value can be tested against, so that the first iteration always runs."""
    kind = syntax.bare_type(variable.type)
    if not syntax.is_integer(variable.type) or kind.startswith("unsigned"):
        return False
    nodes = list(syntax.walk(start.value))
    read = [node.referenced for node in nodes if syntax.is_variable(node)]
    stable = all(node.kind in _STABLE for node in nodes) and not any(map(values.assigned, read))
    alike = syntax.bare_type(syntax.strip(bound).type) == kind
    return stable and alike and relation in ("<", "<=")


def _start(
    header: Header, variable: Any, blocks: Blocks, values: Values, edits: Edits
) -> _Start | None:
    """The first value of a loop's variable, in its header or set in front of it."""
    name = syntax.key(variable)
    if header.start is not None:
        found = set_by(header.start)
        declared = [c for c in header.start.get_children() if c.kind == Kind.VAR_DECL]
        if found is not None and syntax.key(found[0]) == name:
            return _Start(edits.text(header.start), found[1])
        if len(declared) == 1 and syntax.key(declared[0]) == name:
            value = syntax.initializer(declared[0])
            text = edits.text(header.start).rstrip().rstrip(";")
            return _Start(text, value) if value is not None else None
        return None
    before, _ = blocks.siblings(header.loop)
    between: list[Any] = []
    for statement in reversed(before):
        found = set_by(statement)
        if found is not None and syntax.key(found[0]) == name:
            start = _Start(edits.text(statement), found[1], statement)
            return start if _movable(start.value, between, values) else None
        declared_here = declared_by(statement, edits)
        own = next((d for d in declared_here if syntax.key(d.variable) == name), None)
        if own is not None:
            value = syntax.initializer(own.variable)
            inside = all(syntax.contains(header.loop, u.node) for u in uses(blocks.function, name))
            if value is None or not inside or not _movable(value, between, values):
                return None
            head = f"{own.head} = {edits.text(value)}"
            return _Start(head, value, statement, tuple(declared_here), own)
        if next(uses(statement, name), None) is not None:
            return None
        between.append(statement)
    return None


def _movable(value: Any, between: list[Any], values: Values) -> bool:
    """True if a value is the same after the statements that it moves over."""
    if not between:
        return True
    nodes = list(syntax.walk(value))
    read = [node.referenced for node in nodes if syntax.is_variable(node)]
    sums = all(node.kind in _STABLE for node in nodes)
    return sums and not any(values.assigned(v) or syntax.is_reference(v.type) for v in read)


def _write(found: _Counting, edits: Edits, values: Values) -> None:
    header, start = found.header, found.start
    name = found.variable.spelling
    condition = edits.text(header.condition)
    if header.runs_once_at_least:
        condition = _first_at_least(found, edits)
        edits.add_include("algorithm")
    step = edits.text(header.step) if header.step is not None else f"{name}{found.operator}"
    header.replace(f"for ({start.text}; {condition}; {step})", edits)
    if start.own is not None:
        shorten(start.statement, list(start.declarations), [start.own], edits)
    elif start.statement is not None:
        edits.remove_statement(start.statement)
    if found.step is None:
        return
    statements = syntax.statements(header.body)
    if syntax.strip(statements[-1]) == found.step:
        edits.remove_statement(statements[-1])
    else:
        edits.replace(found.step, name)


def _first_at_least(found: _Counting, edits: Edits) -> str:
    """The condition of a loop whose first iteration runs untested."""
    name, first = found.variable.spelling, edits.text(found.start.value)
    type_ = syntax.bare_type(found.variable.type)
    one = " + 1" if found.relation == "<" else ""
    bare = syntax.strip(found.start.value).kind in (Kind.DECL_REF_EXPR, Kind.INTEGER_LITERAL)
    first = f"{first}{one}" if bare else f"({first}){one}"
    if one and first == "0 + 1":
        first = "1"
    return f"{name} {found.relation} std::max<{type_}>({edits.text(found.bound)}, {first})"
