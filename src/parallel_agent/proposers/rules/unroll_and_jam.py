"""Elimination several pivots at a time: unroll-and-jam of the steps into the loop over columns."""

from __future__ import annotations

import textwrap
from typing import Any, ClassVar

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import LoopReport, analyse
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.elimination import Elimination, bound, eliminations
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values
from parallel_agent.proposers.rules.writing import Rewriter


class UnrollAndJam:
    """Each row takes the multiples of several pivot rows while it is in the cache.

    Variants: ``parallel`` (rows shared out to threads) and ``sequential``. Every element keeps the
    order of its updates, and so its last bits. The method: Golub and Van Loan, Matrix Computations,
    section 3.2.11 (block LU), with strips as narrow as registers allow.
    """

    name = "unroll_and_jam"
    tunables: ClassVar = {"strip": (8, 4)}

    def variants(self, parsed: ParsedSource) -> list[str]:
        """Names of the variants that this source allows, best first."""
        found = next(eliminations(analyse(parsed)), None)
        return ["parallel", "sequential"] if found is not None else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with its eliminations in strips of pivots."""
        if options.variant not in self.variants(parsed):
            raise NotApplicable("no loop takes multiples of one row from all rows below it")
        analysis = analyse(parsed)
        rewriter = Rewriter(analysis)
        found = list(eliminations(analysis))
        strip = options.tuning.get("strip", self.tunables["strip"][0])
        for elimination in found:
            writer = _Writer(rewriter, analysis.values, elimination, strip)
            writer.write(parallel=options.variant == "parallel")
        rewriter.include("algorithm")
        return Proposal(
            source=rewriter.apply(),
            reasons_for=tuple(
                f"a row below takes the multiples of {strip} rows in one pass, where "
                f"{e.steps.loop.name} passes over the whole rest of the matrix for each of them"
                for e in found
            ),
        )


class _Writer:
    """Writes one elimination."""

    def __init__(self, rewriter: Rewriter, values: Values, found: Elimination, strip: int) -> None:
        self.rewriter, self.values, self.found, self.strip = rewriter, values, found, strip
        self.source = rewriter.between(0, 10**9)
        self.pivot = found.steps.loop.declaration.spelling
        self.row = found.rows[-1].loop.declaration.spelling
        self.column = found.columns.loop.declaration.spelling
        self.type = self._type(found.steps)
        self.first = rewriter.free_name(f"{self.pivot}0", "first")
        self.last = rewriter.free_name("last", "stripEnd")
        self.split = rewriter.free_name("split", "jammedFrom")
        self.arrays = {
            syntax.key(d): rewriter.free_name(f"{d.spelling}s", f"{d.spelling}OfPivot")
            for d in found.scalars
        }
        self.elements = {
            values.text(node): rewriter.free_name(f"scale{number or ''}")
            for number, node in enumerate(found.invariant)
        }
        targets = [syntax.children(s)[0] for s in syntax.statements(found.columns.loop.body)]
        self.targets = {values.path(t): t for t in targets}
        self.sums = {
            path: rewriter.free_name(f"value{number or ''}")
            for number, path in enumerate(self.targets)
        }

    def write(self, *, parallel: bool) -> None:
        """Replace the loop over the steps."""
        steps = self.found.steps
        first, last, size = self.first, self.last, self.strip
        limit, whole = self._limit(steps), self.rewriter.text(bound(steps, self.values))
        start = self.rewriter.text(steps.loop.header[0])
        lines = [
            f"for ({self.type} {first} = {start}; {first} < {limit}; {first} += {size}) {{",
            *self._indented(
                [
                    f"const {self.type} {last} = std::min<{self.type}>({first} + {size}, {whole});",
                    "// The pivot rows of this strip come first: all rows below need them.",
                    self._steps([self._body()]),
                    "// The rows below take all of them in one pass, short strips one by one.",
                    f"const {self._type(self.found.columns)} {self.split} = "
                    f"{last} - {first} == {size} ? {last} : {self._limit(self.found.columns)};",
                    *self._below(parallel),
                ]
            ),
            "}",
        ]
        self.rewriter.replace_loop(steps, lines)

    def _steps(self, lines: list[str]) -> str:
        """The pivots of one strip, one after the other."""
        head = f"for ({self.type} {self.pivot} = {self.first}; {self.pivot} < {self.last}; ++{self.pivot}) {{"
        return "\n".join([head, *self._indented(lines), "}"])

    def _body(self) -> str:
        """A step as the original has it, for the rows of the strip alone."""
        edits = Edits(self.source)
        for row in self.found.rows:
            edits.replace(row.loop.header[1], self.last)
        block = self.found.steps.loop.body
        start, end = block.extent.start.offset, block.extent.end.offset
        text = self.rewriter.within(edits, start, end)
        if block.kind == Kind.COMPOUND_STMT:
            text = text[1:-1]
        return textwrap.dedent(text.strip("\n").rstrip())

    def _below(self, parallel: bool) -> list[str]:
        """The rows below the strip."""
        row = self.found.rows[-1]
        kind, limit = self._type(row), self._limit(row)
        inside = [
            f"{self._bare(d)} {self.arrays[syntax.key(d)]}[{self.strip}];"
            for d in self.found.scalars
        ]
        lines = [
            self.rewriter.renamed(s, {}) for s in self.found.prologue if s.kind == Kind.DECL_STMT
        ]
        for report in self.found.rows:
            names = {syntax.key(report.loop.declaration): self.row}
            for statement in syntax.statements(report.loop.body):
                if statement == self.found.columns.loop.cursor:
                    edits = Edits(self.source)
                    edits.replace(self.found.columns.loop.header[1], self.split)
                    lines.append(self._edited(edits, statement))
                else:
                    lines.append(self.rewriter.renamed(statement, names))
        lines += [
            f"{self.arrays[syntax.key(d)]}[{self.pivot} - {self.first}] = {d.spelling};"
            for d in self.found.scalars
        ]
        inside += [self._steps(lines), *self._jammed()]
        threads = [f"#pragma omp parallel for schedule(static) if ({limit} - {self.last} > 64)"]
        return [
            *(threads if parallel else []),
            f"for ({kind} {self.row} = {self.last}; {self.row} < {limit}; ++{self.row}) {{",
            *self._indented(inside),
            "}",
        ]

    def _jammed(self) -> list[str]:
        """The loop over the columns right of the strip, with the updates by all its pivots."""
        lines = []
        for node in self.found.invariant:
            name = self.elements[self.values.text(node)]
            for step in range(self.strip):
                value = self._replaced(node, step, whole=False)
                lines.append(f"const {syntax.bare_type(node.type)} {name}{step} = {value};")
        body = [
            f"{syntax.bare_type(t.type)} {self.sums[p]} = {self.values.text(t)};"
            for p, t in self.targets.items()
        ]
        for step in range(self.strip):
            updates = syntax.statements(self.found.columns.loop.body)
            body += [f"{self._replaced(statement, step)};" for statement in updates]
        body += [f"{self.values.text(t)} = {self.sums[p]};" for p, t in self.targets.items()]
        kind, limit = self._type(self.found.columns), self._limit(self.found.columns)
        head = f"for ({kind} {self.column} = {self.split}; {self.column} < {limit}; ++{self.column}) {{"
        return [*lines, "#pragma omp simd", head, *self._indented(body), "}"]

    def _replaced(self, statement: Any, step: int, *, whole: bool = True) -> str:
        """A statement or element for one pivot of the strip; ``whole``: with what was kept."""
        edits = Edits(self.source)
        self._replace(statement, step, edits, whole)
        return self._edited(edits, statement).rstrip(";")

    def _replace(self, node: Any, step: int, edits: Edits, whole: bool) -> None:
        path = self.values.path(node) if whole else None
        if path in self.sums and not syntax.is_variable(node):
            edits.replace(node, self.sums[path])
        elif whole and self.values.text(node) in self.elements:
            edits.replace(node, f"{self.elements[self.values.text(node)]}{step}")
        elif syntax.is_variable(node) and node.referenced == self.found.steps.loop.declaration:
            edits.replace(node, f"({self.first} + {step})" if step else self.first)
        elif syntax.is_variable(node) and syntax.key(node.referenced) in self.arrays:
            edits.replace(node, f"{self.arrays[syntax.key(node.referenced)]}[{step}]")
        else:
            for child in node.get_children():
                self._replace(child, step, edits, whole)

    def _edited(self, edits: Edits, node: Any) -> str:
        """A node's lines with the edits made, indented relative to it."""
        start, end = self.rewriter.span(node)
        text = self.rewriter.within(edits, start, end)
        margin = self.rewriter.indentation(node)
        return "\n".join(line.removeprefix(margin) for line in text.split("\n"))

    def _indented(self, lines: list[str]) -> list[str]:
        return self.rewriter.indented(lines)

    def _limit(self, report: LoopReport) -> str:
        text = self.rewriter.text(bound(report, self.values))
        return text if text.isidentifier() else f"({text})"

    def _type(self, report: LoopReport) -> str:
        return self.rewriter.spelled_type(report.loop.declaration)

    def _bare(self, declaration: Any) -> str:
        return syntax.bare_type(declaration.type)
