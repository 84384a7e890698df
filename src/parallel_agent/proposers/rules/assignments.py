"""Which variables a function writes, and which containers it resizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.syntax import Kind


def assigned_variables(function: Any) -> Iterator[str]:
    """Keys of the variables written, or made writable elsewhere, other than by initialization."""
    for node in function.walk_preorder():
        targets: list[Any] = []
        unary = syntax.unary_operator(node)
        if syntax.binary_operator(node) in syntax.ASSIGNMENTS or unary in ("++", "--", "&"):
            targets = syntax.children(node)[:1]
        elif node.kind == Kind.VAR_DECL and syntax.is_reference(node.type):
            value = syntax.initializer(node) if syntax.is_writable_reference(node.type) else None
            targets = [value] if value is not None else []
        elif node.kind == Kind.CALL_EXPR and node.referenced is not None:
            targets = list(_written_arguments(node))
        for target in targets:
            bare = syntax.strip(target)
            if syntax.is_variable(bare):
                yield syntax.key(bare.referenced)


def _written_arguments(call: Any) -> Iterator[Any]:
    arguments = list(call.get_arguments())
    method = call.referenced.kind == Kind.CXX_METHOD and call.spelling.startswith("operator")
    if method and arguments:
        if not call.referenced.is_const_method():
            yield arguments[0]
        arguments = arguments[1:]
    for argument, parameter in zip(arguments, call.referenced.get_arguments(), strict=False):
        if syntax.is_reference(parameter.type) and syntax.is_writable_reference(parameter.type):
            yield argument


def resizing_receiver(node: Any) -> Any | None:
    """The object of a member call that may change a container's size."""
    if node.kind != Kind.CALL_EXPR or node.referenced is None:
        return None
    callee = node.referenced
    if callee.kind != Kind.CXX_METHOD or callee.is_const_method():
        return None
    if callee.spelling == "operator=":
        return next(iter(node.get_arguments()), None)
    stable = ("at", "data", "begin", "end", "rbegin", "rend", "front", "back", "fill", "operator[]")
    return None if callee.spelling in stable else syntax.receiver(node)
