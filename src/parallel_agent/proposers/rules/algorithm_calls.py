"""Calls of standard algorithms in a source: which, on what ranges, and where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.kernel.source import FILE_NAME, ParsedSource
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.strategy import NotApplicable
from parallel_agent.proposers.rules.syntax import (
    LOOP_KINDS,
    Kind,
    binary_operator,
    children,
    contains,
    in_namespace_std,
    is_arithmetic,
    is_pointer,
    line,
)

_TRANSPARENT = (Kind.UNEXPOSED_EXPR, Kind.PAREN_EXPR)
_VALUE_PRESERVING = (
    *_TRANSPARENT,
    Kind.CALL_EXPR,
    Kind.CXX_STATIC_CAST_EXPR,
    Kind.CSTYLE_CAST_EXPR,
    Kind.CXX_FUNCTIONAL_CAST_EXPR,
    Kind.MEMBER_REF_EXPR,
    Kind.VAR_DECL,
    Kind.UNARY_OPERATOR,
    Kind.COMPOUND_ASSIGNMENT_OPERATOR,
)
_SEQUENCED = ("&&", "||", ",", "<<", ">>")
_BEGIN = re.compile(r"(\w+)\.c?begin\(\)|std::c?begin\((\w+)\)")
_ITERATORS = ("__gnu_cxx::__normal_iterator<", "std::_Deque_iterator<")


@dataclass(frozen=True)
class Range:
    """A half-open range of random-access iterators as the source writes it.

    ``container`` is the name before ``.begin()`` when the range starts there, else empty, and
    ``whole`` tells that it ends at the container's end; ``last`` is empty for a range given by its
    start alone. ``value_type`` is spelled so that it can declare a variable.
    """

    first: str
    last: str
    container: str
    whole: bool
    value_type: str
    arithmetic: bool

    @property
    def length(self) -> str:
        """An expression for the number of elements, without side effects."""
        if self.whole:
            return f"{self.container}.size()"
        prefix = f"{self.first} + "
        if self.last.startswith(prefix) and re.fullmatch(r"\w+", self.last[len(prefix) :]):
            return self.last[len(prefix) :]
        return self.difference

    @property
    def sum_start(self) -> str:
        """The first iterator in a form that ``+`` may follow."""
        return (
            self.first
            if re.fullmatch(r"[\w.:()]+(?: [+-] \w+)?", self.first)
            else f"({self.first})"
        )

    @property
    def difference(self) -> str:
        """The number of elements as a signed expression."""
        subtracted = self.first if re.fullmatch(r"[\w.:()]+", self.first) else f"({self.first})"
        return f"{self.last} - {subtracted}"

    def element(self, index: str) -> str:
        """The element at an index, as one would write it."""
        if self.container:
            return f"{self.container}[{index}]"
        if re.fullmatch(r"\w+", self.first):
            return f"{self.first}[{index}]"
        offset = re.fullmatch(r"(\w+)(?:\.begin\(\))? \+ (\w+)", self.first)
        if offset:
            return f"{offset[1]}[{offset[2]} + {index}]"
        return f"({self.first})[{index}]"


@dataclass(frozen=True)
class AlgorithmCall:
    """One call of a standard algorithm.

    ``statement`` is the statement of a block that contains it and ``parents`` leads from there to
    the call. ``repeated`` tells that it stands in a loop, or in a function called from one.
    """

    name: str
    cursor: Any
    arguments: tuple[Any, ...]
    parents: tuple[Any, ...]
    function: Any
    repeated: bool

    @property
    def line(self) -> int:
        """The line of the source it starts on."""
        return line(self.cursor)

    @property
    def is_statement(self) -> bool:
        """True if nothing uses the call's value."""
        parent = self.parent
        inner = [*self.parents, self.cursor][self.parents.index(parent) + 1]
        parts = children(parent)
        if parent.kind == Kind.IF_STMT:
            return bool(parts[0] != inner)
        if parent.kind in (Kind.FOR_STMT, Kind.CXX_FOR_RANGE_STMT, Kind.WHILE_STMT):
            return bool(parts[-1] == inner)
        return bool(parent.kind == Kind.COMPOUND_STMT)

    @property
    def parent(self) -> Any:
        """The nearest ancestor that is not a mere wrapper of the call."""
        return [p for p in self.parents if p.kind not in _TRANSPARENT][-1]


