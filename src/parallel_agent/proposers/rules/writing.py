"""Writing OpenMP directives into a source."""

from __future__ import annotations

import re
import textwrap
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.polynomials import Polynomial
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Path


class Rewriter:
    """Collects the edits of one rewrite."""

    def __init__(self, analysis: Analysis) -> None:
        self._source = analysis.parsed.kernel.source
        self._bytes = self._source.encode()
        self._analysis = analysis
        self.edits = Edits(self._source)
        self._headers: list[str] = []

    def span(self, statement: Any) -> tuple[int, int]:
        """The bytes of a statement from the start of its line, its semicolon included."""
        start, end = statement.extent.start.offset, statement.extent.end.offset
        line_start = self._bytes.rfind(b"\n", 0, start) + 1
        if not self._bytes[line_start:start].strip():
            start = line_start
        rest = self._bytes[end:]
        if rest.lstrip().startswith(b";"):
            end += rest.index(b";") + 1
        return start, end

    def text(self, node: Any) -> str:
        """The original text of a cursor."""
        return self._analysis.values.text(node)

    def path(self, node: Any) -> Path | None:
        """The place in memory that an expression denotes."""
        return self._analysis.values.path(node)

    def polynomial(self, node: Any) -> Polynomial | None:
        """An integer expression as a polynomial."""
        return self._analysis.values.polynomial(node)

    def indentation(self, node: Any) -> str:
        """The white space in front of the line a cursor starts on."""
        line_start = self._bytes.rfind(b"\n", 0, node.extent.start.offset) + 1
        text = self._bytes[line_start : node.extent.start.offset].decode()
        return text[: len(text) - len(text.lstrip())]

    @property
    def unit(self) -> str:
        """One level of indentation as this source writes it."""
        body = syntax.children(self._analysis.parsed.function)[-1]
        first = next(iter(body.get_children()), body)
        margin = self.indentation(self._analysis.parsed.function)
        return self.indentation(first).removeprefix(margin) or "    "

    def directive(self, report: LoopReport, directive: str, *clauses: str) -> None:
        """Put ``#pragma omp <directive> <clauses>`` above a loop, with its data-sharing clauses."""
        own = [*data_clauses(report), *clauses]
        self.pragma(report, report.loop.cursor, " ".join([directive, *own]))

    def pragma(self, report: LoopReport, statement: Any, directive: str) -> None:
        """Put ``#pragma omp <directive>`` above a statement inside a loop's region."""
        self.insert_above(report, statement, f"#pragma omp {directive}")

    def insert_above(self, report: LoopReport, statement: Any, *lines: str) -> None:
        """Put whole lines above a statement, also where it does not start its line."""
        indentation = self.indentation(statement)
        start = statement.extent.start.offset
        line_start = self._bytes.rfind(b"\n", 0, start) + 1
        if self._bytes[line_start:start].strip():
            lead, indentation = "\n", indentation + self.unit
            text = lead + "".join(f"{indentation}{line}\n" for line in lines) + indentation
            self.edits.replace_range(start, start, text)
            return
        text = "".join(f"{indentation}{line}\n" for line in lines)
        self.edits.replace_range(line_start, line_start, text)

    def include(self, header: str) -> None:
        """Make sure that the source includes a standard header."""
        if header not in self._headers:
            self._headers.append(header)

    def apply(self) -> str:
        """The rewritten source."""
        for header in self._headers:
            self.edits.add_include(header)
        return self.edits.apply()

    def within(self, edits: Edits, start: int, end: int) -> str:
        """What edits make of the bytes from ``start`` to ``end``, outside of which they do nothing."""
        edited = edits.apply().encode()
        return edited[start : len(edited) - (len(self._bytes) - end)].decode()

    def starts_line(self, statement: Any) -> bool:
        """True if nothing but white space stands before a statement on its line."""
        start = statement.extent.start.offset
        return not self._bytes[self._bytes.rfind(b"\n", 0, start) + 1 : start].strip()

    def renamed(self, statement: Any, names: dict[str, str]) -> str:
        """A statement's lines, indented relative to it, with variables (given by key) renamed."""
        edits = Edits(self._source)
        for node in syntax.walk(statement):
            if node.kind == Kind.DECL_REF_EXPR and syntax.is_variable(node):
                new = names.get(syntax.key(node.referenced))
                if new is not None:
                    edits.replace(node, new)
        text = self.within(edits, *self.span(statement))
        margin = self.indentation(statement)
        return "\n".join(line.removeprefix(margin) for line in text.split("\n"))

    def replaced(self, statement: Any, texts: dict[Any, str]) -> str:
        """A statement's lines, indented relative to it, with parts of it (cursors) replaced."""
        edits = Edits(self._source)
        for node, text in texts.items():
            if not syntax.contains(statement, node):
                continue
            start, end = node.extent.start.offset, node.extent.end.offset
            if not node.kind.is_expression():
                end = self.span(node)[1]
            margin = self.indentation(node)
            lines = textwrap.indent(text, margin).removeprefix(margin)
            edits.replace_range(start, end, lines)
        text = self.within(edits, *self.span(statement))
        margin = self.indentation(statement)
        return "\n".join(line.removeprefix(margin) for line in text.split("\n"))

    def header_span(self, loop: Any) -> tuple[int, int]:
        """The bytes between the parentheses of a for statement."""
        parts = syntax.children(loop)
        return parts[0].extent.start.offset, parts[2].extent.end.offset

    @property
    def length(self) -> int:
        """How many bytes the source has."""
        return len(self._bytes)

    def between(self, start: int, end: int) -> str:
        """The original text from one byte up to another."""
        return self._bytes[start:end].decode()

    def spelled_type(self, declaration: Any) -> str:
        """A variable's type as the source spells it; ``auto`` is spelled out."""
        start, end = declaration.extent.start.offset, declaration.location.offset
        text = self.between(start, end).strip()
        return syntax.bare_type(declaration.type) if text in ("auto", "") else text

    def free_name(self, *names: str) -> str:
        """The first of the names that the source does not use, else the last with an underscore."""
        for name in (*names, f"{names[-1]}_"):
            if not re.search(rf"\b{name}\b", self._source):
                return name
        return self.free_name(f"{names[-1]}_")

    def parallel_block(
        self, report: LoopReport, *, before: list[str], loop: str, after: list[str], clauses: str
    ) -> None:
        """Replace a loop by a parallel region: own variables, the shared loop, their merging.

        ``loop`` is the loop's text (see ``renamed``), indented relative to it; merging is done
        by one thread at a time.
        """
        inside = [*before, f"#pragma omp for {clauses}", loop, "#pragma omp critical", *after]
        lines = ["#pragma omp parallel", "{"]
        self.replace_loop(report, [*lines, *self.indented(inside), "}"])

    def indented(self, lines: list[str]) -> list[str]:
        """The lines (or groups of lines) one level further in."""
        return [textwrap.indent(line, self.unit) for line in lines]

    def replace_loop(self, report: LoopReport, lines: list[str]) -> None:
        """Replace a loop by lines that are indented relative to it."""
        cursor = report.loop.cursor
        text = textwrap.indent("\n".join(lines), self.indentation(cursor))
        start, end = self.span(cursor)
        self.edits.replace_range(start, end, text if self.starts_line(cursor) else f"\n{text}")


def data_clauses(report: LoopReport) -> list[str]:
    """The data-sharing clauses of a loop: private, lastprivate and reduction."""
    clauses = []
    if report.private:
        clauses.append(f"private({', '.join(report.private)})")
    if report.lastprivate:
        clauses.append(f"lastprivate({', '.join(report.lastprivate)})")
    for operator, names in report.reductions.items():
        clauses.append(f"reduction({operator} : {', '.join(names)})")
    return clauses
