"""By what a merge orders its ranges, as text: where a binary search and a test for order need it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.merge_moves import pure, subscript
from parallel_agent.proposers.rules.strategy import NotApplicable
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.two_way_merges import TwoWayMerge
from parallel_agent.proposers.rules.values import Values

_ORDERS = {"<": "<=", "<=": "<=", ">": ">=", ">=": ">="}
_EQUALITIES = ("operator==", "operator!=")
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass(frozen=True)
class Order:
    """The comparison of a merge, with other positions than the merge's own.

    ``relation`` is ``<=`` or ``>=`` where two numbers are compared, each ``keys`` of one range;
    "" where the comparison is any other, of one element with another.
    """

    comparison: Any
    values: Values
    positions: tuple[str, str]
    lookups: tuple[tuple[Any, ...], tuple[Any, ...]]
    relation: str
    keys: tuple[Any, ...]
    doubts: tuple[str, ...]

    def takes_first(self, first: str, second: str) -> str:
        """The comparison at two positions."""
        names = {self.positions[0]: first, self.positions[1]: second}
        return self._text(self.comparison, names)

    def in_order(self, which: int, before: str, after: str) -> str:
        """The condition that two neighbours of a range are in order, given by their positions."""
        if self.relation:
            key, name = self.keys[which], self.positions[which]
            texts = [self._text(key, {name: at}) for at in (before, after)]
            return f"{texts[0]} {self.relation} {texts[1]}"
        # One of the two holds if, and only if, the later element does not belong before.
        base = self._base(which)
        forward, backward = self._among(base, before, after), self._among(base, after, before)
        return f"({forward}) || !({backward})"

    def _base(self, which: int) -> str:
        return self.values.text(subscript(self.lookups[which][0])[0])

    def _among(self, base: str, first: str, second: str) -> str:
        """The comparison of two elements of one range."""
        texts = {
            lookup: f"{base}[{at}]"
            for at, lookups in zip((first, second), self.lookups, strict=True)
            for lookup in lookups
        }
        return _replaced(self.comparison, texts, self.values)

    def _text(self, node: Any, names: dict[str, str]) -> str:
        uses = [n for n in syntax.walk(node) if syntax.is_variable(n)]
        texts = {n: names[key] for n in uses if (key := syntax.key(n.referenced)) in names}
        return _replaced(node, texts, self.values)


def order_of(merge: TwoWayMerge, values: Values) -> Order:
    """The order of a merge; NotApplicable if its comparison may be none."""
    node = merge.comparison
    positions = (syntax.key(merge.first), syntax.key(merge.second))
    _check(merge, positions)
    operator = syntax.binary_operator(node)
    equality = node.kind == Kind.CALL_EXPR and syntax.callee_name(node) in _EQUALITIES
    if equality or f"operator{operator}" in _EQUALITIES:
        raise NotApplicable("the comparison does not order")
    sides = [syntax.strip(part) for part in syntax.children(node)] if operator in _ORDERS else []
    if sides and positions[1] in syntax.variables(sides[0]):
        sides, operator = sides[::-1], _FLIPPED[operator]
    numbers = bool(sides) and all(
        syntax.is_arithmetic(s.type) and syntax.variables(s) & set(positions) == {name}
        for s, name in zip(sides, positions, strict=True)
    )
    same = numbers and len({syntax.bare_type(s.type) for s in sides}) == 1
    lookups = _lookups(node, positions)
    if same:
        relation, keys = _ORDERS[operator], tuple(sides)
        doubts: tuple[str, ...] = ()
    else:
        _check_elements(lookups)
        relation, keys = "", ()
        doubts = ("this must put elements in an order (a strict weak one, or its opposite)",)
    read = {syntax.key(subscript(n)[0].referenced) for own in lookups for n in own}
    moved = merge.moves[0].read | merge.moves[1].read
    if not read <= moved or not all(_is_element(side) for side in sides):
        doubts = (*doubts, "keys are read of what is left of a range, too")
    return Order(node, values, positions, lookups, relation, keys, doubts)


def _is_element(key: Any) -> bool:
    """True for ``x[i]`` and its members: whoever moves the element may read that, too."""
    while key.kind == Kind.MEMBER_REF_EXPR and syntax.children(key):
        key = syntax.strip(syntax.children(key)[0])
    try:
        return syntax.is_variable(syntax.strip(subscript(key)[1], casts=True))
    except NotApplicable:
        return False


def _check(merge: TwoWayMerge, positions: tuple[str, str]) -> None:
    used = syntax.variables(merge.comparison)
    forbidden = set(merge.outputs)
    if merge.position is not None:
        forbidden.add(syntax.key(merge.position))
    if not pure(merge.comparison) or used & forbidden or not set(positions) <= used:
        raise NotApplicable("the comparison is not one of two elements alone")


def _lookups(node: Any, positions: tuple[str, str]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The elements that a comparison looks up at either position, which it has no other use for."""
    found = list(_outermost(node, positions))
    uses = [n for n in syntax.walk(node) if syntax.is_variable(n)]
    uses = [n for n in uses if syntax.key(n.referenced) in positions]
    if len(uses) != len(found):
        raise NotApplicable("the comparison uses positions themselves")
    first, second = (
        tuple(lookup for lookup, key in found if key == position) for position in positions
    )
    return first, second


def _outermost(node: Any, positions: tuple[str, str]) -> Iterator[tuple[Any, str]]:
    """``x[i]`` for a position i, with the position's key."""
    try:
        base, index = subscript(node)
        index = syntax.strip(index, casts=True)
    except NotApplicable:
        base, index = None, None
    if base is not None and syntax.is_variable(base) and syntax.is_variable(index):
        key = syntax.key(index.referenced)
        if key in positions:
            yield node, key
            return
    for child in node.get_children():
        yield from _outermost(child, positions)


def _check_elements(lookups: tuple[tuple[Any, ...], tuple[Any, ...]]) -> None:
    """Elements of one array each, and of one type: those of one range can be compared, too."""
    bases = [{syntax.key(subscript(n)[0].referenced) for n in own} for own in lookups]
    types = {syntax.bare_type(n.type) for own in lookups for n in own}
    if any(len(found) != 1 for found in bases) or len(types) != 1:
        raise NotApplicable("the ranges are compared by elements of several arrays")


def _replaced(node: Any, texts: dict[Any, str], values: Values) -> str:
    """A node's text with parts of it replaced."""
    start, raw = node.extent.start.offset, values.text(node).encode()
    for part, text in sorted(texts.items(), key=lambda item: -item[0].extent.start.offset):
        a, b = part.extent.start.offset - start, part.extent.end.offset - start
        raw = raw[:a] + text.encode() + raw[b:]
    return raw.decode()