def algorithm_calls(parsed: ParsedSource, names: frozenset[str]) -> list[AlgorithmCall]:
    """Calls of these algorithms in the kernel and in the functions of the file that it calls.

    Calls inside lambdas are left out: they run once per element of something else.
    """
    found: list[AlgorithmCall] = []
    seen: set[str] = set()

    def visit(function: Any, repeated: bool) -> None:
        if function.get_usr() in seen:
            return
        seen.add(function.get_usr())
        for call, parents in _calls(function, ()):
            in_loop = repeated or any(p.kind in LOOP_KINDS for p in parents)
            callee = call.referenced
            if callee.kind != Kind.FUNCTION_DECL:
                continue
            if in_namespace_std(callee) and callee.spelling in names:
                arguments = tuple(call.get_arguments())
                found.append(
                    AlgorithmCall(callee.spelling, call, arguments, parents, function, in_loop)
                )
            definition = callee.get_definition()
            if definition is not None and _in_main_file(definition):
                visit(definition, in_loop)

    visit(parsed.function, False)
    return found


def range_of(edits: Edits, first: Any, last: Any | None = None) -> Range:
    """The range two iterator arguments give (or one, for an output).

    Raises NotApplicable for iterators without random access, ``std::vector<bool>`` included.
    """
    first_text = edits.text(first)
    last_text = edits.text(last) if last is not None else ""
    begin = _BEGIN.fullmatch(first_text)
    container = (begin[1] or begin[2]) if begin else ""
    whole = bool(container) and bool(
        re.fullmatch(rf"{container}\.c?end\(\)|std::c?end\({container}\)", last_text)
    )
    if re.search(r"\+\+|--|(?<![=!<>])=(?!=)", first_text + last_text):
        raise NotApplicable(f"line {line(first)}: the range's iterators have side effects")
    value = value_type(first)
    return Range(
        first=first_text,
        last=last_text,
        container=container,
        whole=whole,
        value_type=value.spelling.removeprefix("const "),
        arithmetic=is_arithmetic(value),
    )


def anchor(call: AlgorithmCall) -> Any:
    """The statement of a block above which code may compute the call's value beforehand.

    Raises NotApplicable where the call might not be evaluated exactly once, or where something
    with an effect might come before it.
    """
    parents = [p for p in call.parents if p.kind not in _TRANSPARENT]
    inner = call.cursor
    for at in range(len(parents) - 1, 0, -1):
        outer = parents[at]
        if parents[at - 1].kind == Kind.COMPOUND_STMT and _evaluates_first(outer, inner):
            return outer
        if outer.kind == Kind.BINARY_OPERATOR:
            if binary_operator(outer) in _SEQUENCED:
                break
        elif outer.kind not in (*_VALUE_PRESERVING, Kind.DECL_STMT):
            break
        inner = outer
    raise NotApplicable(f"line {call.line}: std::{call.name} is part of a larger expression")


def names_in(function: Any) -> set[str]:
    """Every name a function uses or declares, members aside: new names keep clear of them."""
    names, before = set(), ""
    for token in function.get_tokens():
        if token.kind.name == "IDENTIFIER" and before not in (".", "->", "::"):
            names.add(str(token.spelling))
        before = token.spelling
    return names


def identifiers(source: str) -> set[str]:
    """Every word of a piece of code."""
    return set(re.findall(r"[A-Za-z_]\w*", source))


def _calls(node: Any, parents: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    for child in node.get_children():
        if child.kind == Kind.LAMBDA_EXPR:
            continue
        if child.kind == Kind.CALL_EXPR and child.referenced is not None:
            yield child, (*parents, node)
        yield from _calls(child, (*parents, node))


def _in_main_file(cursor: Any) -> bool:
    return cursor.location.file is not None and cursor.location.file.name == FILE_NAME


def value_type(iterator: Any) -> Any:
    """The type of the elements at an iterator; NotApplicable without random access."""
    type_ = iterator.type.get_canonical()
    if is_pointer(type_):
        return type_.get_pointee().get_canonical()
    spelled = type_.spelling.removeprefix("const ")
    if not spelled.startswith(_ITERATORS):
        what = "std::vector<bool> packs its elements into bits" if "_Bit_" in spelled else spelled
        raise NotApplicable(f"line {line(iterator)}: no random access ({what})")
    element = type_.get_template_argument_type(0).get_canonical()
    if is_pointer(element):
        element = element.get_pointee().get_canonical()
    return element


def _evaluates_first(statement: Any, inner: Any) -> bool:
    """True if a statement of a block evaluates ``inner`` once, before anything with an effect."""
    parts = children(statement)
    if statement.kind == Kind.DECL_STMT:
        return len(parts) == 1
    if statement.kind == Kind.IF_STMT:
        return contains(parts[0], inner)
    if statement.kind == Kind.BINARY_OPERATOR:
        return binary_operator(statement) not in _SEQUENCED
    return statement.kind in (Kind.RETURN_STMT, Kind.COMPOUND_ASSIGNMENT_OPERATOR, Kind.CALL_EXPR)
