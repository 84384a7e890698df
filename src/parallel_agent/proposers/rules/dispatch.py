"""Forms of a kernel, and the choice between them at run time: by size, by instruction set."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.rereading import reparsed
from parallel_agent.proposers.rules.strategy import NotApplicable
from parallel_agent.proposers.rules.syntax import Kind

_FLAGS = re.DOTALL | re.MULTILINE


def dispatched(parsed: ParsedSource, rewritten: str, *, guard: str = "", isa: str = "") -> str:
    """The source whose kernel chooses at run time between forms of itself.

    It runs as rewritten where the guard holds, and as it was where not; with ``isa``, an
    instruction set by the compiler's name for it, there is one more build of the rewritten form
    for processors that have it. The forms are functions of their own. An OpenMP ``if`` clause
    would be shorter, but even a false one costs a call into the run-time library, and variables
    that a parallel region shares stay in memory in the sequential code around it.

    Raises NotApplicable where the kernel cannot be called by a function of its own parameters, or
    where the rewrite changed more than it.
    """
    after = reparsed(rewritten, parsed.kernel.name)
    old, new = _Definition.of(parsed), _Definition.of(after)
    if _code(old.before) not in _code(new.before) or _code(old.after) not in _code(new.after):
        raise NotApplicable("the rewrite changes more than the kernel, where no guard is known")
    if old.between_type_and_name.rstrip().endswith("::"):
        raise NotApplicable("the kernel is defined outside of its namespace")
    arguments = ", ".join(_forwarded(parameter) for parameter in _parameters(parsed.function))
    forms = _forms(old, new, guard, isa)
    text = [
        new.before,
        *(f"{form.definition}\n\n" for form in reversed(forms)),
        f"{old.head}{{\n",
        *_choice(forms, arguments, _unit(parsed), returns=old.result != "void"),
        "}",
        new.after,
    ]
    includes = "#include <utility>\n" if "std::move(" in arguments else ""
    return _with_include("".join(text), includes)


@dataclass(frozen=True)
class _Form:
    """One form of the kernel and when it runs: always, if there is no condition."""

    name: str
    definition: str
    condition: str = ""


def _forms(old: _Definition, new: _Definition, guard: str, isa: str) -> list[_Form]:
    """The forms in the order in which they are asked for, the last one without a condition."""
    suffix = "_parallel" if guard else "_baseline"
    forms = []
    if isa:
        supported = f'__builtin_cpu_supports("{isa}")'
        condition = f"({guard}) && {supported}" if guard else supported
        forms.append(_form(new, f"_{isa}", condition, f'gnu::target("{isa}")'))
    if guard:
        forms.append(_form(new, suffix, guard))
    return [*forms, _form(old, "_sequential") if guard else _form(new, suffix)]


def _form(of: _Definition, suffix: str, condition: str = "", *attributes: str) -> _Form:
    """A form of its own in the machine's code too: inlined, the compiler may do worse by it."""
    name = _free_name(f"{of.name}{suffix}", of.whole)
    listed = ", ".join(("gnu::noinline", *attributes))
    return _Form(name, f"[[{listed}]] {of.named(name)}", condition)


def _choice(forms: list[_Form], arguments: str, unit: str, *, returns: bool) -> Iterator[str]:
    """The body of the kernel that calls one of its forms."""
    for form in forms:
        call = f"{'return ' if returns else ''}{form.name}({arguments});"
        if form.condition:
            leave = "" if returns else f"{unit}{unit}return;\n"
            yield f"{unit}if ({form.condition}) {{\n{unit}{unit}{call}\n{leave}{unit}}}\n"
        else:
            yield f"{unit}{call}\n"


@dataclass(frozen=True)
class _Definition:
    """A kernel's definition in its source, cut at its name and at its body."""

    before: str
    between_type_and_name: str
    name: str
    rest_of_head: str
    body: str
    after: str
    result: str

    @classmethod
    def of(cls, parsed: ParsedSource) -> _Definition:
        function, source = parsed.function, parsed.kernel.source.encode()
        body = syntax.children(function)[-1]
        name = str(function.spelling)
        cuts = [
            *(0, function.extent.start.offset, function.location.offset),
            function.location.offset + len(name.encode()),
            *(body.extent.start.offset, body.extent.end.offset, len(source)),
        ]
        parts = [source[a:b].decode() for a, b in itertools.pairwise(cuts)]
        before, kind, spelled, rest, text, after = parts
        if spelled != name or body.kind != Kind.COMPOUND_STMT:
            raise NotApplicable("the kernel's definition is not written out")
        result = function.result_type.get_canonical().spelling
        return cls(before, kind, name, rest, text, after, result)

    @property
    def whole(self) -> str:
        """The source."""
        return f"{self.before}{self.head}{self.body}{self.after}"

    @property
    def head(self) -> str:
        """Everything in front of the body."""
        return f"{self.between_type_and_name}{self.name}{self.rest_of_head}"

    def named(self, name: str) -> str:
        """The definition as a function of this file alone, under another name, also to itself."""
        words = self.between_type_and_name.split()
        if "extern" in words:
            raise NotApplicable("the kernel is declared extern")
        static = "" if "static" in words else "static "
        body = re.sub(rf"(?<![\w.>:]){self.name}(?=\s*\()", name, self.body)
        return f"{static}{self.between_type_and_name}{name}{self.rest_of_head}{body}"


def _parameters(function: Any) -> list[Any]:
    return [part for part in function.get_children() if part.kind == Kind.PARM_DECL]


def _forwarded(parameter: Any) -> str:
    """A parameter as an argument; what would be copied for a class is moved instead."""
    name, kind = str(parameter.spelling), parameter.type.get_canonical()
    cheap = syntax.is_reference(kind) or kind.is_pod() or kind.is_const_qualified()
    return name if cheap else f"std::move({name})"


def _code(text: str) -> str:
    """The text without includes, comments and white space: what is left must stand in both."""
    plain = re.sub(
        r"//[^\n]*|/\*.*?\*/|^\s*#\s*(?:include|pragma once)[^\n]*", "", text, flags=_FLAGS
    )
    return "".join(plain.split())


def _with_include(text: str, include: str) -> str:
    if not include or include in text or "#include <bits/stdc++.h>" in text:
        return text
    at = text.rfind("\n#include")
    return include + text if at < 0 else text[: at + 1] + include + text[at + 1 :]


def _free_name(name: str, source: str) -> str:
    return name if name not in source else _free_name(f"{name}_", source)


def _unit(parsed: ParsedSource) -> str:
    """One level of indentation as this source writes it."""
    body = syntax.children(parsed.function)[-1]
    first = next(iter(body.get_children()), None)
    if first is None or syntax.line(first) == syntax.line(parsed.function):
        return "    "
    return " " * (first.extent.start.column - parsed.function.extent.start.column) or "    "
