"""``while (n-- > 0)``: a number that only counts what is left to do becomes the bound of a for loop."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.blocks import (
    Blocks,
    continues,
    handed_on,
    leaves_early,
    moves_by_one,
    uses,
)
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.headers import Header
from parallel_agent.proposers.rules.syntax import Kind

_NAMES = ("i", "j", "k", "step", "turn")


@dataclass(frozen=True)
class CountDown:
    """A variable that a loop counts down to 0 and uses for nothing else; ``step`` is a statement of it."""

    variable: Any
    step: Any = None


def count_down(header: Header, blocks: Blocks) -> CountDown | None:
    """What a ``while`` loop, or a ``for`` loop that sets nothing, counts down."""
    if header.start is not None or header.condition is None or header.runs_once_at_least:
        return None
    left = _above_zero(header.condition)
    if left is None:
        return None
    moved = moves_by_one(left)
    in_test = moved is not None and moved[0] == "--" and _postfix(left)
    if moved is not None and not in_test:
        return None
    variable = moved[1] if moved is not None else _variable(left)
    if variable is None or not _counts(variable, blocks):
        return None
    name = syntax.key(variable)
    inside = len(list(uses(header.loop, name)))
    if not blocks.dead_after(header.loop, name):
        return None
    if in_test:
        return CountDown(variable) if inside == 1 and header.step is None else None
    if inside != 2:
        return None
    if header.step is not None:
        return CountDown(variable) if _takes_one(header.step, name) else None
    if header.body.kind != Kind.COMPOUND_STMT or continues(header.body):
        return None
    steps = [s for s in syntax.children(header.body) if _takes_one(s, name)]
    return CountDown(variable, steps[0]) if steps else None


def write_count_down(header: Header, found: CountDown, edits: Edits) -> None:
    """Count up to what is left to do."""
    name, type_ = found.variable.spelling, syntax.bare_type(found.variable.type)
    taken = {node.spelling for node in header.loop.walk_preorder()} | {name}
    index = next(n for n in (*_NAMES, f"{name}_done") if n not in taken)
    positive = syntax.binary_operator(syntax.strip(header.condition)) == ">"
    relation = "!=" if not positive and leaves_early(header.body) else "<"
    header.replace(f"for ({type_} {index} = 0; {index} {relation} {name}; ++{index})", edits)
    if found.step is not None:
        edits.remove_statement(found.step)


def _above_zero(condition: Any) -> Any | None:
    """``n`` in ``n > 0``, ``n != 0`` and ``n``, where no more than conversions stand around it."""
    node = syntax.strip(condition)
    operator = syntax.binary_operator(node)
    if operator in (">", "!="):
        left, right = (syntax.strip(side) for side in syntax.children(node))
        zero = right.kind == Kind.INTEGER_LITERAL and _text(right) == "0"
        return left if zero else None
    return None if operator else node


def _text(node: Any) -> str:
    return "".join(token.spelling for token in node.get_tokens())


def _postfix(step: Any) -> bool:
    return re.fullmatch(r"\w+--", _text(step)) is not None


def _variable(node: Any) -> Any | None:
    return node.referenced if syntax.is_variable(node) else None


def _counts(variable: Any, blocks: Blocks) -> bool:
    """True for an integer of the function itself that nothing else can change."""
    own = variable.kind in (Kind.VAR_DECL, Kind.PARM_DECL)
    inside = syntax.within(blocks.function, variable) and not syntax.keeps_value(variable)
    plain = syntax.is_integer(variable.type) and not syntax.is_reference(variable.type)
    boolean = syntax.bare_type(variable.type) == "bool"
    every = uses(blocks.function, syntax.key(variable))
    return own and inside and plain and not boolean and not any(map(handed_on, every))


def _takes_one(node: Any, name: str) -> bool:
    moved = moves_by_one(syntax.strip(node))
    return moved is not None and moved[0] == "--" and syntax.key(moved[1]) == name
