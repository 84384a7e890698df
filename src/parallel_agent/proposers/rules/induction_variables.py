"""Loops and declarations of C style become what every other strategy looks for.

Variables declared at the top of a function, while loops that count and pointers that walk along hide
which values belong to one iteration alone. The variables that count are called induction variables:
S. Muchnick, Advanced Compiler Design and Implementation, 14.1; moving declarations inwards is scalar
privatization without a clause (R. Allen, K. Kennedy, Optimizing Compilers for Modern Architectures, 5.3).
"""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agent.kernel.source import ParsedSource, parse
from parallel_agent.proposers.rules.final_values import with_final_values
from parallel_agent.proposers.rules.local_declarations import localized
from parallel_agent.proposers.rules.pointer_walks import with_subscripts
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.while_loops import with_for_loops

_ROUNDS = 4
"""Loops inside each other that are rewritten, at most."""


@dataclass(frozen=True)
class _Rewritten:
    source: str
    loops: int
    walks: int
    moved: tuple[str, ...]

    @property
    def changed(self) -> bool:
        return bool(self.loops or self.walks or self.moved)


class InductionVariables:
    """Loop variables and the values of one iteration are declared inside the loop; pointers stand still.

    What each iteration does stays as it is. The gain comes from the strategies that take it on.
    """

    name = "induction_variables"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``local`` where a variable can move inwards or a loop can count in its header."""
        return ["local"] if _rewritten(parsed).changed else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with induction variables in the headers of for loops."""
        found = _rewritten(parsed)
        if not found.changed:
            raise NotApplicable("every loop declares what it needs already")
        return Proposal(
            source=found.source,
            reasons_for=tuple(_reasons(found)),
            reasons_against=("it gains nothing by itself",),
        )


def _reasons(found: _Rewritten) -> list[str]:
    reasons = []
    if found.moved:
        names = ", ".join(dict.fromkeys(found.moved))
        reasons.append(f"no value of {names} is needed beyond where it is declared now")
    if found.loops:
        reasons.append("a for loop tells how often it runs before it starts")
    if found.walks:
        reasons.append(
            "a subscript tells which element an iteration works on, a moving pointer does not"
        )
    return reasons


def _rewritten(parsed: ParsedSource) -> _Rewritten:
    current, name, loops, walks = parsed, parsed.kernel.name, 0, 0
    for _ in range(_ROUNDS):
        source, lines = with_for_loops(current)
        if lines:
            current, loops = parse(source, name=name), loops + len(lines)
        source, walked = with_subscripts(current)
        if walked:
            current, walks = parse(source, name=name), walks + len(walked)
        if not lines and not walked:
            break
    source, moved = localized(current)
    if with_final_values(current)[1]:  # what could move inwards needs no last value
        source, ends = with_final_values(parse(source, name=name))
        if ends:
            source, more = localized(parse(source, name=name))
            loops, moved = loops + len(ends), [*moved, *more]
    return _Rewritten(source, loops, walks, tuple(moved))
