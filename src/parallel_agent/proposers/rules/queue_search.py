"""Searches that work through a queue: what is taken out, when they stop, what they put in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import calls, syntax
from parallel_agent.proposers.rules.effects import effects_of
from parallel_agent.proposers.rules.strategy import NotApplicable
from parallel_agent.proposers.rules.syntax import Kind, TypeKind
from parallel_agent.proposers.rules.values import Values

_LEAVING = (Kind.RETURN_STMT, Kind.GOTO_STMT, Kind.CXX_THROW_EXPR)


@dataclass(frozen=True)
class QueueSearch:
    """``while (!queue.empty())`` whose body takes the front and returns where that is the goal.

    ``taken`` are the declarations that hold the front, ``condition`` and ``answer`` the goal's test
    and what is returned, ``pushes`` the calls that put more into the queue.
    """

    loop: Any
    queue: str
    taken: tuple[Any, ...]
    condition: Any
    answer: Any
    pushes: tuple[Any, ...]
    doubts: tuple[str, ...]


def queue_searches(function: Any, values: Values) -> Iterator[QueueSearch]:
    """The searches of a function with a goal that their loop does not change."""
    for node in syntax.walk(function):
        if node.kind == Kind.WHILE_STMT:
            try:
                yield _search(node, function, values)
            except NotApplicable:
                continue


def _search(loop: Any, function: Any, values: Values) -> QueueSearch:
    condition, body = syntax.children(loop)
    queue = _tested_queue(condition)
    if not local(queue.referenced, function) or body.kind != Kind.COMPOUND_STMT:
        raise NotApplicable("it is no loop over a queue of the function's own")
    taken, goal = _opening(syntax.children(body), queue)
    test, action = syntax.children(goal)
    returns = syntax.statements(action)
    answer = next(iter(syntax.children(returns[-1])), None)
    _refuse_other_exits(body, goal)
    _refuse_visible_effects(body, function, values)
    pushes = tuple(_pushes(body, queue))
    if not pushes or answer is None:
        raise NotApplicable("nothing is put into the queue")
    front = {syntax.key(declaration) for declaration in _names(taken)}
    _require_single_start(loop, queue, function)
    doubts = _doubts(test, answer, body, pushes, front, values)
    return QueueSearch(loop, queue.spelling, taken, test, answer, pushes, doubts)


def _tested_queue(condition: Any) -> Any:
    inner = syntax.strip(condition)
    call = syntax.strip(syntax.children(inner)[0]) if syntax.unary_operator(inner) == "!" else inner
    owner = syntax.receiver(call) if call.kind == Kind.CALL_EXPR else None
    owner = syntax.strip(owner) if owner is not None else None
    if owner is None or call.spelling != "empty" or not syntax.is_variable(owner):
        raise NotApplicable("its condition is not that a queue has elements")
    if not syntax.bare_type(owner.type).startswith("std::queue<"):
        raise NotApplicable("it works through something else than a queue")
    return owner


def _opening(statements: list[Any], queue: Any) -> tuple[tuple[Any, ...], Any]:
    """The declarations of the front and the goal's test, which directly follow each other."""
    taken: list[Any] = []
    for statement in statements:
        bare = syntax.strip(statement)
        if statement.kind == Kind.DECL_STMT:
            taken += syntax.children(statement)
        elif bare.kind == Kind.CALL_EXPR and bare.spelling == "pop" and _on(bare, queue):
            continue
        elif statement.kind == Kind.IF_STMT and len(syntax.children(statement)) == 2:
            inside = syntax.statements(syntax.children(statement)[1])
            if len(inside) == 1 and inside[0].kind == Kind.RETURN_STMT:
                return tuple(taken), statement
            break
        else:
            break
    raise NotApplicable("it does not start with the test of the front")


def _on(call: Any, queue: Any) -> bool:
    owner = syntax.receiver(call)
    owner = syntax.strip(owner) if owner is not None else None
    return (
        owner is not None
        and syntax.is_variable(owner)
        and syntax.key(owner.referenced) == syntax.key(queue.referenced)
    )


def local(declaration: Any, function: Any) -> bool:
    """True for an object that the function declares and that ends with it."""
    held = syntax.is_reference(declaration.type) or syntax.is_pointer(declaration.type)
    inside = declaration.kind != Kind.PARM_DECL and syntax.within(function, declaration)
    return inside and not held and not syntax.keeps_value(declaration)


def _refuse_other_exits(body: Any, goal: Any) -> None:
    for node in syntax.walk(body):
        if node.kind in _LEAVING and not syntax.contains(goal, node):
            raise NotApplicable(f"line {syntax.line(node)} leaves the search another way")
    if _breaks(body):
        raise NotApplicable("the search is left by break")


def _breaks(node: Any) -> bool:
    return any(
        child.kind == Kind.BREAK_STMT or _breaks(child)
        for child in node.get_children()
        if child.kind not in (*syntax.LOOP_KINDS, Kind.SWITCH_STMT, Kind.LAMBDA_EXPR)
    )


def _refuse_visible_effects(body: Any, function: Any, values: Values) -> None:
    """What the search writes must end with it: stopping sooner leaves some of it out."""
    effects = effects_of(body, values)
    for access in effects.accesses:
        if access.kind != "read" and not local(access.path.declaration, function):
            raise NotApplicable(f"line {access.line} writes {access.path.name}, which others see")
    if any("cannot be followed" in objection for objection in effects.objections):
        raise NotApplicable("it writes what cannot be followed")
    for node in syntax.walk(body):
        if node.kind != Kind.CALL_EXPR or node.referenced is None:
            continue
        owner = syntax.receiver(node)
        if owner is None and node.spelling.startswith("operator"):
            owner = next(iter(node.get_arguments()), None)
        path = values.path(owner) if owner is not None else None
        own = path is not None and local(path.declaration, function)
        if not own and calls.objection_to(node):
            raise NotApplicable(calls.objection_to(node))


