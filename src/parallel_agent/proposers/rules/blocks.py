"""Where statements stand: the block and the loop around each, and what it sets or uses there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.assignments import assigned_variables
from parallel_agent.proposers.rules.syntax import Kind

GOTOS = (Kind.GOTO_STMT, Kind.INDIRECT_GOTO_STMT, Kind.LABEL_STMT)
JUMPS = (*GOTOS, Kind.SWITCH_STMT, Kind.CXX_TRY_STMT)
"""What may enter the middle of a block or leave it for another one."""
_LEAVING = (Kind.BREAK_STMT, Kind.CONTINUE_STMT)
_LATER = ("&&", "||")
_NOT_ONCE = (Kind.LAMBDA_EXPR, Kind.COMPOUND_STMT, Kind.CXX_UNARY_EXPR)


@dataclass(frozen=True)
class Use:
    """An expression that names a variable, and the cursors around it, outermost first."""

    node: Any
    around: tuple[Any, ...]

    @property
    def captured(self) -> bool:
        """True inside a lambda."""
        return any(node.kind == Kind.LAMBDA_EXPR for node in self.around)

    def bare(self) -> list[Any]:
        """The cursors around it without conversions and parentheses, innermost first."""
        transparent = (Kind.UNEXPOSED_EXPR, Kind.PAREN_EXPR)
        return [node for node in reversed(self.around) if node.kind not in transparent]


def uses(node: Any, name: str, around: tuple[Any, ...] = ()) -> Iterator[Use]:
    """Every expression below a cursor that names a variable (by key), in lambdas, too."""
    if syntax.is_variable(node) and syntax.key(node.referenced) == name:
        yield Use(node, around)
    for child in node.get_children():
        yield from uses(child, name, (*around, node))


def set_by(statement: Any) -> tuple[Any, Any] | None:
    """The variable that ``variable = value;`` sets, and the value, which does not read it."""
    if statement.kind != Kind.BINARY_OPERATOR or syntax.binary_operator(statement) != "=":
        return None
    target, value = syntax.children(statement)
    target = syntax.strip(target)
    if not syntax.is_variable(target) or next(uses(value, syntax.key(target.referenced)), None):
        return None
    return target.referenced, value


def sets(statement: Any, name: str) -> bool:
    """True for ``variable = value;`` with the variable of that key."""
    found = set_by(statement)
    return found is not None and syntax.key(found[0]) == name


def starts_by_setting(loop: Any, name: str) -> bool:
    """True for ``for (variable = value; ...; ...)``."""
    parts = syntax.children(loop)
    return loop.kind == Kind.FOR_STMT and len(parts) == 4 and sets(parts[0], name)


def moves_by_one(node: Any) -> tuple[str, Any] | None:
    """The operator of ``++x``, ``x--``, ``x += 1`` or ``x -= 1``, ``++`` or ``--``, and the variable."""
    operator = syntax.unary_operator(node) or syntax.binary_operator(node)
    if operator in ("+=", "-="):
        step = syntax.strip(syntax.children(node)[1])
        if step.kind != Kind.INTEGER_LITERAL or [t.spelling for t in step.get_tokens()] != ["1"]:
            return None
        operator = "++" if operator == "+=" else "--"
    if operator not in ("++", "--"):
        return None
    target = syntax.strip(syntax.children(node)[0])
    return (operator, target.referenced) if syntax.is_variable(target) else None


def written_times(node: Any, name: str) -> int:
    """How often a variable is written below a cursor, or made writable elsewhere."""
    return list(assigned_variables(node)).count(name)


def unconditional(use: Use, statement: Any) -> bool:
    """True if a statement evaluates an expression exactly once whenever it runs."""
    inside = [node for node in use.around if syntax.contains(statement, node)]
    for node, below in zip(inside, [*inside[1:], use.node], strict=True):
        first = syntax.children(node)[0] == below
        if node.kind in (*syntax.LOOP_KINDS, *_NOT_ONCE):
            return False
        chooses = node.kind in (Kind.IF_STMT, Kind.CONDITIONAL_OPERATOR, Kind.SWITCH_STMT)
        if (chooses or syntax.binary_operator(node) in _LATER) and not first:
            return False
    return True


def handed_on(use: Use) -> bool:
    """True where a variable's address or a reference to write through is taken."""
    node = next(iter(use.bare()), None)
    if node is None or use.captured:
        return use.captured
    if node.kind == Kind.VAR_DECL:
        return syntax.is_reference(node.type)
    if node.kind != Kind.CALL_EXPR or node.referenced is None:
        return syntax.unary_operator(node) == "&"
    pairs = zip(node.get_arguments(), node.referenced.get_arguments(), strict=False)
    return any(
        syntax.strip(argument) == use.node
        and syntax.is_reference(parameter.type)
        and syntax.is_writable_reference(parameter.type)
        for argument, parameter in pairs
    )


