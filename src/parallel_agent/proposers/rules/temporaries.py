"""Local vectors that one loop fills and later loops read element by element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport
from parallel_agent.proposers.rules.effects import Effects, effects_of
from parallel_agent.proposers.rules.loops_as_one import APPENDING, AsOneLoop, offset_of
from parallel_agent.proposers.rules.polynomials import ONE, Polynomial
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values


@dataclass(frozen=True)
class Temporary:
    """A local vector, the loop that fills it and those that read it, all in one block.

    ``store`` is the statement of ``producer`` that sets the element, ``value`` what it sets it to.
    ``elements`` are the places that name an element, ``lengths`` the calls of ``size()`` that stay.
    ``shift`` is what to add to the producer's loop variable to get each consumer's.
    """

    declaration: Any
    element_type: str
    statement: Any
    reserve: Any | None
    producer: LoopReport
    store: Any
    value: Any
    consumers: tuple[LoopReport, ...]
    shift: tuple[int, ...]
    elements: tuple[Any, ...]
    lengths: tuple[Any, ...]
    length_text: str

    @property
    def name(self) -> str:
        """The vector's name."""
        return str(self.declaration.spelling)


def local_vectors(function: Any) -> list[Any]:
    """Declarations of local vectors of numbers, in source order."""
    found = []
    for node in function.walk_preorder():
        if node.kind == Kind.VAR_DECL and not syntax.is_reference(node.type):
            type_ = node.type.get_canonical()
            vector = type_.spelling.removeprefix("const ").startswith("std::vector<")
            if vector and syntax.is_arithmetic(type_.get_template_argument_type(0)):
                found.append(node)
    return found


def find_temporary(analysis: Analysis) -> Temporary | None:
    """The first local vector that a single loop could do without."""
    for declaration in local_vectors(analysis.parsed.function):
        found = _Finder(analysis, declaration).find()
        if found is not None:
            return found
    return None


