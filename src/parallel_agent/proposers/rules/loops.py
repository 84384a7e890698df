"""The loops of a function: induction variable, bounds and step where they have canonical form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.polynomials import ONE, ZERO, Polynomial, Symbol
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values

_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!="}


@dataclass(frozen=True)
class Loop:
    """One loop. ``lower`` and ``upper`` bound the induction variable inclusively.

    ``variable`` is None unless the loop has the canonical form that OpenMP asks for; then
    ``objection`` says why. Bounds are None where they are no polynomials. ``step`` is positive,
    ``descending`` tells its sign. ``header`` holds the expressions evaluated outside the body.
    """

    cursor: Any
    body: Any
    depth: int
    variable: Symbol | None = None
    declaration: Any = None
    lower: Polynomial | None = None
    upper: Polynomial | None = None
    step: Polynomial = ONE
    descending: bool = False
    header: tuple[Any, ...] = ()
    objection: str = ""
    inner: tuple[Loop, ...] = field(default=())

    @property
    def line(self) -> int:
        """The line the loop starts on."""
        return syntax.line(self.cursor)

    @property
    def name(self) -> str:
        """How to speak of the loop."""
        if self.variable is None:
            return f"the loop in line {self.line}"
        return f"the loop over {syntax.shown(self.variable.name)} in line {self.line}"

    @property
    def declares_variable(self) -> bool:
        """True if the induction variable lives inside the loop only."""
        return self.declaration is not None and syntax.within(self.cursor, self.declaration)

    def nest(self) -> Iterator[Loop]:
        """This loop and all inside it, outer before inner."""
        yield self
        for loop in self.inner:
            yield from loop.nest()


def find_loops(root: Any, values: Values, depth: int = 0) -> tuple[Loop, ...]:
    """The outermost loops below a cursor, in source order, with those inside them."""
    found: list[Loop] = []
    for child in root.get_children():
        if child.kind in syntax.LOOP_KINDS:
            found.append(_loop(child, values, depth))
        elif child.kind != Kind.LAMBDA_EXPR:
            found.extend(find_loops(child, values, depth))
    return tuple(found)


def loop_at(cursor: Any, values: Values) -> Loop:
    """The loop that a loop statement is, with those inside it."""
    return _loop(cursor, values, 0)


def _loop(cursor: Any, values: Values, depth: int) -> Loop:
    parts = syntax.children(cursor)
    body = parts[0] if cursor.kind == Kind.DO_STMT else parts[-1]
    inner = (
        find_loops(body, values, depth + 1)
        if body.kind not in syntax.LOOP_KINDS
        else (_loop(body, values, depth + 1),)
    )
    if cursor.kind == Kind.CXX_FOR_RANGE_STMT:
        return _range_loop(cursor, body, depth, inner, values)
    if cursor.kind == Kind.FOR_STMT and len(parts) == 4:
        return _for_loop(cursor, depth, inner, values)
    return Loop(cursor, body, depth, inner=inner, objection="it has no canonical form")


def _range_loop(
    cursor: Any, body: Any, depth: int, inner: tuple[Loop, ...], values: Values
) -> Loop:
    parts = syntax.children(cursor)
    variable, container = parts[0], parts[-2]
    path = values.path(container)
    if variable.kind != Kind.VAR_DECL or path is None:
        return Loop(cursor, body, depth, inner=inner, objection="its range is not a plain variable")
    size = Symbol(f"number of elements at {container.extent.start.offset}", frozenset({path.root}))
    upper = Polynomial.variable(size) - ONE
    symbol = values.position_symbol(variable)
    return Loop(
        *(cursor, body, depth, symbol, variable, ZERO, upper), header=(container,), inner=inner
    )


def _for_loop(cursor: Any, depth: int, inner: tuple[Loop, ...], values: Values) -> Loop:
    start, condition, increment, body = syntax.children(cursor)
    plain = Loop(cursor, body, depth, inner=inner)
    found = _start(start)
    if found is None:
        return _not_canonical(plain, "its first part does not set one variable")
    declaration, first = found
    if not syntax.is_integer(declaration.type) or syntax.is_reference(declaration.type):
        return _not_canonical(plain, "its variable is not an integer")
    compared = comparison_of(condition, declaration)
    moved = step_of(increment, declaration, values)
    if compared is None:
        return _not_canonical(plain, "its condition is not one comparison of its variable")
    if moved is None:
        return _not_canonical(plain, "its last part does not move its variable by a fixed step")
    relation, bound = compared
    stride, descending = moved
    if relation == "!=" and stride.value != 1:
        return _not_canonical(plain, "it could step over the bound that it tests with !=")
    if relation != "!=" and (relation[0] == ">") != descending:
        return _not_canonical(plain, "it steps away from its bound")
    low, high = _bounds(relation, values.polynomial(first), values.polynomial(bound), descending)
    symbol = values.position_symbol(declaration)
    return Loop(
        *(cursor, body, depth, symbol, declaration, low, high, stride, descending),
        header=(first, bound),
        inner=inner,
    )


def _not_canonical(loop: Loop, objection: str) -> Loop:
    return Loop(loop.cursor, loop.body, loop.depth, inner=loop.inner, objection=objection)


def _start(node: Any) -> tuple[Any, Any] | None:
    """The variable that a loop's first part sets, and its first value."""
    if node.kind == Kind.DECL_STMT:
        declarations = syntax.children(node)
        if len(declarations) == 1 and declarations[0].kind == Kind.VAR_DECL:
            value = syntax.initializer(declarations[0])
            return (declarations[0], value) if value is not None else None
    if syntax.binary_operator(node) == "=":
        target, value = syntax.children(node)
        target = syntax.strip(target)
        if syntax.is_variable(target):
            return target.referenced, value
    return None


