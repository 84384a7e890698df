"""What stands in place of an algorithm call: the common shape of all rewritten forms."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules.algorithm_calls import (
    AlgorithmCall,
    Range,
    identifiers,
    range_of,
)
from parallel_agent.proposers.rules.callables import Effects, callable_effects
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.strategy import NotApplicable
from parallel_agent.proposers.rules.syntax import Kind, children, strip


@dataclass(frozen=True)
class Form:
    """Code that computes an algorithm call in parallel.

    Without ``lines``, ``value`` is an expression to put in the call's place. With them, ``lines``
    stand above the call's statement, preceded by ``declaration`` of the variable ``value`` if the
    call has a value. Lines are indented by four spaces a level.
    """

    value: str = ""
    declaration: str = ""
    lines: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    reasons_for: tuple[str, ...] = ()
    reasons_against: tuple[str, ...] = ()
    speculative: bool = False


@dataclass
class Site:
    """One call to rewrite, with what the writers need to know about it.

    ``taken`` are the names that new ones must keep clear of. ``result_name`` is the variable that
    the call initializes, if it does nothing else.
    """

    call: AlgorithmCall
    edits: Edits
    taken: set[str]
    result_name: str = ""

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The call's arguments."""
        return self.call.arguments

    def text(self, position: int) -> str:
        """An argument's text."""
        return self.edits.text(self.arguments[position])

    def range(self, position: int) -> Range:
        """The range given by the arguments at ``position`` and after it."""
        return range_of(self.edits, self.arguments[position], self.arguments[position + 1])

    def start(self, position: int) -> Range:
        """The range that only its start is given of."""
        return range_of(self.edits, self.arguments[position])

    def fresh(self, wanted: str) -> str:
        """A new name for the rest of the function: the wanted one, numbered if it is taken."""
        name = free_name(wanted, self.taken)
        self.taken.add(name)
        return name

    def local(self, wanted: str) -> str:
        """A name that lives in one block or lambda of the new code only."""
        return free_name(wanted, self.taken)

    def refuse(self, why: str) -> NotApplicable:
        """The exception that says why this call stays as it is."""
        return NotApplicable(f"line {self.call.line}: std::{self.call.name}: {why}")

    def effects(self, position: int, *, element_may_change: bool = False) -> Effects:
        """The effects of a callable argument; NotApplicable if it may not run concurrently."""
        found = callable_effects(self.arguments[position], element_may_change=element_may_change)
        if found.problem:
            raise self.refuse(found.problem)
        return found

    def callable(self, position: int, wanted: str) -> tuple[str, tuple[str, ...]]:
        """A name to call a callable argument by, and the line that declares it if one is needed."""
        text = self.text(position)
        if re.fullmatch(r"[\w:]+", text):
            return text, ()
        name = self.fresh(wanted)
        return name, (f"const auto {name} = {text};",)

    def applied(self, position: int, wanted: str, *inputs: Range) -> tuple[str, tuple[str, ...]]:
        """A callable argument applied to element ``@`` of ranges, and what has to stand above."""
        name, setup = self.callable(position, wanted)
        return f"{name}({', '.join(source.element('@') for source in inputs)})", setup

    def pragma(self, directive: str, *clauses: str) -> str:
        """An OpenMP pragma."""
        return " ".join(["#pragma omp", directive, *clauses])


def speculation(effects: Iterable[Effects], ranges: Iterable[Range]) -> tuple[str, ...]:
    """What could not be proved about the callables and ranges of a call."""
    unproved = [e.unproved for e in effects if e.unproved]
    unproved += [
        f"{r.first}: an iterator or pointer, overlap with other ranges cannot be excluded"
        for r in ranges
        if not r.container
    ]
    return tuple(unproved)


def free_name(wanted: str, taken: set[str]) -> str:
    """The wanted name, with the first number from 2 that makes it free if it is taken."""
    numbered = (f"{wanted}_{k}" for k in itertools.count(2))
    return next(name for name in itertools.chain([wanted], numbered) if name not in taken)


def index_loop(over: Range, pragma: str, body: str) -> tuple[str, ...]:
    """A loop with its pragma, if any, over the indices of a range; ``@`` in the body is the index."""
    index = free_name("i", identifiers(over.length + pragma + body))
    type_ = "std::size_t" if over.whole else "std::ptrdiff_t"
    return (
        *((pragma,) if pragma else ()),
        f"for ({type_} {index} = 0; {index} < {over.length}; ++{index}) {{",
        f"    {body.replace('@', index)}",
        "}",
    )


_FUNCTORS = {
    "std::plus": "+",
    "std::multiplies": "*",
    "std::bit_and": "&",
    "std::bit_or": "|",
    "std::bit_xor": "^",
}
_FOLDING_FUNCTIONS = ("min", "max")


def fold_operator(argument: Any) -> str:
    """``+ * & | ^ min max`` for a callable that folds two values so, else an empty string."""
    type_ = argument.type.get_canonical().spelling.removeprefix("const ").partition("<")[0]
    if type_ in _FUNCTORS:
        return _FUNCTORS[type_]
    for node in argument.walk_preorder():
        if node.kind == Kind.LAMBDA_EXPR:
            return _lambda_fold(node)
    return ""


def _lambda_fold(node: Any) -> str:
    parts = children(node)
    parameters = sorted(p.spelling for p in parts if p.kind == Kind.PARM_DECL)
    body = children(parts[-1])
    if len(parameters) != 2 or len(body) != 1 or body[0].kind != Kind.RETURN_STMT:
        return ""
    result = strip(children(body[0])[0])
    tokens = [t.spelling for t in result.get_tokens()]
    if len(tokens) == 3 and sorted([tokens[0], tokens[2]]) == parameters:
        return tokens[1] if tokens[1] in _FUNCTORS.values() else ""
    if tokens[:2] == ["std", "::"]:
        tokens = tokens[2:]
    if len(tokens) == 6 and sorted([tokens[2], tokens[4]]) == parameters:
        return tokens[0] if tokens[0] in _FOLDING_FUNCTIONS else ""
    return ""
