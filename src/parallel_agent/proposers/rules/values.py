"""What expressions of a function stand for: polynomials for integers, paths for places in memory."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.assignments import assigned_variables, resizing_receiver
from parallel_agent.proposers.rules.polynomials import ZERO, Polynomial, Symbol
from parallel_agent.proposers.rules.syntax import Kind

INDEXED = re.compile(r"^std::(__cxx11::|__debug::)?(vector|array|basic_string|deque|valarray)<")
"""What has ``[]`` and ``size()``, by its canonical type."""
_SIZES = ("size", "length")
_COMPUTED = (
    *syntax.CASTS,
    Kind.BINARY_OPERATOR,
    Kind.CONDITIONAL_OPERATOR,
    Kind.UNEXPOSED_EXPR,
    Kind.PAREN_EXPR,
    Kind.DECL_REF_EXPR,
    Kind.INTEGER_LITERAL,
    Kind.CHARACTER_LITERAL,
    Kind.TYPE_REF,
    Kind.NAMESPACE_REF,
)
"""What an expression may consist of that reads nothing but variables."""


@dataclass(frozen=True)
class Subscript:
    """One ``[position]``; None where the position is no polynomial. ``packed``: vector<bool>."""

    position: Polynomial | None
    packed: bool = False


@dataclass(frozen=True)
class Field:
    """One ``.name``."""

    name: str


@dataclass(frozen=True)
class Path:
    """A place in memory: a variable and the subscripts and fields that lead on from it."""

    declaration: Any = field(compare=False)
    root: str
    elements: tuple[Subscript | Field, ...] = ()

    def then(self, element: Subscript | Field) -> Path:
        """The place one subscript or field further."""
        return Path(self.declaration, self.root, (*self.elements, element))

    @property
    def name(self) -> str:
        """The variable's name in the source."""
        return syntax.shown(self.root)


@dataclass(frozen=True)
class Pointer:
    """A pointer value: ``offset`` elements behind the first element of ``target``."""

    target: Path
    offset: Polynomial | None