def continues(body: Any) -> bool:
    """True if a ``continue`` in a loop's body belongs to that loop."""
    if body.kind == Kind.CONTINUE_STMT:
        return True
    inner = (*syntax.LOOP_KINDS, Kind.LAMBDA_EXPR)
    return any(child.kind not in inner and continues(child) for child in body.get_children())


def leaves_early(body: Any) -> bool:
    """True if a loop's body may end it: then a test with ``!=`` need not be met to end it."""
    kinds = (Kind.BREAK_STMT, Kind.RETURN_STMT, Kind.CXX_THROW_EXPR)
    return any(node.kind in kinds for node in syntax.walk(body))


class Blocks:
    """The blocks of a function."""

    def __init__(self, function: Any) -> None:
        self._parents: dict[int, Any] = {}
        for node in function.walk_preorder():
            for child in node.get_children():
                self._parents[child.hash] = node
        self.function = function

    def parent(self, node: Any) -> Any | None:
        """What a cursor stands in."""
        return self._parents.get(node.hash)

    def siblings(self, statement: Any) -> tuple[list[Any], list[Any]]:
        """The statements before and after one in its block; none where it stands in no block."""
        block = self.parent(statement)
        if block is None or block.kind != Kind.COMPOUND_STMT:
            return [], []
        inside = syntax.children(block)
        at = next(n for n, other in enumerate(inside) if other.hash == statement.hash)
        return inside[:at], inside[at + 1 :]

    def in_header(self, declaration: Any) -> bool:
        """True for a variable that the header of a for loop declares: it is not known beyond."""
        statement = self.parent(declaration)
        loop = self.parent(statement) if statement is not None else None
        return loop is not None and loop.kind == Kind.FOR_STMT

    def in_loop(self, node: Any, outermost: Any) -> bool:
        """True if a loop stands between a cursor and one around it."""
        parent = self.parent(node)
        while parent is not None and parent != outermost:
            if parent.kind in syntax.LOOP_KINDS:
                return True
            parent = self.parent(parent)
        return False

    def dead_after(self, statement: Any, name: str) -> bool:
        """True if nothing reads, after a statement, the value that it leaves in a local variable."""
        node = statement
        while node is not None and node != self.function:
            _, after = self.siblings(node)
            if (verdict := _first_use(after, name)) is not None:
                return verdict
            parent = self.parent(node)
            if parent is not None and parent.kind in syntax.LOOP_KINDS:
                header = [part for part in parent.get_children() if part != node]
                if any(next(uses(part, name), None) for part in header):
                    return False
                if _first_use(syntax.statements(node), name) is False:
                    return False
            node = parent
        return True


def _first_use(statements: list[Any], name: str) -> bool | None:
    """Whether the first of the statements that use a variable sets or declares it; None: none do.

    False where the statements may be left before it is set.
    """
    leaves = False
    for statement in statements:
        if statement.kind == Kind.DECL_STMT and any(
            child.kind == Kind.VAR_DECL and syntax.key(child) == name
            for child in statement.get_children()
        ):
            return True
        if next(uses(statement, name), None) is not None:
            starts = starts_by_setting(statement, name) or sets(statement, name)
            return starts and not leaves
        leaves |= any(node.kind in _LEAVING for node in syntax.walk(statement))
    return None
