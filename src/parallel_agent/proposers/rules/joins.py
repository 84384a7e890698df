"""Nested loops that join two sequences: the inner body acts only where two keys are equal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import calls, syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport
from parallel_agent.proposers.rules.assignments import resizing_receiver
from parallel_agent.proposers.rules.effects import effects_of
from parallel_agent.proposers.rules.loops import Loop
from parallel_agent.proposers.rules.polynomials import Polynomial
from parallel_agent.proposers.rules.strategy import NotApplicable
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values

Term = tuple[int, Any]
"""A summand of a key: its sign and its expression."""


@dataclass(frozen=True)
class Join:
    """A loop ``inner`` that acts on the elements with ``inner_key == outer_key`` only.

    ``outer`` is the loop around in front of which the inner elements can be grouped: nothing that
    their keys are read from changes in it. ``declarations`` precede the test in the inner body.
    ``triangular`` tells that the inner loop starts where the outer one stands.
    """

    outer: LoopReport
    inner: LoopReport
    declarations: tuple[Any, ...]
    inner_key: tuple[Term, ...]
    outer_key: tuple[Term, ...]
    triangular: bool


def joins(analysis: Analysis) -> Iterator[Join]:
    """The joins of a kernel, in source order, at most one to an outer loop."""
    blocks = _block_statements(analysis.values.function)
    for outer in analysis.all_loops():
        for inner in outer.inner:
            if outer.loop.cursor.hash in blocks and _child_of(outer.loop.body, inner.loop.cursor):
                try:
                    yield _join(outer, inner, analysis.values)
                except NotApplicable:
                    continue
                break


def _block_statements(function: Any) -> set[int]:
    return {
        child.hash
        for node in syntax.walk(function)
        if node.kind == Kind.COMPOUND_STMT
        for child in node.get_children()
    }


def _child_of(body: Any, statement: Any) -> bool:
    return any(child == statement for child in syntax.statements(body))


def _join(outer: LoopReport, inner: LoopReport, values: Values) -> Join:
    loop = inner.loop
    if loop.variable is None or not loop.declares_variable or loop.descending:
        raise NotApplicable(f"{loop.name} does not count up")
    if loop.step.value != 1:
        raise NotApplicable(f"{loop.name} does not visit every element")
    declarations, condition, wanted = _test(loop.body)
    triangular = _starts_at_outer(outer, inner)
    changing = _changed(outer, values) | outer.effects.declared
    if syntax.key(loop.declaration) in inner.effects.written():
        raise NotApplicable(f"{loop.name} is moved by its own body")
    if outer.loop.variable is not None:
        changing.add(outer.loop.variable.name)
    own = {syntax.key(loop.declaration), *map(syntax.key, declarations)}
    header = loop.header[1:] if triangular else loop.header
    for part in (*header, *declarations):
        if _reads(part, values) & (changing - own):
            raise NotApplicable(f"{loop.name} does not visit the same elements each time")
    _refuse_effects([condition, *declarations], declarations, values)
    for equation in _equations(condition, wanted):
        sides = _sides(equation, own, loop)
        if sides is None:
            continue
        inner_key, outer_key = sides
        within = _changed(inner, values)
        read_inside = {root for _, term in inner_key for root in _reads(term, values)}
        read_outside = {root for _, term in outer_key for root in _reads(term, values)}
        if read_inside & (changing - own) or read_outside & within:
            continue
        return Join(outer, inner, declarations, inner_key, outer_key, triangular)
    raise NotApplicable(f"{loop.name} tests no equality of integer keys first")


def _test(body: Any) -> tuple[tuple[Any, ...], Any, str]:
    """Declarations, condition, and which relation of keys lets the iteration act."""
    declarations: list[Any] = []
    statements = syntax.statements(body)
    for position, statement in enumerate(statements):
        if statement.kind == Kind.DECL_STMT:
            declarations += syntax.children(statement)
            continue
        parts = syntax.children(statement)
        if statement.kind != Kind.IF_STMT or len(parts) != 2 or not parts[0].kind.is_expression():
            break
        inside = syntax.statements(parts[1])
        last = position == len(statements) - 1
        if last:
            return tuple(declarations), parts[0], "=="
        if len(inside) == 1 and inside[0].kind == Kind.CONTINUE_STMT:
            return tuple(declarations), parts[0], "!="
        break
    raise NotApplicable("the body does more than act where a condition holds")


def _equations(condition: Any, wanted: str) -> Iterator[Any]:
    """The comparisons that must hold (or fail, for !=) before anything else is evaluated."""
    node = syntax.strip(condition)
    operator = syntax.binary_operator(node)
    if operator == ("&&" if wanted == "==" else "||"):
        left, right = syntax.children(node)
        yield from _equations(left, wanted)
        if _plain(left):
            yield from _equations(right, wanted)
    elif operator == wanted:
        yield node


def _plain(node: Any) -> bool:
    """True for a test that reads nothing but variables: it cannot protect a later subscript."""
    calls = (Kind.CALL_EXPR, Kind.ARRAY_SUBSCRIPT_EXPR)
    return all(part.kind not in calls for part in syntax.walk(node))


def _sides(
    equation: Any, own: set[str], loop: Loop
) -> tuple[tuple[Term, ...], tuple[Term, ...]] | None:
    """An equation solved for what depends on the inner loop: both sides as sums.

    It holds modulo every power of two up to the width of the narrower type, which is all that
    grouping by low bits needs; so overflow does no harm.
    """
    left, right = syntax.children(equation)
    if not (_whole_number(left) and _whole_number(right)):
        return None
    terms = [*_terms(left, 1), *_terms(right, -1)]
    inner = [(sign, term) for sign, term in terms if syntax.variables(term) & own]
    outer = [(-sign, term) for sign, term in terms if not syntax.variables(term) & own]
    if not inner or not outer or not all(_whole_number(term) for _, term in terms):
        return None
    if all(syntax.strip(term).kind == Kind.INTEGER_LITERAL for _, term in outer):
        return None  # one value for all: the inner loop is a filter and no join
    if any(_is_counter(term, loop) for _, term in inner):
        return None
    if inner[0][0] < 0:
        inner = [(-sign, term) for sign, term in inner]
        outer = [(-sign, term) for sign, term in outer]
    return tuple(inner), tuple(outer)


def _whole_number(node: Any) -> bool:
    return syntax.is_integer(syntax.strip(node).type) and syntax.bare_type(node.type) != "bool"


def _is_counter(term: Any, loop: Any) -> bool:
    """True for a term computed from a counting loop's index alone: one could jump to its match."""
    counting = loop.cursor.kind == Kind.FOR_STMT
    return counting and _plain(term) and syntax.key(loop.declaration) in syntax.variables(term)


