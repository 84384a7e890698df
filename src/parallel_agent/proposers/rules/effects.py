"""What one iteration of a loop reads, writes and calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from parallel_agent.proposers.rules import calls, syntax
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.updates import Update, update_of
from parallel_agent.proposers.rules.values import Path, Values

_SWAPS = ("swap", "iter_swap")
_SIZE_ONLY = ("size", "length", "empty", "max_size", "capacity")
_INDIRECT = ("operator*", "operator->", "operator[]", "front", "back", "at")
_LEAVING = {
    Kind.RETURN_STMT: "returns",
    Kind.GOTO_STMT: "jumps out",
    Kind.CXX_THROW_EXPR: "throws",
    Kind.CXX_TRY_STMT: "catches exceptions",
    Kind.CXX_NEW_EXPR: "allocates with new",
    Kind.CXX_DELETE_EXPR: "frees memory",
}
_CONDITIONAL = (Kind.IF_STMT, Kind.SWITCH_STMT, Kind.CONDITIONAL_OPERATOR, Kind.WHILE_STMT)


@dataclass(frozen=True)
class Access:
    """One place read, written or updated (combined with a value by ``operator``)."""

    kind: Literal["read", "write", "update"]
    path: Path
    node: Any
    conditional: bool
    operator: str = ""

    @property
    def line(self) -> int:
        """The line of the access."""
        return syntax.line(self.node)


@dataclass
class Effects:
    """Everything one iteration does, in the order of evaluation."""

    accesses: list[Access] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    objections: list[str] = field(default_factory=list)
    """Reasons why iterations cannot run side by side, whatever the subscripts."""
    hidden_reads: list[int] = field(default_factory=list)
    """Lines that read memory through something that cannot be followed."""
    branches: bool = False
    """True if there are branches that a compiler may not turn into selections."""

    def of(self, root: str) -> list[Access]:
        """The accesses to one variable."""
        return [access for access in self.accesses if access.path.root == root]

    def written(self) -> list[str]:
        """Keys of the outside variables written, in order of appearance."""
        roots = [a.path.root for a in self.accesses if a.kind != "read"]
        return [root for root in dict.fromkeys(roots) if root not in self.declared]


def effects_of(body: Any, values: Values) -> Effects:
    """The effects of one iteration whose body is given."""
    walker = _Walker(values, body)
    walker.visit(body)
    return walker.effects


def _place(node: Any) -> tuple[int, int]:
    return node.extent.start.offset, node.extent.end.offset


class _Walker:
    def __init__(self, values: Values, body: Any) -> None:
        self.values = values
        self.discarded = {_place(statement) for statement in syntax.statements_in(body)}
        self.effects = Effects()
        self.conditional = False
        self.breakable = 0

    def visit(self, node: Any) -> None:
        kind = node.kind
        if kind in _LEAVING:
            self.object(node, f"line {syntax.line(node)} {_LEAVING[kind]}")
        if kind == Kind.BREAK_STMT and not self.breakable:
            self.object(node, f"line {syntax.line(node)} breaks out of the loop")
        if kind == Kind.LAMBDA_EXPR:
            self.visit_function(node)
        elif kind == Kind.VAR_DECL:
            self.visit_declaration(node)
        elif kind == Kind.UNEXPOSED_DECL and node.spelling:
            self.effects.declared.add(syntax.key(node))
            self.visit_children(node)
        elif (update := update_of(node, self.values)) is not None:
            self.visit_update(node, update)
        elif syntax.binary_operator(node) in syntax.ASSIGNMENTS:
            target, value = syntax.children(node)
            self.visit(value)
            if syntax.binary_operator(node) != "=":
                self.record("read", target)
            self.record("write", target)
        elif kind == Kind.CALL_EXPR:
            self.visit_call(node)
        elif self.is_place(node):
            self.record("read", node)
        elif kind in syntax.LOOP_KINDS or kind in _CONDITIONAL:
            self.visit_branching(node)
        else:
            self.visit_children(node)

    def visit_children(self, node: Any) -> None:
        for child in node.get_children():
            self.visit(child)

    def object(self, node: Any, reason: str) -> None:
        if reason not in self.effects.objections:
            self.effects.objections.append(reason)

    def is_place(self, node: Any) -> bool:
        if node.kind in (Kind.MEMBER_REF_EXPR, Kind.ARRAY_SUBSCRIPT_EXPR):
            return True
        return syntax.is_variable(node) or syntax.unary_operator(node) == "*"

    def visit_declaration(self, node: Any) -> None:
        self.effects.declared.add(syntax.key(node))
        if syntax.keeps_value(node):
            self.object(node, f"line {syntax.line(node)} keeps the static variable {node.spelling}")
        value = syntax.initializer(node)
        if value is None:
            return
        alias = self.values.path(value) if syntax.is_reference(node.type) else None
        if alias is not None:
            self.visit_inside(value)
            return
        before = len(self.effects.accesses)
        self.visit(value)
        pointer = self.values.pointer(value) if syntax.is_pointer(node.type) else None
        if pointer is not None:  # pointing at an element does not read it
            added = self.effects.accesses[before:]
            self.effects.accesses[before:] = [
                access for access in added if access.path.root != pointer.target.root
            ]

    def visit_update(self, node: Any, update: Update) -> None:
        for operand in update.operands:
            self.visit(operand)
        if _place(node) in self.discarded:
            self.record("update", update.target, update.operator)
        else:  # as in a[next[i]++]: what it comes to is used, so the order counts
            self.record("read", update.target)
            self.record("write", update.target)

    def visit_branching(self, node: Any) -> None:
        loop = node.kind in syntax.LOOP_KINDS
        parts = syntax.children(node)
        self.effects.branches |= not loop and node.kind != Kind.CONDITIONAL_OPERATOR
        if loop and node.kind == Kind.CXX_FOR_RANGE_STMT:
            self.visit_range(parts)
            return
        before = self.conditional
        unconditional = 1 if node.kind != Kind.DO_STMT else 0
        for part in parts[:unconditional]:
            self.visit(part)
        self.conditional = True
        self.breakable += loop or node.kind == Kind.SWITCH_STMT
        for part in parts[unconditional:]:
            self.visit(part)
        self.breakable -= loop or node.kind == Kind.SWITCH_STMT
        self.conditional = before

    def visit_range(self, parts: list[Any]) -> None:
        variable, container, body = parts[0], parts[-2], parts[-1]
        self.effects.declared.add(syntax.key(variable))
        self.record("read", container)
        before, self.conditional = self.conditional, True
        self.breakable += 1
        self.visit(body)
        self.breakable -= 1
        self.conditional = before

    def visit_call(self, node: Any) -> None:
        name = syntax.callee_name(node)
        arguments = list(node.get_arguments())
        if name == "operator=" and len(arguments) == 2:
            self.visit(arguments[1])
            self.record("write", arguments[0])
        elif name in _SWAPS and len(arguments) == 2 and syntax.in_namespace_std(node.referenced):
            for argument in arguments:
                self.record("read", argument)
                self.record("write", argument)
        elif self.values.path(node) is not None:
            self.record("read", node)
        elif name in _SIZE_ONLY and (owner := syntax.receiver(node)) is not None:
            self.visit_inside(owner)
        else:
            self.visit_other_call(node)

    def visit_other_call(self, node: Any) -> None:
        owner = syntax.receiver(node)
        path = self.values.path(owner) if owner is not None else None
        local = path is not None and path.root in self.effects.declared
        problem = "" if local else calls.objection_to(node)
        if problem:
            self.object(node, problem)
        method = node.referenced is not None and node.referenced.kind == Kind.CXX_METHOD
        if method and node.spelling in _INDIRECT:
            self.effects.hidden_reads.append(syntax.line(node))
        called = calls.body_of(node)
        if called is not None:
            self.visit_function(called)
        if owner is not None:
            self.visit(owner)
        for argument in node.get_arguments():
            self.visit(argument)

    def visit_function(self, function: Any) -> None:
        """Note what a called function or lambda can read from outside itself."""
        for node in function.walk_preorder():
            if syntax.is_variable(node) and not syntax.within(function, node.referenced):
                path = Path(node.referenced, syntax.key(node.referenced))
                self.effects.accesses.append(Access("read", path, node, self.conditional))

    def record(
        self, kind: Literal["read", "write", "update"], node: Any, operator: str = ""
    ) -> None:
        """Note an access and what is read to compute its subscripts."""
        bare = syntax.strip(node)
        self.visit_inside(bare)
        path = self.values.path(bare)
        if path is not None:
            self.effects.accesses.append(Access(kind, path, bare, self.conditional, operator))
        elif kind == "read":
            self.effects.hidden_reads.append(syntax.line(node))
        else:
            self.object(node, f"line {syntax.line(node)} writes to a place that cannot be followed")

    def visit_inside(self, node: Any) -> None:
        """Visit the subscripts of a place, not the place itself."""
        node = syntax.strip(node)
        if syntax.is_variable(node):
            return
        if node.kind == Kind.CALL_EXPR:
            base = syntax.receiver(node)
            arguments = list(node.get_arguments())
            if base is None and arguments:
                base, arguments = arguments[0], arguments[1:]
            if base is not None:
                self.visit_inside(base)
            for argument in arguments:
                self.visit(argument)
            return
        inner = syntax.children(node)
        if inner and (self.is_place(node)):
            self.visit_inside(inner[0])
            for part in inner[1:]:
                self.visit(part)
        else:
            self.visit_children(node)