def comparison_of(node: Any, declaration: Any) -> tuple[str, Any] | None:
    """The relation between a loop's variable and its bound, with the variable on the left."""
    node = syntax.strip(node)
    operator = syntax.binary_operator(node)
    if operator not in _FLIPPED:
        return None
    left, right = syntax.children(node)
    name = syntax.key(declaration)
    if _names(left, name) and name not in syntax.variables(right):
        return operator, right
    if _names(right, name) and name not in syntax.variables(left):
        return _FLIPPED[operator], left
    return None


def _names(node: Any, name: str) -> bool:
    bare = syntax.strip(node)
    return syntax.is_variable(bare) and syntax.key(bare.referenced) == name


def step_of(node: Any, declaration: Any, values: Values) -> tuple[Polynomial, bool] | None:
    """The size of a loop's step and whether it goes down."""
    node = syntax.strip(node)
    name = syntax.key(declaration)
    parts = syntax.children(node)
    operator = syntax.unary_operator(node) or syntax.binary_operator(node)
    if not parts or not _names(parts[0], name):
        return None
    if operator in ("++", "--"):
        return ONE, operator == "--"
    if operator == "=":
        node = syntax.strip(parts[1])
        operator, parts = f"{syntax.binary_operator(node)}=", syntax.children(node)
        if operator == "+=" and _names(parts[1], name):
            parts.reverse()
        if len(parts) != 2 or not _names(parts[0], name):
            return None
    if operator not in ("+=", "-="):
        return None
    amount = values.polynomial(parts[1])
    if amount is None or not amount.never_negative() or amount.value == 0:
        return None
    return amount, operator == "-="


def _bounds(
    relation: str, first: Polynomial | None, bound: Polynomial | None, descending: bool
) -> tuple[Polynomial | None, Polynomial | None]:
    if bound is not None and relation in ("<", "!=") and not descending:
        bound -= ONE
    elif bound is not None and relation in (">", "!=") and descending:
        bound += ONE
    return (bound, first) if descending else (first, bound)
