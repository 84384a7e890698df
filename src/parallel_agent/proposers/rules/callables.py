"""What a callable handed to an algorithm does besides computing its result."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clang import cindex

from parallel_agent.kernel.source import FILE_NAME
from parallel_agent.proposers.rules.syntax import (
    ASSIGNMENTS,
    LOOP_KINDS,
    Kind,
    binary_operator,
    children,
    is_pointer,
    is_writable_reference,
    line,
    unary_operator,
    within,
)

_IMPURE = re.compile(
    r"s?rand(om)?|[dl]rand48|rand_r|strtok|f?printf|f?puts|putchar|f?scanf|getchar|exit|abort"
)
_ACCESSORS = re.compile(r"operator\[\]|operator\(\)|at|c?r?(begin|end)|data|front|back")
_BRANCHES = (Kind.IF_STMT, Kind.SWITCH_STMT, Kind.CONDITIONAL_OPERATOR, *LOOP_KINDS)


@dataclass(frozen=True)
class Effects:
    """The findings on a callable or a piece of code.

    ``problem`` rules out running it concurrently; ``unproved`` names what could not be seen;
    ``straight`` tells that it has no branch and calls nothing but standard functions.
    ``reads`` are the variables from outside that it uses other than for their size.
    """

    problem: str = ""
    unproved: str = ""
    straight: bool = True
    reads: frozenset[str] = frozenset()


def callable_effects(argument: Any, *, element_may_change: bool = False) -> Effects:
    """The effects of the callable an argument denotes: a lambda, a function, a standard functor.

    ``element_may_change`` allows writes through the callable's own reference parameters.
    """
    for node in argument.walk_preorder():
        if node.kind == Kind.LAMBDA_EXPR:
            return _lambda_effects(node, element_may_change)
        if node.kind == Kind.DECL_REF_EXPR:
            target = node.referenced
            if target.kind == Kind.FUNCTION_DECL:
                return _function_effects(target, element_may_change, frozenset())
            for inner in target.walk_preorder():
                if inner.kind == Kind.LAMBDA_EXPR:
                    return _lambda_effects(inner, element_may_change)
            break
    if argument.type.get_canonical().spelling.removeprefix("const ").startswith("std::"):
        return Effects()
    return Effects(unproved=f"line {line(argument)}: the callable cannot be seen into")


def code_effects(nodes: list[Any], own: Any, *, writable: frozenset[str] = frozenset()) -> Effects:
    """The effects of statements on variables declared outside the cursor ``own``."""
    return _Walk(own, writable, frozenset()).effects(nodes)


def _lambda_effects(node: Any, element_may_change: bool) -> Effects:
    if any(t.spelling == "mutable" for t in _header_tokens(node)):
        return Effects(problem=f"line {line(node)}: the lambda is mutable")
    return _body_effects(node, element_may_change, frozenset())


def _header_tokens(node: Any) -> Iterator[Any]:
    body = children(node)[-1]
    for token in node.get_tokens():
        if token.extent.start.offset >= body.extent.start.offset:
            return
        yield token


def _function_effects(function: Any, element_may_change: bool, seen: frozenset[str]) -> Effects:
    if _IMPURE.fullmatch(function.spelling):
        return Effects(problem=f"{function.spelling} has side effects")
    definition = function.get_definition()
    if function.location.file is not None and function.location.file.name != FILE_NAME:
        return Effects()
    if definition is None:
        return Effects(unproved=f"{function.spelling} is not defined in this file")
    if definition.get_usr() in seen:
        return Effects(straight=False)
    return _body_effects(definition, element_may_change, seen | {definition.get_usr()})


def _body_effects(function: Any, element_may_change: bool, seen: frozenset[str]) -> Effects:
    parts = children(function)
    parameters = frozenset(p.spelling for p in parts if p.kind == Kind.PARM_DECL)
    writable = parameters if element_may_change else frozenset()
    return _Walk(function, writable, seen).effects(
        [p for p in parts if p.kind == Kind.COMPOUND_STMT]
    )


class _Walk:
    """One pass over the code inside the cursor ``own``."""

    def __init__(self, own: Any, writable: frozenset[str], seen: frozenset[str]) -> None:
        self._own = own
        self._writable = writable
        self._seen = seen
        self._problems: list[str] = []
        self._unproved: list[str] = []
        self._reads: set[str] = set()
        self._straight = True

    def effects(self, nodes: list[Any]) -> Effects:
        for node in nodes:
            self._visit(node)
        return Effects(
            problem=self._problems[0] if self._problems else "",
            unproved=self._unproved[0] if self._unproved else "",
            straight=self._straight,
            reads=frozenset(self._reads),
        )

    def _visit(self, node: Any) -> None:
        kind = node.kind
        if kind in _BRANCHES or binary_operator(node) in ("&&", "||"):
            self._straight = False
        if binary_operator(node) in ASSIGNMENTS or unary_operator(node) in ("++", "--"):
            self._written(node, next(node.get_children()))
        elif kind == Kind.CXX_THROW_EXPR:
            self._problem(node, "an exception may not leave a parallel region")
        elif kind == Kind.VAR_DECL and node.storage_class == cindex.StorageClass.STATIC:
            if not node.type.is_const_qualified():
                self._problem(node, f"static variable {node.spelling}")
        elif kind == Kind.CALL_EXPR:
            self._called(node)
        elif kind == Kind.DECL_REF_EXPR and self._outside(node.referenced):
            self._reads.add(node.spelling)
        if kind == Kind.CALL_EXPR and node.spelling in ("size", "empty", "length"):
            return
        for child in node.get_children():
            self._visit(child)

    def _called(self, node: Any) -> None:
        callee = node.referenced
        if callee is None:
            return
        arguments = list(node.get_arguments())
        if callee.kind == Kind.CXX_METHOD:
            if not callee.is_const_method() and not callee.is_static_method():
                self._method(node, callee)
        elif callee.kind == Kind.FUNCTION_DECL:
            inner = _function_effects(callee, True, self._seen)
            if inner.problem:
                self._problems.append(inner.problem)
            if inner.unproved:
                self._unproved.append(inner.unproved)
            self._straight = self._straight and inner.straight
            for parameter, argument in zip(callee.get_arguments(), arguments, strict=False):
                if is_writable_reference(parameter.type):
                    self._written(node, argument)

    def _method(self, node: Any, callee: Any) -> None:
        if _ACCESSORS.fullmatch(callee.spelling):
            return
        target = next(node.get_children(), None)
        if target is not None:
            self._written(node, target)

    def _written(self, node: Any, target: Any) -> None:
        root = _root(target)
        if root is None:
            self._problem(node, "writes something that cannot be traced to a variable")
        elif root.spelling in self._writable:
            return
        elif self._outside(root):
            self._problem(node, f"writes {root.spelling}")
        elif _refers_elsewhere(root, target):
            self._problem(node, f"writes through {root.spelling}")

    def _outside(self, declaration: Any) -> bool:
        if declaration is None or declaration.kind not in (Kind.VAR_DECL, Kind.PARM_DECL):
            return False
        where = declaration.location.file
        here = where is not None and where.name == FILE_NAME
        return not (here and within(self._own, declaration))

    def _problem(self, node: Any, what: str) -> None:
        self._problems.append(f"line {line(node)}: {what}")


def _root(node: Any) -> Any:
    """The variable at the base of an expression such as ``a.b[i].c``, or None."""
    while True:
        if node.kind == Kind.DECL_REF_EXPR:
            return node.referenced
        parts = children(node)
        if not parts:
            return None
        if node.kind == Kind.CALL_EXPR and _is_function(node.referenced):
            return None
        node = parts[0]


def _is_function(callee: Any) -> bool:
    """True for a function whose result says nothing about its first argument's variable."""
    if callee is None or callee.kind != Kind.FUNCTION_DECL:
        return False
    return not callee.spelling.startswith("operator")


def _refers_elsewhere(root: Any, target: Any) -> bool:
    """True if a variable's own declaration is inside but what it denotes may not be."""
    return is_writable_reference(root.type) and (
        not is_pointer(root.type) or target.kind != Kind.DECL_REF_EXPR
    )