def _terms(node: Any, sign: int) -> Iterator[Term]:
    bare = syntax.strip(node)
    operator = syntax.binary_operator(bare)
    if operator in ("+", "-"):
        left, right = syntax.children(bare)
        yield from _terms(left, sign)
        yield from _terms(right, sign if operator == "+" else -sign)
    else:
        yield sign, bare


def _starts_at_outer(outer: LoopReport, inner: LoopReport) -> bool:
    """True for ``for (j = i + 1; …)`` inside a loop that counts i up."""
    variable, lower = outer.loop.variable, inner.loop.lower
    if variable is None or lower is None or outer.loop.descending:
        return False
    if outer.loop.cursor.kind != Kind.FOR_STMT or inner.loop.cursor.kind != Kind.FOR_STMT:
        return False
    ahead = (lower - Polynomial.variable(variable)).value
    return ahead is not None and ahead >= 0 and variable.name not in outer.effects.written()


def _changed(report: LoopReport, values: Values) -> set[str]:
    """Keys of the variables that a loop's body may change, its own methods and calls included."""
    changed = set(report.effects.written())
    for node in syntax.walk(report.loop.body):
        owner = resizing_receiver(node)
        targets = [owner] if owner is not None else []
        if node.kind == Kind.CALL_EXPR and node.referenced is not None:
            parameters = node.referenced.get_arguments()
            targets += [
                argument
                for argument, parameter in zip(node.get_arguments(), parameters, strict=False)
                if syntax.is_writable_reference(parameter.type)
            ]
            if not targets and (objection := calls.objection_to(node)):
                raise NotApplicable(objection)
        for target in targets:
            changed |= _reads(target, values)
    return changed


def _reads(node: Any, values: Values) -> set[str]:
    """Keys of the variables that an expression names or reaches through references."""
    roots = {access.path.root for access in effects_of(node, values).accesses}
    return roots | syntax.variables(node)


def _refuse_effects(nodes: list[Any], declarations: tuple[Any, ...], values: Values) -> None:
    own = {syntax.key(declaration) for declaration in declarations}
    for node in nodes:
        found = effects_of(node, values)
        if found.objections or found.hidden_reads or set(found.written()) - own:
            raise NotApplicable(f"line {syntax.line(node)}: the test has effects")