class _Finder:
    def __init__(self, analysis: Analysis, declaration: Any) -> None:
        self.analysis = analysis
        self.values: Values = analysis.values
        self.declaration = declaration
        self.key = syntax.key(declaration)

    def find(self) -> Temporary | None:
        block = self.block()
        if block is None:
            return None
        statement = next(s for s in block if syntax.contains(s, self.declaration))
        if statement.kind != Kind.DECL_STMT or len(syntax.children(statement)) != 1:
            return None
        after = block[block.index(statement) + 1 :]
        users = [s for s in after if self.key in _deep_variables(s)]
        reserve = users.pop(0) if users and self.reserves(users[0]) else None
        loops = {r.loop.cursor.hash: r for r in self.analysis.all_loops()}
        reports = [loops[s.hash] for s in users if s.hash in loops]
        others = [s for s in users if s.hash not in loops]
        if len(reports) < 2 or users.index(reports[0].loop.cursor) != 0:
            return None
        return self.assemble(statement, reserve, reports, others, after)

    def block(self) -> list[Any] | None:
        for node in self.analysis.parsed.function.walk_preorder():
            if node.kind == Kind.COMPOUND_STMT:
                parts = syntax.children(node)
                if any(
                    s.kind == Kind.DECL_STMT and self.declaration in syntax.children(s)
                    for s in parts
                ):
                    return parts
        return None

    def reserves(self, statement: Any) -> bool:
        bare = syntax.strip(statement)
        return bare.kind == Kind.CALL_EXPR and syntax.callee_name(bare) == "reserve"

    def assemble(
        self,
        statement: Any,
        reserve: Any,
        reports: list[LoopReport],
        others: list[Any],
        after: list[Any],
    ) -> Temporary | None:
        producer, *consumers = reports
        if not _counts_up(producer):
            return None
        found = self.store(producer)
        if found is None:
            return None
        store, value, offset = found
        length = self.length(producer, store)
        uses = self.uses(store)
        if uses is None or length is None:
            return None
        elements, lengths = uses
        inside = [n for n in lengths if not any(_in_header(r.loop, n) for r in consumers)]
        text = self.length_text(producer, store)
        if inside and not text:
            return None
        if any(syntax.contains(s, e) for s in others for e in elements):
            return None
        shifts = [self.shift(producer, r, offset, length, elements) for r in consumers]
        if None in shifts or not self.own_elements(producer, store, offset, elements):
            return None
        if not AsOneLoop(self.values, self.key).movable(reports, store, after):
            return None
        return Temporary(
            self.declaration,
            self.declaration.type.get_canonical().get_template_argument_type(0).spelling,
            statement,
            reserve,
            producer,
            store,
            value,
            tuple(consumers),
            tuple(s for s in shifts if s is not None),
            tuple(elements),
            tuple(inside),
            text,
        )

    def store(self, producer: LoopReport) -> tuple[Any, Any, Polynomial] | None:
        """The statement that sets the element, its value, and its position less the variable."""
        assert producer.loop.variable is not None
        for statement in syntax.statements(producer.loop.body):
            bare = syntax.strip(statement)
            if bare.kind == Kind.CALL_EXPR and syntax.callee_name(bare) in APPENDING:
                owner, arguments = syntax.receiver(bare), list(bare.get_arguments())
                if owner is not None and self.is_vector(owner) and len(arguments) == 1:
                    lower = producer.loop.lower
                    return None if lower is None else (statement, arguments[0], -lower)
            elif syntax.binary_operator(bare) == "=":
                target, value = syntax.children(bare)
                path = self.values.path(target)
                if path is not None and path.root == self.key and len(path.elements) == 1:
                    offset = offset_of(path.elements[0], producer.loop.variable)
                    return None if offset is None else (statement, value, offset)
        return None

    def is_vector(self, node: Any) -> bool:
        bare = syntax.strip(node)
        return syntax.is_variable(bare) and syntax.key(bare.referenced) == self.key

    def length(self, producer: LoopReport, store: Any) -> Polynomial | None:
        """The vector's number of elements where loops read it."""
        lower, upper = producer.loop.lower, producer.loop.upper
        arguments = self.arguments()
        if syntax.callee_name(syntax.strip(store)) in APPENDING:
            return upper - lower + ONE if not arguments and upper and lower is not None else None
        braces = "{" in self.values.text(self.declaration)
        if not arguments or braces or not syntax.is_integer(arguments[0].type):
            return None
        return self.values.polynomial(arguments[0])

    def length_text(self, producer: LoopReport, store: Any) -> str:
        """The number of elements as the source would write it, ``""`` if that takes a formula."""
        if syntax.callee_name(syntax.strip(store)) in APPENDING:
            condition = syntax.children(producer.loop.cursor)[1]
            plain = syntax.binary_operator(syntax.strip(condition)) == "<"
            at_zero = producer.loop.lower is not None and producer.loop.lower.value == 0
            return self.values.text(producer.loop.header[1]) if plain and at_zero else ""
        return self.values.text(self.arguments()[0])

    def arguments(self) -> list[Any]:
        """What the vector's constructor is given."""
        value = syntax.initializer(self.declaration)
        while value is not None and value.kind == Kind.UNEXPOSED_EXPR:
            value = next(iter(value.get_children()), None)
        return list(value.get_arguments()) if value is not None else []

    def uses(self, store: Any) -> tuple[list[Any], list[Any]] | None:
        """All places outside the declaration that name an element, and all calls of ``size()``.

        None if the vector is used in another way.
        """
        elements: list[Any] = []
        lengths: list[Any] = []
        known: list[Any] = []
        for node in self.analysis.parsed.function.walk_preorder():
            if node.kind == Kind.CXX_FOR_RANGE_STMT and self.is_vector(syntax.children(node)[-2]):
                known.append(syntax.children(node)[-2])
                continue
            if node.kind not in (Kind.CALL_EXPR, Kind.ARRAY_SUBSCRIPT_EXPR):
                continue
            name, owner = syntax.callee_name(node), syntax.receiver(node)
            if owner is None and name == "operator[]":
                owner = next(iter(node.get_arguments()))
            if owner is None or not self.is_vector(owner):
                continue
            known.append(owner)
            if name in ("operator[]", "at"):
                elements.append(node)
            elif name == "size":
                lengths.append(node)
            elif not syntax.contains(store, node) and name != "reserve":
                return None
        named = [
            node
            for node in self.analysis.parsed.function.walk_preorder()
            if syntax.is_variable(node) and syntax.key(node.referenced) == self.key
        ]
        covered = all(any(syntax.contains(k, node) for k in known) for node in named)
        return (elements, lengths) if covered else None

    def own_elements(
        self, producer: LoopReport, store: Any, offset: Polynomial, elements: list[Any]
    ) -> bool:
        """True if the producer reads only the element that it has just set."""
        for element in elements:
            if not syntax.contains(producer.loop.body, element):
                continue
            path = self.values.path(element)
            assert producer.loop.variable is not None
            if path is None or offset_of(path.elements[0], producer.loop.variable) != offset:
                return False
            set_here = syntax.contains(store, element)
            target = next(iter(syntax.strip(store).get_children()))
            if set_here and not syntax.contains(target, element):
                return False
            if element.extent.start.offset < store.extent.start.offset:
                return False
        return True

    def shift(
        self,
        producer: LoopReport,
        consumer: LoopReport,
        offset: Polynomial,
        length: Polynomial,
        elements: list[Any],
    ) -> int | None:
        """Consumer's variable less producer's where both mean the same element."""
        loop = consumer.loop
        if loop.cursor.kind == Kind.CXX_FOR_RANGE_STMT:
            return self.range_shift(producer, consumer, offset, length)
        if not _counts_up(consumer) or loop.variable is None or loop.lower is None:
            return None
        assert loop.upper is not None and producer.loop.lower is not None
        assert producer.loop.upper is not None
        shifts = set()
        for element in elements:
            if syntax.contains(loop.body, element):
                path = self.values.path(element)
                own = offset_of(path.elements[0], loop.variable) if path is not None else None
                shifts.add((offset - own).value if own is not None else None)
        if len(shifts) != 1 or (shift := shifts.pop()) is None:
            return None
        if _writes(effects_of(loop.body, self.values), self.key):
            return None
        upper = self.known_length(loop.upper, length)
        moved = Polynomial.constant(shift)
        alike = loop.lower - producer.loop.lower == moved and upper - producer.loop.upper == moved
        return shift if alike else None

    def range_shift(
        self, producer: LoopReport, consumer: LoopReport, offset: Polynomial, length: Polynomial
    ) -> int | None:
        """A range loop reads every element: the producer must set every one."""
        loop = producer.loop
        if not self.is_vector(consumer.loop.header[0]) or loop.lower is None or loop.upper is None:
            return None
        variable = consumer.loop.declaration
        if not variable.type.is_const_qualified() and syntax.is_writable_reference(variable.type):
            return None
        if syntax.key(variable) in consumer.effects.written():
            return None
        first, last = loop.lower + offset, loop.upper + offset
        return 0 if first.value == 0 and last == length - ONE else None

    def known_length(self, bound: Polynomial, length: Polynomial) -> Polynomial:
        for symbol in bound.symbols:
            if symbol.depends == frozenset({self.key}):
                bound = bound.substitute(symbol, length)
        return bound


def _counts_up(report: LoopReport) -> bool:
    loop = report.loop
    return (
        loop.cursor.kind == Kind.FOR_STMT
        and loop.variable is not None
        and loop.declares_variable
        and not loop.descending
        and loop.step.value == 1
        and loop.lower is not None
        and loop.upper is not None
        and loop.variable.name not in report.effects.written()
    )


def _writes(effects: Effects, root: str) -> bool:
    return any(access.kind != "read" for access in effects.of(root))


def _in_header(loop: Any, node: Any) -> bool:
    return syntax.contains(loop.cursor, node) and not syntax.contains(loop.body, node)


def _deep_variables(node: Any) -> set[str]:
    return {syntax.key(n.referenced) for n in node.walk_preorder() if syntax.is_variable(n)}
