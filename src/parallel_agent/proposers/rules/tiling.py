"""Tiling of contractions: sums in tiles that stay in the cache, several terms in one pass."""

from __future__ import annotations

from typing import Any, ClassVar

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import LoopReport, analyse
from parallel_agent.proposers.rules.contraction import Contraction, contractions
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.elimination import bound
from parallel_agent.proposers.rules.polynomials import ONE
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.values import Subscript, Values
from parallel_agent.proposers.rules.writing import Rewriter

_ROWS = 32
_TERMS = 8


class Tiling:
    """Cache tiles of sums over k, with what every row of a tile needs packed together.

    Variants: ``parallel`` (tiles shared out to threads) and ``sequential``. Every sum keeps the
    order of its terms, and so its last bits. The method: Goto and van de Geijn, Anatomy of
    High-Performance Matrix Multiplication, ACM TOMS 34(3), 2008, in its plainest form.
    """

    name = "tiling"
    tunables: ClassVar = {"tile": (128, 64, 256)}

    def variants(self, parsed: ParsedSource) -> list[str]:
        """Names of the variants that this source allows, best first."""
        found = next(contractions(analyse(parsed)), None)
        return ["parallel", "sequential"] if found is not None else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with its contractions in tiles."""
        if options.variant not in self.variants(parsed):
            raise NotApplicable("no three loops sum terms for every pair of a row and a column")
        analysis = analyse(parsed)
        rewriter = Rewriter(analysis)
        found = list(contractions(analysis))
        width = options.tuning.get("tile", self.tunables["tile"][0])
        for contraction in found:
            writer = _Writer(rewriter, analysis.values, contraction, width)
            writer.write(parallel=options.variant == "parallel")
        rewriter.include("algorithm")
        doubts = [d for c in found for r in (c.rows, c.columns) for d in r.doubts]
        return Proposal(
            source=rewriter.apply(),
            reasons_for=tuple(
                f"{_ROWS} x {width} sums of {c.nest.loop.name} fit in the cache, and take "
                f"{_TERMS} terms in one pass"
                for c in found
            ),
            reasons_against=tuple(dict.fromkeys(doubts)),
            speculative=bool(doubts),
        )


class _Writer:
    """Writes one contraction."""

    def __init__(self, rewriter: Rewriter, values: Values, found: Contraction, width: int) -> None:
        self.rewriter, self.values, self.found, self.width = rewriter, values, found, width
        self.source = rewriter.between(0, 10**9)
        self.i, self.j, self.k = (r.loop.declaration.spelling for r in found.loops)
        self.i0, self.j0 = (rewriter.free_name(f"{n}0", f"{n}Tile") for n in (self.i, self.j))
        self.i_end, self.j_end = (
            rewriter.free_name(f"{n}End", f"{n}TileEnd") for n in (self.i, self.j)
        )
        self.sums = rewriter.free_name("sums", "tileSums")
        self.term = rewriter.free_name("t", "term")
        self.value = rewriter.free_name("value", "tileSum")
        self.scalars, self.packed = (
            {
                values.text(node): rewriter.free_name(f"{name}{number or ''}", f"{name}_{number}")
                for number, node in enumerate(nodes)
            }
            for name, nodes in (("factors", found.by_row), ("packed", found.by_column))
        )
        self.place = f"{self.sums}[{self.i} - {self.i0}][{self.j} - {self.j0}]"

    def write(self, *, parallel: bool) -> None:
        """Replace the nest."""
        rows, columns, _ = self.found.loops
        threads = ["#pragma omp parallel for collapse(2) schedule(static)"] if parallel else []
        comment = "// A tile of sums stays in the cache and takes eight terms in one pass."
        tile = [self._block(columns, self.j0, self.width, self._tile())]
        lines = [comment, *threads, self._block(rows, self.i0, _ROWS, tile)]
        self.rewriter.replace_loop(self.found.nest, lines)

    def _tile(self) -> list[str]:
        """The sums of one tile: set, filled, stored."""
        found = self.found
        number = self._number(found.total if found.total is not None else found.place)
        start, store = self._first(), self._last()
        return [
            self._end(found.rows, self.i0, self.i_end, _ROWS),
            self._end(found.columns, self.j0, self.j_end, self.width),
            f"{number} {self.sums}[{_ROWS}][{self.width}];",
            *self._for_rows(self._for_columns([f"{self.place} = {start};"])),
            f"{self._type(found.terms)} {self.k} = {self._start(found.terms)};",
            f"for (; {self.k} + {_TERMS} <= {self._limit(found.terms)}; {self.k} += {_TERMS}) {{",
            *self._indented([*self._packing(), *self._for_rows(self._pass(number))]),
            "}",
            f"for (; {self.k} < {self._limit(found.terms)}; ++{self.k}) {{",
            *self._indented(self._for_rows(self._for_columns(self._body()))),
            "}",
            *self._for_rows(self._for_columns(store)),
        ]

    def _first(self) -> str:
        found = self.found
        if found.total is not None:
            return self.rewriter.text(syntax.initializer(found.total))
        if found.start is not None:
            return self.rewriter.text(syntax.children(found.start)[1])
        return self.values.text(found.place)

    def _last(self) -> list[str]:
        found = self.found
        if found.total is None:
            return [f"{self.values.text(found.place)} = {self.place};"]
        number, name = self._number(found.total), found.total.spelling
        return [
            f"{number} {name} = {self.place};",
            *(self.rewriter.renamed(s, {}) for s in found.after),
        ]

    def _packing(self) -> list[str]:
        """The elements that all rows of a tile need, next to each other."""
        lines = []
        for node in self.found.by_column:
            name = self.packed[self.values.text(node)]
            value = self._text(node, whole=False)
            copy = [f"{name}[{self.term}][{self.j} - {self.j0}] = {value};"]
            terms = f"for (int {self.term} = 0; {self.term} < {_TERMS}; ++{self.term}) {{"
            lines.append(f"{self._number(node)} {name}[{_TERMS}][{self.width}];")
            if self._contiguous(node):
                lines += [terms, *self._indented(self._for_columns(copy)), "}"]
            else:
                lines += self._for_columns([terms, *self._indented(copy), "}"])
        return lines

    def _contiguous(self, node: Any) -> bool:
        """True if the next column is the next element."""
        path = self.values.path(node)
        last = path.elements[-1] if path is not None else None
        variable = self.found.columns.loop.variable
        if not isinstance(last, Subscript) or last.position is None or variable is None:
            return False
        return last.position.coefficient(variable) == ONE

    def _pass(self, number: str) -> list[str]:
        """Eight terms for one row of a tile."""
        terms = f"for (int {self.term} = 0; {self.term} < {_TERMS}; ++{self.term}) {{"
        lines = []
        sets = []
        for node in self.found.by_row:
            name = self.scalars[self.values.text(node)]
            lines.append(f"{self._number(node)} {name}[{_TERMS}];")
            sets.append(f"{name}[{self.term}] = {self._text(node, whole=False)};")
        body = [f"{self._text(s)};" for s in self.found.body]
        inside = [
            f"{number} {self.value} = {self.place};",
            terms,
            *self._indented(body),
            "}",
            f"{self.place} = {self.value};",
        ]
        lines += [terms, *self._indented(sets), "}"]
        return [*lines, "#pragma omp simd", *self._for_columns(inside)]

    def _body(self) -> list[str]:
        """One term of one sum, as the original has it."""
        *declarations, update = self.found.body
        edits = Edits(self.source)
        edits.replace(syntax.children(update)[0], self.place)
        return [*(self.rewriter.renamed(s, {}) for s in declarations), self._edited(edits, update)]

    def _text(self, node: Any, *, whole: bool = True) -> str:
        """A statement or element for the term t of a pass; ``whole``: with what was packed."""
        edits = Edits(self.source)
        self._replace(node, edits, whole)
        return self._edited(edits, node).rstrip(";")

    def _replace(self, node: Any, edits: Edits, whole: bool) -> None:
        text = self.values.text(node)
        if whole and syntax.strip(node) == syntax.strip(self.found.place):
            edits.replace(node, self.value)
        elif whole and text in self.packed:
            edits.replace(node, f"{self.packed[text]}[{self.term}][{self.j} - {self.j0}]")
        elif whole and text in self.scalars:
            edits.replace(node, f"{self.scalars[text]}[{self.term}]")
        elif syntax.is_variable(node) and node.referenced == self.found.terms.loop.declaration:
            edits.replace(node, f"({self.k} + {self.term})")
        else:
            for child in node.get_children():
                self._replace(child, edits, whole)

    def _edited(self, edits: Edits, node: Any) -> str:
        start, end = self.rewriter.span(node)
        text = self.rewriter.within(edits, start, end)
        margin = self.rewriter.indentation(node)
        return "\n".join(line.removeprefix(margin) for line in text.split("\n"))

    def _for_rows(self, lines: list[str]) -> list[str]:
        return self._for(self.found.rows, self.i, self.i0, self.i_end, lines)

    def _for_columns(self, lines: list[str]) -> list[str]:
        return self._for(self.found.columns, self.j, self.j0, self.j_end, lines)

    def _for(
        self, report: LoopReport, name: str, first: str, end: str, lines: list[str]
    ) -> list[str]:
        head = f"for ({self._type(report)} {name} = {first}; {name} < {end}; ++{name}) {{"
        return [head, *self._indented(lines), "}"]

    def _block(self, report: LoopReport, name: str, size: int, lines: list[str]) -> str:
        limit, start = self._limit(report), self._start(report)
        head = f"for ({self._type(report)} {name} = {start}; {name} < {limit}; {name} += {size}) {{"
        return "\n".join([head, *self._indented(lines), "}"])

    def _end(self, report: LoopReport, name: str, end: str, size: int) -> str:
        kind = self._type(report)
        limit = self.rewriter.text(bound(report, self.values))
        return f"const {kind} {end} = std::min<{kind}>({name} + {size}, {limit});"

    def _indented(self, lines: list[str]) -> list[str]:
        return self.rewriter.indented(lines)

    def _start(self, report: LoopReport) -> str:
        return self.rewriter.text(report.loop.header[0])

    def _limit(self, report: LoopReport) -> str:
        return self.rewriter.text(bound(report, self.values))

    def _type(self, report: LoopReport) -> str:
        return self.rewriter.spelled_type(report.loop.declaration)

    def _number(self, node: Any) -> str:
        return syntax.bare_type(node.type)