def _require_single_start(loop: Any, queue: Any, function: Any) -> None:
    """One element waits when the loop starts: others would still stand in front of a new goal."""
    made = syntax.initializer(queue.referenced)
    empty = made is not None and not list(made.get_arguments())
    pushes = list(_pushes(function, queue))
    blocks = [n for n in syntax.walk(function) if n.kind == Kind.COMPOUND_STMT]
    block = next(b for b in reversed(blocks) if syntax.contains(b, loop) and b != loop)
    beside = [syntax.strip(s) for s in syntax.children(block)]
    before = [p for p in pushes if not syntax.contains(loop, p)]
    if not empty or len(before) != 1 or before[0] not in beside:
        raise NotApplicable("more than one element may wait when the search starts")
    statements = [syntax.strip(s) for b in blocks for s in syntax.children(b)]
    if any(push not in statements for push in pushes):
        raise NotApplicable("an element is put into the queue outside of a block")


def _pushes(body: Any, queue: Any) -> Iterator[Any]:
    for node in syntax.walk(body):
        if (
            node.kind == Kind.CALL_EXPR
            and node.spelling in ("push", "emplace")
            and _on(node, queue)
        ):
            yield node


def _names(taken: tuple[Any, ...]) -> Iterator[Any]:
    for declaration in taken:
        yield declaration
        yield from (c for c in declaration.get_children() if c.kind == Kind.UNEXPOSED_DECL)


def _doubts(
    test: Any, answer: Any, body: Any, pushes: tuple[Any, ...], front: set[str], values: Values
) -> tuple[str, ...]:
    """What the goal reads may not change, but for what was stored before an element was put in."""
    written = [a for a in effects_of(body, values).accesses if a.kind != "read"]
    doubts = []
    for part in (test, answer):
        read = {a.path.root for a in effects_of(part, values).accesses} | syntax.variables(part)
        for access in written:
            if access.path.root in front or access.path.root not in read:
                continue
            last = pushes[0].extent.start.offset
            if part is test or access.node.extent.start.offset > last:
                raise NotApplicable(f"line {access.line} changes what the goal is tested by")
            doubts.append(
                f"line {access.line} may change {access.path.name} again before the answer is read"
            )
    return tuple(dict.fromkeys(doubts))


def parts_of(push: Any, count: int) -> list[Any]:
    """The expressions of the element that a call puts in, one for each of its ``count`` parts."""
    arguments = list(push.get_arguments())
    if len(arguments) == count:
        return arguments
    node = arguments[0] if len(arguments) == 1 else None
    while node is not None:
        inner = (
            list(node.get_arguments())
            if node.kind == Kind.CALL_EXPR
            else [c for c in syntax.children(node) if c.kind.is_expression()]
        )
        if len(inner) == count:
            return inner
        node = inner[0] if len(inner) == 1 else None
    raise NotApplicable(f"line {syntax.line(push)}: the parts of the element are not spelled out")


def fields(search: QueueSearch) -> tuple[dict[str, int], dict[tuple[str, str], int], int]:
    """Which variables and which members of variables hold which part of the front; the parts.

    Raises NotApplicable where a declaration holds something else.
    """
    names: dict[str, int] = {}
    members: dict[tuple[str, str], int] = {}
    count = 1
    for declaration in search.taken:
        bindings = [c for c in declaration.get_children() if c.kind == Kind.UNEXPOSED_DECL]
        value = syntax.initializer(declaration)
        bare = syntax.strip(value) if value is not None else None
        member = ""
        if bare is not None and bare.kind == Kind.MEMBER_REF_EXPR:
            member, bare = bare.spelling, syntax.strip(syntax.children(bare)[0])
        while bare is not None and bare.kind == Kind.CALL_EXPR and syntax.is_constructor(bare):
            inner = list(bare.get_arguments())
            bare = syntax.strip(inner[0]) if len(inner) == 1 else None
        if bare is None or bare.spelling != "front":
            raise NotApplicable(f"line {syntax.line(declaration)} declares more than the front")
        layout = _layout(bare.type)
        count = max(len(layout), 1)
        if bindings:
            names |= {syntax.key(binding): at for at, binding in enumerate(bindings)}
        elif member in layout:
            names[syntax.key(declaration)] = layout.index(member)
        elif layout:
            key = syntax.key(declaration)
            members |= {(key, name): at for at, name in enumerate(layout)}
        elif syntax.is_arithmetic(declaration.type):
            names[syntax.key(declaration)] = 0
        else:
            raise NotApplicable(f"line {syntax.line(declaration)} holds what cannot be taken apart")
    return names, members, count


def _layout(type_: Any) -> list[str]:
    """The names of the parts of a pair or struct, none for a number."""
    canonical = type_.get_canonical()
    if syntax.is_reference(canonical):
        canonical = canonical.get_pointee()
    if syntax.bare_type(canonical).startswith("std::pair<"):
        return ["first", "second"]
    if canonical.kind != TypeKind.RECORD:
        return []
    return [str(f.spelling) for f in canonical.get_fields()]
