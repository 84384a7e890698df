"""Loops that are scans: one carried value, combined with something new in every iteration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport
from parallel_agent.proposers.rules.effects import effects_of
from parallel_agent.proposers.rules.scalars import needed_later
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.updates import update_of
from parallel_agent.proposers.rules.values import Values

_OPERATORS = ("+", "*", "&", "|", "^", "min", "max")


@dataclass(frozen=True)
class ScanLoop:
    """A loop whose iterations are independent but for one scalar.

    ``before`` are the declarations that ``update`` needs; ``after`` is the rest of the body, which
    uses the scalar's value before the update (``exclusive``) or after it.
    """

    report: LoopReport
    carried: Any
    operator: str
    before: tuple[Any, ...]
    update: Any
    after: tuple[Any, ...]
    exclusive: bool
    needed_later: bool

    @property
    def type(self) -> str:
        """The carried scalar's type."""
        return syntax.bare_type(self.carried.type)

    @property
    def identity(self) -> str:
        """What changes no value that it is combined with."""
        if self.operator in ("min", "max"):
            limits = f"std::numeric_limits<{self.type}>"
            if syntax.is_integer(self.carried.type):
                return f"{limits}::{'max' if self.operator == 'min' else 'lowest'}()"
            return f"{'-' if self.operator == 'max' else ''}{limits}::infinity()"
        return {"*": "1", "&": f"static_cast<{self.type}>(-1)"}.get(self.operator, "0")


def scan_loops(analysis: Analysis) -> list[ScanLoop]:
    """The scans among the loops, in source order."""
    found = (_scan(report, analysis.values) for report in analysis.all_loops())
    return [scan for scan in found if scan is not None]


def _scan(report: LoopReport, values: Values) -> ScanLoop | None:
    loop = report.loop
    plain = (
        loop.cursor.kind == Kind.FOR_STMT
        and loop.declares_variable
        and not loop.descending
        and loop.step.value == 1
        and not report.inner
    )
    blocked = report.obstacles or report.array_updates or report.reductions or report.lastprivate
    if not plain or blocked or report.private or len(report.carried_scalars) != 1:
        return None
    condition = syntax.binary_operator(syntax.strip(syntax.children(loop.cursor)[1]))
    if condition not in ("<", "!=", "<="):
        return None
    (root,) = report.carried_scalars
    declaration = report.effects.of(root)[0].path.declaration
    statements = syntax.statements(loop.body)
    updates = [s for s in statements if _writes(s, root, values)]
    if not syntax.is_arithmetic(declaration.type) or len(updates) != 1:
        return None
    return _divided(report, declaration, statements, updates[0], values)


def _divided(
    report: LoopReport, carried: Any, statements: list[Any], update: Any, values: Values
) -> ScanLoop | None:
    root = syntax.key(carried)
    operator = _operator(update, root, values)
    if operator not in _OPERATORS or syntax.bare_type(carried.type) == "bool":
        return None
    before = _needed(update, statements, values)
    if before is None or any(root in syntax.variables(s) for s in before):
        return None
    others = [s for s in statements if s != update]
    users = [s for s in others if root in syntax.variables(s)]
    exclusive = [s.extent.start.offset < update.extent.start.offset for s in users]
    if not users or len(set(exclusive)) != 1:
        return None
    left = set().union(*(syntax.variables(s) for s in others if s not in before))
    after = tuple(s for s in others if s not in before or _declares(s) & left)
    if any(n.kind == Kind.CONTINUE_STMT for s in statements for n in s.walk_preorder()):
        return None
    read = {a.path.root for s in (*before, update) for a in effects_of(s, values).accesses}
    early = [s for s in after if s.extent.start.offset < update.extent.start.offset]
    overwritten = {r for s in early for r in effects_of(s, values).written()}
    last = max((s.extent.start.offset for s in before), default=update.extent.start.offset)
    all_first = all(s.extent.start.offset > last for s in early if s not in before)
    only_declared = _reads_only_declared(update, before)
    if overwritten & read and not (all_first and only_declared):
        return None
    later = needed_later(report.loop, carried, values.function)
    return ScanLoop(report, carried, operator, tuple(before), update, after, exclusive[0], later)


def _reads_only_declared(update: Any, before: list[Any]) -> bool:
    """True if an update combines variables only, not elements that may have changed by then."""
    elements = (Kind.ARRAY_SUBSCRIPT_EXPR, Kind.CALL_EXPR, Kind.MEMBER_REF_EXPR)
    return bool(before) and not any(node.kind in elements for node in syntax.walk(update))


def _writes(statement: Any, root: str, values: Values) -> bool:
    return root in effects_of(statement, values).written()


def _operator(statement: Any, root: str, values: Values) -> str:
    """The operator of an update of a variable, also under an if that does not read it."""
    update = update_of(syntax.strip(statement), values)
    if update is not None:
        own = syntax.strip(update.target)
        named = syntax.is_variable(own) and syntax.key(own.referenced) == root
        reads = any(root in syntax.variables(operand) for operand in update.operands)
        return update.operator if named and not reads else ""
    parts = syntax.children(statement)
    if statement.kind != Kind.IF_STMT or len(parts) != 2 or root in syntax.variables(parts[0]):
        return ""
    inside = syntax.statements(parts[1])
    return _operator(inside[0], root, values) if len(inside) == 1 else ""


def _needed(update: Any, statements: list[Any], values: Values) -> list[Any] | None:
    """The declarations in the body that an update needs; None if one of them is no constant."""
    wanted = syntax.variables(update)
    needed: list[Any] = []
    for statement in reversed(statements):
        if statement.kind != Kind.DECL_STMT or not _declares(statement) & wanted:
            continue
        if any(values.assigned(d) for d in syntax.children(statement)):
            return None
        needed.insert(0, statement)
        wanted |= syntax.variables(statement)
    return needed


def _declares(statement: Any) -> set[str]:
    if statement.kind != Kind.DECL_STMT:
        return set()
    return {syntax.key(d) for d in syntax.children(statement) if d.kind == Kind.VAR_DECL}
