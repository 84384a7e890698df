"""Whether a loop that fills a local vector and those that read it may run as one loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import LoopReport
from parallel_agent.proposers.rules.effects import Access, Effects, effects_of
from parallel_agent.proposers.rules.polynomials import Polynomial, Symbol
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Subscript, Values

APPENDING = ("push_back", "emplace_back")
_LEAVING = ("breaks out of the loop", "returns")


@dataclass(frozen=True)
class AsOneLoop:
    """The question for the vector ``key``; ``values`` are those of its function."""

    values: Values
    key: str

    def movable(self, reports: list[LoopReport], store: Any, after: list[Any]) -> bool:
        """True if all loops may run as one where the last of them stands."""
        loops = [r.loop.cursor for r in reports]
        effects = [self.producer_effects(reports[0], store)]
        effects += [effects_of(r.loop.body, self.values) for r in reports[1:]]
        alone = not set(effects[0].written()) - {self.key}
        if any(_continues(r.loop.body) for r in reports[:-1]):
            return False
        for report, effect in zip(reports, effects, strict=True):
            leaves = report is reports[-1] and len(reports) == 2 and alone
            if not all(leaves and o.endswith(_LEAVING) for o in effect.objections):
                return False
        for statement in after:
            if statement.hash in {c.hash for c in loops}:
                continue
            between = effects_of(statement, self.values)
            earlier = [e for c, e in zip(loops, effects, strict=True) if _before(c, statement)]
            if not earlier or not _before(statement, loops[-1]):
                continue
            if any(self.conflict(e, between) for e in earlier) or between.objections:
                return False
        return not any(
            self.crossing(reports[a], effects[a], reports[b], effects[b])
            for a in range(len(reports))
            for b in range(a + 1, len(reports))
        )

    def producer_effects(self, producer: LoopReport, store: Any) -> Effects:
        """What the producer does besides setting the element."""
        total = Effects()
        for statement in syntax.statements(producer.loop.body):
            part = statement
            if statement == store:
                bare = syntax.strip(statement)
                appended = bare.kind == Kind.CALL_EXPR and syntax.callee_name(bare) in APPENDING
                part = next(iter(bare.get_arguments())) if appended else statement
            found = effects_of(part, self.values)
            total.accesses += found.accesses
            total.declared |= found.declared
            total.objections += found.objections
        for part in producer.loop.header:
            total.accesses += effects_of(part, self.values).accesses
        return total

    def conflict(self, first: Effects, second: Effects) -> bool:
        """True if one writes what the other uses, the vector aside."""
        touched = ({a.path.root for a in e.accesses} - {self.key} for e in (first, second))
        used, also_used = touched
        written, also_written = set(first.written()), set(second.written())
        declared = second.declared & used
        pointers = any(
            syntax.is_pointer(a.path.declaration.type)
            for e in (first, second)
            for a in e.accesses
            if a.kind != "read" and a.path.elements
        )
        return bool(written & also_used - {self.key} or also_written & used or declared or pointers)

    def crossing(
        self, first: LoopReport, before: Effects, second: LoopReport, after: Effects
    ) -> bool:
        """True if an iteration of the second loop meets what a later one of the first does."""
        shared = {a.path.root for a in before.accesses} & {a.path.root for a in after.accesses}
        written = (set(before.written()) | set(after.written())) & shared - {self.key}
        for root in written:
            pairs = [(a, b) for a in before.of(root) for b in after.of(root)]
            if not all(_in_step(a, first, b, second) for a, b in pairs if not _both_read(a, b)):
                return True
        named = {a.path.root for e in (before, after) for a in e.accesses if a.kind != "read"}
        pointers = {
            a.path.root
            for e in (before, after)
            for a in e.accesses
            if syntax.is_pointer(a.path.declaration.type) and a.path.elements
        }
        return bool(named & pointers) and len(pointers) > 1


def _both_read(first: Access, second: Access) -> bool:
    return first.kind == "read" and second.kind == "read"


def _in_step(first: Access, one: LoopReport, second: Access, other: LoopReport) -> bool:
    """True if two accesses meet in the same iteration only, or the first's comes earlier."""
    if len(first.path.elements) != 1 or len(second.path.elements) != 1:
        return False
    left, right = first.path.elements[0], second.path.elements[0]
    if one.loop.variable is None or other.loop.variable is None:
        return False
    if one.loop.lower is None or one.loop.lower != other.loop.lower:
        return False
    a, b = offset_of(left, one.loop.variable), offset_of(right, other.loop.variable)
    distance = (a - b).value if a is not None and b is not None else None
    return distance is not None and distance >= 0


def offset_of(element: Any, variable: Symbol) -> Polynomial | None:
    """A subscript less the loop variable, None unless that is the same in every iteration."""
    if not isinstance(element, Subscript) or element.position is None:
        return None
    factor = element.position.coefficient(variable)
    if factor is None or factor.value != 1:
        return None
    return element.position.without(variable)


def _continues(body: Any) -> bool:
    return any(node.kind == Kind.CONTINUE_STMT for node in body.walk_preorder())


def _before(first: Any, second: Any) -> bool:
    return bool(first.extent.end.offset <= second.extent.start.offset)
