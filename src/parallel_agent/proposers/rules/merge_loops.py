"""Loops that merge two index lists: step in the list whose key is less, in both where they agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.strategy import NotApplicable
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values

_FLIPPED = {"<": ">", ">": "<", "==": "=="}


@dataclass(frozen=True)
class Merge:
    """``while (i < n && j < m)`` over two lists.

    ``indices`` are the declarations of i and j, ``keys`` the compared expressions, ``lesser``,
    ``greater`` and ``equal`` what is done besides stepping on where the first list's key is less,
    is greater, or agrees. ``block`` is the block that the loop stands in.
    """

    loop: Any
    block: Any
    indices: tuple[Any, Any]
    keys: tuple[Any, Any]
    lesser: tuple[Any, ...]
    greater: tuple[Any, ...]
    equal: tuple[Any, ...]


def merges(function: Any, values: Values) -> Iterator[Merge]:
    """The merging loops of a function, in source order."""
    for block in syntax.walk(function):
        if block.kind != Kind.COMPOUND_STMT:
            continue
        for statement in syntax.children(block):
            if statement.kind == Kind.WHILE_STMT:
                try:
                    yield _merge(statement, block, values)
                except NotApplicable:
                    continue


def _merge(loop: Any, block: Any, values: Values) -> Merge:
    condition, body = syntax.children(loop)
    indices = _indices(condition)
    statements = syntax.statements(body)
    if len(statements) != 1 or statements[0].kind != Kind.IF_STMT:
        raise NotApplicable("the body does more than choose")
    keys, branches = _branches(statements[0], values)
    first, second = (syntax.key(index) for index in indices)
    if second in syntax.variables(keys[0]) or first in syntax.variables(keys[1]):
        keys = (keys[1], keys[0])
        branches = {_FLIPPED[relation]: branch for relation, branch in branches.items()}
    left, right = (syntax.variables(key) for key in keys)
    if first not in left or second in left or second not in right or first in right:
        raise NotApplicable("the keys are not one of each list")
    if not all(syntax.is_integer(syntax.strip(key).type) for key in keys):
        raise NotApplicable("the keys are no integers")
    return Merge(
        loop,
        block,
        indices,
        keys,
        _without_steps(branches["<"], {first}, {first, second}),
        _without_steps(branches[">"], {second}, {first, second}),
        _without_steps(branches["=="], {first, second}, {first, second}),
    )


def _indices(condition: Any) -> tuple[Any, Any]:
    """The variables of ``i < n && j < m``."""
    node = syntax.strip(condition)
    if syntax.binary_operator(node) != "&&":
        raise NotApplicable("it does not run over two lists")
    found = []
    for part in syntax.children(node):
        bare = syntax.strip(part)
        left = syntax.strip(syntax.children(bare)[0]) if syntax.children(bare) else bare
        if syntax.binary_operator(bare) not in ("<", "!=") or not syntax.is_variable(left):
            raise NotApplicable("it does not run over two lists")
        found.append(left.referenced)
    if len(found) != 2 or found[0] == found[1]:
        raise NotApplicable("it does not run over two lists")
    if not all(syntax.is_integer(index.type) for index in found):
        raise NotApplicable("the positions are no integers")
    return found[0], found[1]


def _branches(chosen: Any, values: Values) -> tuple[tuple[Any, Any], dict[str, list[Any]]]:
    """The compared keys, and what is done by the relation of the first to the second."""
    parts = syntax.children(chosen)
    if len(parts) != 3 or parts[2].kind != Kind.IF_STMT or len(syntax.children(parts[2])) != 3:
        raise NotApplicable("it does not tell three cases apart")
    test, then, rest = parts
    second_test, second_then, otherwise = syntax.children(rest)
    relation, left, right = _comparison(test)
    second_relation, second_left, second_right = _comparison(second_test)
    texts = [_text(node, values) for node in (left, right, second_left, second_right)]
    if texts[:2] == [texts[3], texts[2]]:
        second_relation = _FLIPPED[second_relation]
    elif texts[:2] != texts[2:]:
        raise NotApplicable("it compares different keys")
    branches = {relation: then, second_relation: second_then}
    remaining = set(_FLIPPED) - set(branches)
    if len(remaining) != 1:
        raise NotApplicable("it does not tell three cases apart")
    branches[remaining.pop()] = otherwise
    return (left, right), {name: syntax.statements(part) for name, part in branches.items()}


def _comparison(test: Any) -> tuple[str, Any, Any]:
    node = syntax.strip(test)
    operator = syntax.binary_operator(node)
    if operator not in _FLIPPED:
        raise NotApplicable("it does not compare with <, > or ==")
    left, right = syntax.children(node)
    return operator, left, right


def _text(node: Any, values: Values) -> str:
    return "".join(values.text(syntax.strip(node)).split())


def _without_steps(statements: list[Any], wanted: set[str], both: set[str]) -> tuple[Any, ...]:
    """The statements before the last ones, which add 1 to each wanted index and to no other."""
    rest = list(statements)
    stepped: list[str] = []
    while rest and (name := stepped_index(rest[-1])) in both:
        stepped.append(str(name))
        rest.pop()
    if sorted(stepped) != sorted(wanted) or any(_changes(node, both) for node in rest):
        raise NotApplicable("a case steps on in another way")
    return tuple(rest)


def stepped_index(statement: Any) -> str | None:
    """The key of the variable that a statement adds 1 to, None if it does something else."""
    node = syntax.strip(statement)
    parts = syntax.children(node)
    one = syntax.unary_operator(node) == "++" or (
        syntax.binary_operator(node) == "+="
        and syntax.strip(parts[1]).kind == Kind.INTEGER_LITERAL
        and [t.spelling for t in parts[1].get_tokens()] == ["1"]
    )
    target = syntax.strip(parts[0]) if one else None
    if target is None or not syntax.is_variable(target):
        return None
    return syntax.key(target.referenced)


def _changes(node: Any, names: set[str]) -> bool:
    """True if a statement may write one of some variables, or leaves the loop's body."""
    for part in syntax.walk(node):
        if part.kind in (Kind.CONTINUE_STMT, Kind.LAMBDA_EXPR, Kind.GOTO_STMT):
            return True
        written = syntax.unary_operator(part) in ("++", "--", "&")
        if written or syntax.binary_operator(part) in syntax.ASSIGNMENTS:
            target = syntax.strip(syntax.children(part)[0])
            if syntax.is_variable(target) and syntax.key(target.referenced) in names:
                return True
        if part.kind == Kind.CALL_EXPR and part.referenced is not None:
            for argument, parameter in zip(
                part.get_arguments(), part.referenced.get_arguments(), strict=False
            ):
                if syntax.is_writable_reference(parameter.type) and (
                    syntax.variables(argument) & names
                    and syntax.is_variable(syntax.strip(argument))
                ):
                    return True
    return False
