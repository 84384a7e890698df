"""Loops that search: what they test in each iteration and what they do at the first match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules.algorithm_forms import free_name
from parallel_agent.proposers.rules.callables import Effects, code_effects
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.loops import Loop
from parallel_agent.proposers.rules.search_blocks import Search
from parallel_agent.proposers.rules.strategy import NotApplicable
from parallel_agent.proposers.rules.syntax import (
    LOOP_KINDS,
    Kind,
    binary_operator,
    children,
    statements,
    walk,
    within,
)


@dataclass(frozen=True)
class _Exit:
    """How a searching loop tests and what it does at the match.

    ``steps`` are the statements before the test, ``actions`` those that end the loop.
    """

    steps: tuple[Any, ...]
    condition: Any
    actions: tuple[Any, ...]


def search_of(
    loop: Loop, edits: Edits, taken: set[str]
) -> tuple[Search, Effects, tuple[str, ...], tuple[str, ...]]:
    """The search a loop makes, its effects, lines to put before it, and lines for the match.

    Raises NotApplicable for a loop that is no search, or whose iterations have effects.
    """
    start, stop = counted_bounds(loop, edits)
    exits = [n for n in walk(loop.body) if n.kind in (Kind.RETURN_STMT, Kind.BREAK_STMT)]
    if not exits:
        raise NotApplicable(f"{loop.name} does not stop early")
    index = str(loop.declaration.spelling)
    declared = loop.declaration.type
    automatic = "auto" in declared.spelling
    type_ = str((declared.get_canonical() if automatic else declared).spelling)
    plain = _plain_exit(loop.body)
    if plain is not None:
        effects = _effects(loop, [*plain.steps, plain.condition])
        ending = _ending(loop, plain.actions, edits)
        steps = tuple(_statement_text(step, edits) for step in plain.steps)
        condition = edits.text(plain.condition)
        search = Search(type_, index, start, stop, condition, steps, effects.straight)
        return search, effects, (), ending
    return _nested_search(loop, edits, taken, (type_, index, start, stop))


def counted_bounds(loop: Loop, edits: Edits) -> tuple[str, str]:
    """Texts of the first index and the end of a loop that counts up by one, or NotApplicable."""
    counted = loop.cursor.kind == Kind.FOR_STMT and loop.declares_variable
    if not counted or loop.variable is None or loop.descending or loop.step.value != 1:
        raise NotApplicable(f"{loop.name} does not count up by one over a variable of its own")
    relation = binary_operator(children(loop.cursor)[1])
    start, stop = (edits.text(part) for part in loop.header)
    if relation == "<=":
        return start, f"{stop} + 1"
    if relation != "<":
        raise NotApplicable(f"{loop.name}: its bound is not tested with < or <=")
    return start, stop


def _plain_exit(body: Any) -> _Exit | None:
    """Set for ``steps; if (condition) { actions; return or break; }`` as a whole body."""
    *steps, last = statements(body)
    if last.kind != Kind.IF_STMT or len(children(last)) != 2:
        return None
    condition, action = children(last)
    actions = statements(action)
    if not actions or actions[-1].kind not in (Kind.RETURN_STMT, Kind.BREAK_STMT):
        return None
    if any(_jumps(node) for node in (*steps, *actions[:-1])):
        return None
    return _Exit(tuple(steps), condition, tuple(actions))


def _jumps(node: Any) -> bool:
    return any(
        n.kind in (Kind.RETURN_STMT, Kind.BREAK_STMT, Kind.CONTINUE_STMT, Kind.GOTO_STMT)
        for n in walk(node)
    )


def _effects(loop: Loop, nodes: list[Any]) -> Effects:
    effects = code_effects(nodes, loop.body)
    if effects.problem:
        raise NotApplicable(f"{loop.name} does more than search: {effects.problem}")
    return effects


def _ending(loop: Loop, actions: tuple[Any, ...], edits: Edits) -> tuple[str, ...]:
    """What happens at the match, as lines; it may use the loop's variable but no other of it."""
    for node in (n for action in actions for n in walk(action)):
        if node.kind == Kind.DECL_REF_EXPR and node.referenced is not None:
            declared = node.referenced
            if declared.kind == Kind.VAR_DECL and within(loop.body, declared):
                raise NotApplicable(f"{loop.name} hands on {declared.spelling} from inside it")
    kept = [a for a in actions if a.kind != Kind.BREAK_STMT]
    if not kept:
        raise NotApplicable(f"{loop.name} stops without telling anything")
    return tuple(_statement_text(action, edits) for action in kept)


def _statement_text(node: Any, edits: Edits) -> str:
    text = edits.text(node)
    return text if text.endswith((";", "}")) else f"{text};"


def _nested_search(
    loop: Loop, edits: Edits, taken: set[str], bounds: tuple[str, str, str, str]
) -> tuple[Search, Effects, tuple[str, ...], tuple[str, ...]]:
    """A search whose iterations hold loops: an iteration becomes a function that tells a match."""
    type_, index, start, stop = bounds
    returns = [n for n in walk(loop.body) if n.kind == Kind.RETURN_STMT]
    texts = {edits.text(n) for n in returns}
    if len(texts) != 1 or _leaves_without_return(loop.body):
        raise NotApplicable(f"{loop.name} has no one way to end early")
    ending = _ending(loop, (returns[0],), edits)
    effects = _effects(
        loop, children(loop.body) if loop.body.kind == Kind.COMPOUND_STMT else [loop.body]
    )
    name = free_name("matches", taken)
    taken.add(name)
    setup = (
        f"const auto {name} = [&]({type_} {index}) {{",
        *(f"    {text}" for text in _predicate_body(loop, returns, edits)),
        "    return false;",
        "};",
    )
    search = Search(type_, index, start, stop, f"{name}({index})", light=False)
    return search, effects, setup, ending


def _leaves_without_return(node: Any) -> bool:
    """True if an iteration is left by break or continue outside its own inner loops."""
    if node.kind in (Kind.BREAK_STMT, Kind.CONTINUE_STMT, Kind.GOTO_STMT):
        return True
    return any(
        _leaves_without_return(child)
        for child in node.get_children()
        if child.kind not in (*LOOP_KINDS, Kind.LAMBDA_EXPR)
    )


def _predicate_body(loop: Loop, returns: list[Any], edits: Edits) -> tuple[str, ...]:
    """The statements of a loop's body with ``return true`` for every return."""
    texts = []
    for statement in statements(loop.body):
        base = statement.extent.start.offset
        raw = _statement_text(statement, edits).encode()
        for node in reversed(
            [r for r in returns if base <= r.extent.start.offset < base + len(raw)]
        ):
            start, end = node.extent.start.offset - base, node.extent.end.offset - base
            raw = raw[:start] + b"return true" + raw[end:]
        texts.append(raw.decode())
    return tuple(texts)
