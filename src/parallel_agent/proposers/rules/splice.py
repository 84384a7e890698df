"""Putting a parallel form of an algorithm call into the source around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules.algorithm_calls import AlgorithmCall, anchor
from parallel_agent.proposers.rules.algorithm_forms import Form
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.syntax import Kind, children, initializer, line, strip

_STEP = "    "


def direct_result(call: AlgorithmCall) -> str:
    """The variable a call initializes by itself and unconverted, else an empty string."""
    declarations = [p for p in call.parents if p.kind == Kind.VAR_DECL]
    if not declarations or strip(initializer(declarations[-1])) != call.cursor:
        return ""
    variable = declarations[-1]
    same = variable.type.get_canonical() == call.cursor.type.get_canonical()
    alone = len(children(call.parents[call.parents.index(variable) - 1])) == 1
    return str(variable.spelling) if same and alone else ""


def splice(call: AlgorithmCall, edits: Edits, source: str, form: Form) -> None:
    """Write a form in place of a call.

    Raises NotApplicable where there is no place for the form's lines.
    """
    layout = Layout.of(source, call.function)
    if call.is_statement:
        _splice_statement(call, edits, layout, form)
    elif not form.lines:
        _splice_expression(call, edits, form)
    else:
        _splice_value(call, edits, layout, form)


def add_includes(edits: Edits, source: str, headers: list[str]) -> None:
    """Include what is not there yet; ``<bits/stdc++.h>`` brings every standard header."""
    everything = "#include <bits/stdc++.h>" in source
    for header in dict.fromkeys(headers):
        if not everything or header == "omp.h" or header.startswith("parallel/"):
            edits.add_include(header)


def indentation_unit(source: str, function: Any) -> str:
    """The white space by which a function's body is indented, four spaces if it is on one line."""
    own = re.match(r"[ \t]*", source.splitlines()[line(function) - 1])
    inner = re.match(r"[ \t]*", _first_body_line(source, function))
    if own is None or inner is None or not inner[0].startswith(own[0]):
        return _STEP
    return inner[0][len(own[0]) :] or _STEP


def _first_body_line(source: str, function: Any) -> str:
    bodies = [part for part in function.get_children() if part.kind == Kind.COMPOUND_STMT]
    statements = children(bodies[0]) if bodies else []
    inside = [s for s in statements if line(s) > line(bodies[0])]
    return source.splitlines()[line(inside[0]) - 1] if inside else ""


@dataclass(frozen=True)
class Layout:
    """How a source is laid out: its text and one step of indentation."""

    source: str
    unit: str

    @classmethod
    def of(cls, source: str, function: Any) -> Layout:
        """The layout of a function in a source."""
        return cls(source, indentation_unit(source, function))

    def after(self, offset: int) -> str:
        """The text from a byte offset on."""
        return self.source.encode()[offset:].decode()

    def replace(
        self, edits: Edits, start: int, end: int, lines: tuple[str, ...], indentation: str
    ) -> None:
        """Replace a byte range, with a line of its own for what followed something on its line."""
        before = self.source.encode()[:start].decode().rpartition("\n")[2]
        if len(lines) == 1 or lines[0] == "{" or not before.strip():
            edits.replace_range(start, end, self.indented(lines, indentation))
            return
        start -= len(before) - len(before.rstrip())
        deeper = indentation + self.unit
        edits.replace_range(start, end, f"\n{deeper}{self.indented(lines, deeper)}")

    def indented(self, lines: tuple[str, ...], indentation: str) -> str:
        """Lines as text that starts where the first line's indentation ends."""
        texts = []
        for text in lines:
            bare = text.lstrip(" ")
            deeper = self.unit * ((len(text) - len(bare)) // len(_STEP))
            texts.append(deeper + bare.replace("\n", f"\n{deeper}"))
        return f"\n{indentation}".join(texts)


def _splice_expression(call: AlgorithmCall, edits: Edits, form: Form) -> None:
    edits.replace(call.cursor, form.value)


def _splice_statement(call: AlgorithmCall, edits: Edits, layout: Layout, form: Form) -> None:
    lines = form.lines or (f"{form.value};",)
    if len(lines) > 1 and call.parent.kind != Kind.COMPOUND_STMT:
        lines = ("{", *(_STEP + text for text in lines), "}")
    start, end = call.cursor.extent.start.offset, call.cursor.extent.end.offset
    semicolon = re.match(r"\s*;", layout.after(end))
    end += len(semicolon[0]) if semicolon else 0
    layout.replace(edits, start, end, lines, edits.indentation(call.cursor))


def _splice_value(call: AlgorithmCall, edits: Edits, layout: Layout, form: Form) -> None:
    statement = anchor(call)
    above = (form.declaration, *form.lines)
    start = statement.extent.start.offset
    indentation = edits.indentation(statement)
    if direct_result(call) == form.value:
        layout.replace(edits, start, statement.extent.end.offset, above, indentation)
        return
    layout.replace(edits, start, start, (*above, ""), indentation)
    edits.replace(call.cursor, form.value)
