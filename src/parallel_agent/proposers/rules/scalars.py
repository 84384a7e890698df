"""The part that a scalar written in a loop plays there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from clang import cindex

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.effects import Access
from parallel_agent.proposers.rules.loops import Loop
from parallel_agent.proposers.rules.syntax import Kind


@dataclass(frozen=True)
class Role:
    """``carried`` if one iteration needs what an earlier one left behind."""

    kind: Literal["private", "lastprivate", "reduction", "carried"]
    operator: str = ""


def role_of(loop: Loop, accesses: list[Access], function: Any) -> Role:
    """The role of one scalar in a loop, from its accesses in order of evaluation."""
    operators = {access.operator for access in accesses}
    declaration = accesses[0].path.declaration
    if all(access.kind == "update" for access in accesses) and len(operators) == 1:
        if syntax.is_arithmetic(declaration.type):
            return Role("reduction", operators.pop())
        return Role("carried")
    first = accesses[0]
    if first.kind == "write" and not first.conditional:
        return Role("lastprivate" if needed_later(loop, declaration, function) else "private")
    return Role("carried")


def needed_later(loop: Loop, declaration: Any, function: Any) -> bool:
    """True if the value that the loop leaves in a variable may be read."""
    local = declaration.kind == Kind.VAR_DECL and syntax.within(function, declaration)
    static = declaration.storage_class == cindex.StorageClass.STATIC
    if not local or static or syntax.is_reference(declaration.type):
        return declaration.kind != Kind.PARM_DECL or syntax.is_reference(declaration.type)
    name = syntax.key(declaration)
    return any(
        syntax.is_variable(node)
        and syntax.key(node.referenced) == name
        and not syntax.contains(loop.cursor, node)
        and (node.extent.start.offset > loop.cursor.extent.end.offset or loop.depth > 0)
        for node in function.walk_preorder()
    )
