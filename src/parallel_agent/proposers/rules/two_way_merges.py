"""Recognizing merges: loops that step through two ranges by a comparison of their next elements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.merge_loops import stepped_index
from parallel_agent.proposers.rules.merge_moves import Moves, chosen_parts, moves_of, place, pure
from parallel_agent.proposers.rules.strategy import NotApplicable
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values

_INSIDE = {"<": True, "!=": True, ">=": False, "==": False}
"""What a comparison of a position with its bound says where it is true."""
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True)
class TwoWayMerge:
    """Two ranges merged by a loop, and by two more where it ends with the shorter of them.

    Where ``comparison`` is true an element of the first range comes next. ``first``, ``second`` and
    ``position`` are declarations: the positions in the ranges and in the result (None where elements
    are pushed to its end). ``limit`` is where ``position`` ends in a loop that goes by it. ``bounds``
    are the cursors of bounds by the key of what they bound.
    """

    statements: tuple[Any, ...]
    first: Any
    second: Any
    position: Any | None
    ends: tuple[Any, Any]
    limit: Any | None
    bounds: tuple[tuple[str, Any], ...]
    comparison: Any
    moves: tuple[Moves, Moves]

    @property
    def loop(self) -> Any:
        """The loop that compares."""
        return self.statements[0]

    @property
    def outputs(self) -> dict[str, Any]:
        """The declarations of what is written, by their keys."""
        return {syntax.key(m.output): m.output for found in self.moves for m in found.moves}


@dataclass(frozen=True)
class _Leaf:
    """An iteration that takes from one range; the conditional operators in it with what counts."""

    statements: tuple[Any, ...]
    chosen: tuple[tuple[tuple[int, int], Any], ...] = ()


@dataclass(frozen=True)
class _Choice:
    """What an iteration does where a comparison is true, and where it is false."""

    comparison: Any
    leaves: tuple[_Leaf, _Leaf]
    negated: bool


@dataclass(frozen=True)
class _Test:
    """A comparison of a position with its bound: true ``inside`` the range, or outside of it."""

    key: str
    bound: Any
    inside: bool


def two_way_merges(block: Any, values: Values) -> Iterator[TwoWayMerge]:
    """The merges among the statements of a block."""
    statements = syntax.children(block)
    for at, statement in enumerate(statements):
        if statement.kind in (Kind.WHILE_STMT, Kind.FOR_STMT):
            try:
                yield _Reader(statement, statements[at + 1 : at + 3], values).read()
            except NotApplicable:
                continue


class _Reader:
    """Reads one loop, and the two statements that follow it."""

    def __init__(self, loop: Any, following: list[Any], values: Values) -> None:
        self.loop, self.following, self.values = loop, following, values
        self.header = loop_parts(loop)
        self.stepped: dict[str, Any] = {}
        for node in syntax.walk(loop):
            if (name := stepped_index(node)) is not None:
                self.stepped[name] = syntax.strip(syntax.children(node)[0]).referenced

    def read(self) -> TwoWayMerge:
        choice = self.decide(dict.fromkeys(self.stepped, True))
        if not isinstance(choice, _Choice):
            raise NotApplicable("no comparison decides")
        one, other = (self.moves(leaf) for leaf in choice.leaves)
        if choice.negated:
            one, other = other, one
        places = {move.position for found in (one, other) for move in found.moves}
        if len(places) != 1:
            raise NotApplicable("elements go to several places")
        (position,) = places
        first, second = _range_of(one, position), _range_of(other, position)
        if first == second or position in (first, second):
            raise NotApplicable("both cases take from the same range")
        limited = self.runs(first, second, position, (one, other))
        tails = () if limited is not None else self.tails({first: one, second: other})
        statements = (self.loop, *tails)
        bounds = [(t.key, t.bound) for s in statements for t in self.tests(s)]
        for key in {key for key, _ in bounds}:
            if len({self.spelled(bound) for bounded, bound in bounds if bounded == key}) > 1:
                raise NotApplicable("a range has two ends")
        ends = dict(bounds)
        if first not in ends or second not in ends:
            raise NotApplicable("a range has no end")
        if limited and not self.is_sum(ends[position], ends[first], ends[second]):
            raise NotApplicable("not all elements are merged")
        return TwoWayMerge(
            statements=statements,
            first=self.stepped[first],
            second=self.stepped[second],
            position=self.stepped[position] if position else None,
            ends=(ends[first], ends[second]),
            limit=ends.get(position) if limited else None,
            bounds=tuple(bounds),
            comparison=choice.comparison,
            moves=(one, other),
        )

    def is_sum(self, whole: Any, *parts: Any) -> bool:
        total = self.values.polynomial(whole)
        one, other = (self.values.polynomial(part) for part in parts)
        return None not in (total, one, other) and total == one + other  # type: ignore[operator]

    def spelled(self, node: Any) -> str:
        return "".join(self.values.text(node).split())

    def tests(self, statement: Any) -> Iterator[_Test]:
        """All comparisons of positions with their bounds."""
        for node in syntax.walk(statement):
            if (test := self.test(node)) is not None:
                yield test

    def test(self, node: Any) -> _Test | None:
        operator = syntax.binary_operator(node)
        if operator not in _FLIPPED:
            return None
        left, right = (syntax.strip(part, casts=True) for part in syntax.children(node))
        if syntax.is_variable(right) and syntax.key(right.referenced) in self.stepped:
            left, right, operator = right, left, _FLIPPED[operator]
        if not syntax.is_variable(left) or syntax.variables(right) & set(self.stepped):
            return None
        key = syntax.key(left.referenced)
        if key not in self.stepped or operator not in _INSIDE or not pure(right):
            return None
        return _Test(key, right, _INSIDE[operator])

    # Which range an iteration takes from

    def decide(self, inside: dict[str, bool]) -> _Leaf | _Choice:
        """What an iteration does, given which positions are inside their ranges."""
        return self.branch(tuple(self.header.iteration), inside)

    def branch(self, statements: tuple[Any, ...], inside: dict[str, bool]) -> _Leaf | _Choice:
        choosers = [s for s in statements if s.kind == Kind.IF_STMT or chosen_parts(s)]
        if not choosers:
            return _Leaf(statements)
        (chooser, *others) = choosers
        parts = syntax.children(chooser) if chooser.kind == Kind.IF_STMT else []
        if chooser.kind != Kind.IF_STMT:
            (conditional, *others_in_it) = chosen_parts(chooser)
            others += others_in_it
            parts = syntax.children(conditional)
        if others or len(parts) != 3 or not parts[0].kind.is_expression():
            raise NotApplicable("more than one choice is made")
        value = self.value(parts[0], inside)
        if chooser.kind == Kind.IF_STMT:
            at = statements.index(chooser)
            found = [
                self.branch(
                    (*statements[:at], *syntax.statements(part), *statements[at + 1 :]), inside
                )
                for part in self.needed(parts[1:], value)
            ]
        else:
            found = [
                _Leaf(statements, ((place(conditional), syntax.strip(part)),))
                for part in self.needed(parts[1:], value)
            ]
        if isinstance(value, bool):
            return found[0]
        leaves = [leaf for leaf in found if isinstance(leaf, _Leaf)]
        if len(leaves) != 2:
            raise NotApplicable("two comparisons decide")
        return _Choice(value[0], (leaves[0], leaves[1]), value[1])

    def needed(self, branches: list[Any], value: bool | tuple[Any, bool]) -> list[Any]:
        return branches if not isinstance(value, bool) else [branches[0 if value else 1]]

    def value(self, condition: Any, inside: dict[str, bool]) -> bool | tuple[Any, bool]:
        """A condition's value; where it depends on elements, these conditions and whether negated."""
        node = syntax.strip(condition)
        test = self.test(node)
        if test is not None:
            return inside[test.key] == test.inside
        if next(self.tests(node), None) is None:
            return (node, False) if syntax.unary_operator(node) != "!" else self.negated(node)
        operator = syntax.binary_operator(node)
        if operator not in ("&&", "||"):
            raise NotApplicable("a position decides in another way")
        left, right = (self.value(part, inside) for part in syntax.children(node))
        for one, other in ((left, right), (right, left)):
            if isinstance(one, bool):
                return one if one is (operator == "||") else other
        raise NotApplicable("two comparisons decide")

    def negated(self, node: Any) -> tuple[Any, bool]:
        inner = syntax.strip(syntax.children(node)[0])
        return inner, True

    def moves(self, leaf: _Leaf) -> Moves:
        return moves_of(leaf.statements, self.values, dict(leaf.chosen))

    # How long the loop runs

    def runs(self, first: str, second: str, position: str, moves: tuple[Moves, Moves]) -> Any:
        """None if the loop ends with the shorter range, False with both, True at a position."""
        condition = syntax.strip(self.header.condition)
        test = self.test(condition)
        by_position = test is not None and test.key == position and test.inside
        if not by_position:
            states = [
                self.value(condition, {position: True, first: a, second: b})
                for a, b in ((True, True), (True, False), (False, True), (False, False))
            ]
            if states == [True, False, False, False]:
                return None
            if states != [True, True, True, False]:
                raise NotApplicable("the loop ends elsewhere")
        for a, b, wanted in ((True, False, moves[0]), (False, True, moves[1])):
            leaf = self.decide({position: True, first: a, second: b})
            if not isinstance(leaf, _Leaf) or not self.moves(leaf).same(wanted):
                raise NotApplicable("what is left of a range is not taken")
        return by_position

    def tails(self, wanted: dict[str, Moves]) -> tuple[Any, ...]:
        """The loops that move what is left of each range."""
        done = []
        for statement in self.following:
            if statement.kind not in (Kind.WHILE_STMT, Kind.FOR_STMT):
                raise NotApplicable("what is left of a range is not taken")
            header = loop_parts(statement)
            test = self.test(syntax.strip(header.condition))
            if header.start is not None or test is None or not test.inside:
                raise NotApplicable("what is left of a range is not taken")
            found = moves_of(header.iteration, self.values, {})
            if test.key not in wanted or not found.same(wanted[test.key]):
                raise NotApplicable("what is left of a range is taken in another way")
            done.append(test.key)
        if sorted(done) != sorted(wanted):
            raise NotApplicable("what is left of a range is not taken")
        return tuple(self.following)


@dataclass(frozen=True)
class LoopParts:
    """The parts of a ``while`` or ``for`` statement; ``each`` is what a ``for`` does in the end."""

    start: Any | None
    condition: Any
    each: Any | None
    iteration: list[Any]


def loop_parts(loop: Any) -> LoopParts:
    """The parts of a loop; NotApplicable where one of them is missing."""
    parts = syntax.children(loop)
    if loop.kind == Kind.WHILE_STMT and len(parts) == 2:
        return LoopParts(None, parts[0], None, syntax.statements(parts[1]))
    start = parts.pop(0) if parts and parts[0].kind == Kind.DECL_STMT else None
    each = parts[1] if len(parts) == 3 else None
    if len(parts) not in (2, 3) or not parts[0].kind.is_expression():
        raise NotApplicable("the loop has another form")
    end = [] if each is None else [each]
    return LoopParts(start, parts[0], each, [*syntax.statements(parts[-1]), *end])


def _range_of(found: Moves, position: str) -> str:
    """The key of the position that an iteration steps on, besides the one in the result."""
    own = [name for name in found.stepped if name != position]
    expected = 2 if position else 1
    if len(found.stepped) != expected or len(own) != 1:
        raise NotApplicable("an iteration does not take one element")
    return own[0]