class Values:
    """Answers for one function; ``source`` is the text that libclang parsed."""

    def __init__(self, function: Any, source: str) -> None:
        self.function = function
        self._bytes = source.encode()
        self._assigned = Counter(assigned_variables(function))
        self._ranges = {
            syntax.key(parts[0]): parts[-2]
            for node in function.walk_preorder()
            if node.kind == Kind.CXX_FOR_RANGE_STMT and (parts := syntax.children(node))
        }
        self._resized = {
            path.root
            for node in function.walk_preorder()
            if (owner := resizing_receiver(node)) is not None and (path := self.path(owner))
        }

    def text(self, node: Any) -> str:
        """The source text of a cursor."""
        return self._bytes[node.extent.start.offset : node.extent.end.offset].decode()

    def assigned(self, declaration: Any) -> bool:
        """True if a variable may be written after its initialization."""
        return self._assigned[syntax.key(declaration)] > 0

    def written_times(self, declaration: Any) -> int:
        """How often a variable is written, or made writable elsewhere, after its initialization."""
        return self._assigned[syntax.key(declaration)]

    def origins(self, declaration: Any) -> set[str]:
        """Keys of all variables that a variable's initial value comes from."""
        value = syntax.initializer(declaration) if declaration.kind == Kind.VAR_DECL else None
        found: set[str] = set()
        for node in syntax.walk(value) if value is not None else ():
            if syntax.is_variable(node):
                found |= {syntax.key(node.referenced)} | self.origins(node.referenced)
        return found

    def position_symbol(self, variable: Any) -> Symbol:
        """The symbol of the position of a range loop: its variable's key stands for it."""
        name = syntax.key(variable)
        return Symbol(name, frozenset({name}))

    # Places in memory

    def path(self, node: Any) -> Path | None:
        """The place an expression denotes, None if it cannot be told."""
        node = syntax.strip(node)
        if syntax.is_variable(node):
            return self._variable_path(node.referenced)
        if node.kind == Kind.MEMBER_REF_EXPR:
            return self._member_path(node)
        if node.kind == Kind.ARRAY_SUBSCRIPT_EXPR:
            base, index = syntax.children(node)
            return self._element(base, self.polynomial(index))
        if node.kind == Kind.CALL_EXPR:
            return self._call_path(node)
        if syntax.unary_operator(node) == "*":
            return self._element(syntax.children(node)[0], ZERO)
        return None

    def pointer(self, node: Any) -> Pointer | None:
        """Where a pointer expression points, None if it cannot be told."""
        node = syntax.strip(node)
        if syntax.is_variable(node):
            return self._variable_pointer(node.referenced)
        if node.kind == Kind.CALL_EXPR and syntax.callee_name(node) == "data":
            owner = syntax.receiver(node)
            target = self.path(owner) if owner is not None else None
            return Pointer(target, ZERO) if target else None
        if syntax.unary_operator(node) == "&":
            return self._address(self.path(syntax.children(node)[0]))
        if syntax.binary_operator(node) in ("+", "-"):
            return self._moved(node)
        return self._plain_pointer(node.type, self.path(node))

    def _plain_pointer(self, type_: Any, path: Path | None) -> Pointer | None:
        """An array's own elements, or a pointer that the caller gave and nobody moved.

        A pointer kept in a local variable could point into anything.
        """
        if path is None:
            return None
        local = path.declaration.kind != Kind.PARM_DECL
        return None if local and syntax.is_pointer(type_) else Pointer(path, ZERO)

    def _variable_path(self, declaration: Any) -> Path | None:
        name = syntax.key(declaration)
        if declaration.kind == Kind.VAR_DECL and syntax.is_reference(declaration.type):
            if name in self._ranges:
                container = self.path(self._ranges[name])
                position = Polynomial.variable(self.position_symbol(declaration))
                packed = "vector<bool" in self._ranges[name].type.get_canonical().spelling
                return container.then(Subscript(position, packed)) if container else None
            value = syntax.initializer(declaration)
            return self.path(value) if value is not None else None
        return Path(declaration, name)

    def _member_path(self, node: Any) -> Path | None:
        inner = syntax.children(node)
        if not inner or node.referenced is None or node.referenced.kind != Kind.FIELD_DECL:
            return None
        owner = syntax.strip(inner[0])
        base = self._element(owner, ZERO) if syntax.is_pointer(owner.type) else self.path(owner)
        return base.then(Field(node.spelling)) if base else None

    def _call_path(self, node: Any) -> Path | None:
        name = syntax.callee_name(node)
        if name == "operator[]":
            base, index = list(node.get_arguments())
        elif name == "at" and syntax.receiver(node) is not None:
            base, index = syntax.receiver(node), next(iter(node.get_arguments()))
        else:
            return None
        spelling = syntax.bare_type(base.type)
        container = self.path(base) if INDEXED.match(spelling) else None
        if container is None:
            return None
        packed = spelling.startswith("std::vector<bool")
        return container.then(Subscript(self.polynomial(index), packed))

    def _element(self, base: Any, index: Polynomial | None) -> Path | None:
        pointer = self.pointer(base)
        if pointer is None:
            return None
        known = pointer.offset is not None and index is not None
        position = pointer.offset + index if known else None  # type: ignore[operator]
        return pointer.target.then(Subscript(position))

    def _variable_pointer(self, declaration: Any) -> Pointer | None:
        if self.assigned(declaration):
            return None
        value = syntax.initializer(declaration) if declaration.kind == Kind.VAR_DECL else None
        if value is not None and syntax.is_pointer(declaration.type):
            return self.pointer(value)
        return self._plain_pointer(declaration.type, self._variable_path(declaration))

    def _address(self, path: Path | None) -> Pointer | None:
        if path is None or not path.elements or not isinstance(path.elements[-1], Subscript):
            return None
        container = Path(path.declaration, path.root, path.elements[:-1])
        return Pointer(container, path.elements[-1].position)

    def _moved(self, node: Any) -> Pointer | None:
        left, right = syntax.children(node)
        if not syntax.is_pointer(syntax.strip(left).type):
            left, right = right, left
        base, distance = self.pointer(left), self.polynomial(right)
        if base is None:
            return None
        if base.offset is None or distance is None:
            return Pointer(base.target, None)
        sign = Polynomial.constant(-1 if syntax.binary_operator(node) == "-" else 1)
        return Pointer(base.target, base.offset + sign * distance)

    # Integers

    def polynomial(self, node: Any) -> Polynomial | None:
        """An integer expression as a polynomial; None where it depends on values in memory."""
        node = syntax.strip(node, casts=True)
        if not syntax.is_integer(node.type):
            return None
        if node.kind == Kind.INTEGER_LITERAL:
            return _literal(self.text(node))
        if syntax.is_variable(node):
            return self._variable_value(node.referenced)
        operator = syntax.binary_operator(node)
        if operator in ("+", "-", "*"):
            left, right = (self.polynomial(part) for part in syntax.children(node))
            return _combine(operator, left, right)
        if syntax.unary_operator(node) == "-":
            inner = self.polynomial(syntax.children(node)[0])
            return -inner if inner is not None else None
        return self._opaque(node)

    def _variable_value(self, declaration: Any) -> Polynomial | None:
        if declaration.kind == Kind.VAR_DECL and not self.assigned(declaration):
            value = syntax.initializer(declaration)
            known = self.polynomial(value) if value is not None else None
            if known is not None:
                return known
        name = syntax.key(declaration)
        return Polynomial.variable(Symbol(name, frozenset({name})))

    def _opaque(self, node: Any) -> Polynomial | None:
        """A symbol for an expression that is no polynomial but reads nothing except variables."""
        name = self.text(node)
        if node.kind == Kind.CALL_EXPR:
            owner = syntax.receiver(node)
            path = self.path(owner) if owner is not None else None
            if path is None or path.elements or syntax.callee_name(node) not in _SIZES:
                return None
            if path.root in self._resized:
                name = f"{name} at {node.extent.start.offset}"
            return Polynomial.variable(Symbol(name, frozenset({path.root})))
        if all(part.kind in _COMPUTED for part in syntax.walk(node)):
            depends = syntax.variables(node)
            return Polynomial.variable(Symbol(f"{name} of {sorted(depends)}", frozenset(depends)))
        return None


def _combine(operator: str, left: Polynomial | None, right: Polynomial | None) -> Polynomial | None:
    if left is None or right is None:
        return None
    if operator == "*":
        return left * right
    return left + right if operator == "+" else left - right


def _literal(text: str) -> Polynomial | None:
    digits = text.replace("'", "").rstrip("uUlLzZ")
    try:
        return Polynomial.constant(int(digits, 8 if re.fullmatch(r"0[0-7]+", digits) else 0))
    except ValueError:
        return None
