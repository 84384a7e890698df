"""Scans (prefix sums) in groups whose inner sums do not wait for each other, and in two passes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

from parallel_agent.kernel.source import ParsedSource, SourceError
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import analyse
from parallel_agent.proposers.rules.plain_loops import lowered
from parallel_agent.proposers.rules.rereading import reparsed
from parallel_agent.proposers.rules.scan_loops import ScanLoop, scan_loops
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.writing import Rewriter

_CALLS = ("partial_sum", "inclusive_scan", "exclusive_scan")


class Scan:
    """Scans by blocks (Blelloch, Prefix Sums and Their Applications, 1990).

    Variants: ``two_pass`` (all threads share in adding up the blocks, then each scans its own) and
    ``groups`` (one thread). In both the elements of a group are scanned from zero and the carried
    value is added to them afterwards, so that a step of the carried chain serves a whole group.
    """

    name = "scan"
    tunables: Mapping[str, tuple[int, ...]] = {"group": (4, 8)}

    def variants(self, parsed: ParsedSource) -> list[str]:
        """Both, where there is a scan; groups only where an operation takes several cycles."""
        found = _found(parsed)
        if found is None:
            return []
        return ["two_pass", *(["groups"] if any(_slow(scan) for scan in found[1]) else [])]

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with its scans regrouped."""
        found = _found(parsed)
        if found is None:
            raise NotApplicable("no loop carries a single value that it combines step by step")
        parsed, scans = found
        rewriter = Rewriter(analyse(parsed))
        threads = options.variant == "two_pass"
        scans = tuple(scan for scan in scans if threads or _slow(scan))
        if not scans:
            raise NotApplicable("an integer operation takes one cycle: groups would gain nothing")
        for scan in scans:
            _Writing(rewriter, scan, options.tuning.get("group", 4)).write(threads=threads)
        doubts = tuple(doubt for scan in scans for doubt in scan.report.doubts)
        rounding = tuple(
            f"{scan.report.loop.name}: the order of the operations changes, and with it the rounding"
            for scan in scans
            if not syntax.is_integer(scan.carried.type)
        )
        return Proposal(
            source=rewriter.apply(),
            reasons_for=tuple(
                f"{s.report.loop.name} carries {s.carried.spelling} alone, combined with {s.operator}"
                for s in scans
            ),
            reasons_against=(*doubts, *rounding),
            speculative=bool(doubts),
        )


def _found(parsed: ParsedSource) -> tuple[ParsedSource, tuple[ScanLoop, ...]] | None:
    """The scans of a source, and the source with its calls of scan algorithms as loops."""
    if "#pragma omp" in parsed.kernel.source or _regrouped(parsed.kernel.source):
        return None
    source = lowered(parsed, lambda call: call.name in _CALLS and not call.repeated)
    if source != parsed.kernel.source:
        try:
            parsed = reparsed(source, parsed.kernel.name)
        except SourceError:
            return None
    scans = tuple(s for s in scan_loops(analyse(parsed)) if not s.report.outer)
    return (parsed, scans) if scans else None


def _slow(scan: ScanLoop) -> bool:
    """True if the chain of operations, not the number of instructions, limits a thread."""
    return not syntax.is_integer(scan.carried.type)


def _regrouped(source: str) -> bool:
    """True for the strategy's own output."""
    return re.search(r"; \w+ - \w+ >= (?:4|8); \w+ \+= (?:4|8)\)", source) is not None


class _Writing:
    """One scan written anew."""

    def __init__(self, rewriter: Rewriter, scan: ScanLoop, group: int) -> None:
        self.rewriter = rewriter
        self.scan = scan
        self.group = group
        loop = scan.report.loop
        self.variable = loop.declaration.spelling
        declared = rewriter.text(loop.declaration)
        self.index_type = re.split(rf"\b{self.variable}\b", declared)[0].strip()
        self.carried = scan.carried.spelling
        self.first = rewriter.text(loop.header[0])
        self.bound = rewriter.text(loop.header[1])
        condition = syntax.children(loop.cursor)[1]
        if syntax.binary_operator(syntax.strip(condition)) == "<=":
            self.bound = f"{self.bound} + 1"
        self.names = {
            wanted: rewriter.free_name(wanted, f"{wanted}_2")
            for wanted in (
                *("local", "sums", "in_group", "threads", "pieces", "piece", "block", "count"),
                *("begin", "end", "prefix", "k"),
            )
        }

    def write(self, *, threads: bool) -> None:
        """Replace the loop."""
        lines = self.two_pass() if threads else self.grouped(self.first, self.bound, self.carried)
        if not threads:
            lines = [*self.one_block(lines)]
        if self.scan.operator in ("min", "max"):
            self.rewriter.include("limits")
        if threads:
            self.rewriter.include("algorithm")
            self.rewriter.include("cstddef")
            self.rewriter.include("omp.h")
            self.rewriter.include("vector")
        self.rewriter.replace_loop(self.scan.report, lines)

    def one_block(self, lines: list[str]) -> list[str]:
        return ["{", *self.rewriter.indented(lines), "}"]

    def text(self, statement: object, carried: str, shift: str = "") -> str:
        """A statement with other names for the carried value and the loop variable."""
        names = {syntax.key(self.scan.carried): carried}
        if shift:
            names[syntax.key(self.scan.report.loop.declaration)] = f"({shift})"
        return self.rewriter.renamed(statement, names).replace(f"[({shift})]", f"[{shift}]")

    def combine(self, into: str, value: str) -> str:
        operator = self.scan.operator
        if operator in ("min", "max"):
            return f"{into} = std::{operator}({into}, {value});"
        return f"{into} {operator}= {value};"

    def joined(self, left: str, right: str) -> str:
        operator = self.scan.operator
        if operator in ("min", "max"):
            return f"std::{operator}({left}, {right})"
        return f"{left} {operator} {right}"

    def grouped(self, first: str, bound: str, carried: str) -> list[str]:
        """The scan from ``first`` up to ``bound``, a group at a time."""
        scan, group, i, names = self.scan, self.group, self.variable, self.names
        local, sums, k = names["local"], names["in_group"], names["k"]
        end = bound if re.fullmatch(r"\w+", bound) else names["end"]
        setup = [] if end == bound else [f"const {self.index_type} {end} = {bound};"]
        moved = f"{i} + {k}"
        keep = f"{sums}[{k}] = {local};"
        step = [self.text(s, local, moved) for s in (*scan.before, scan.update)]
        step = [keep, *step] if scan.exclusive else [*step, keep]
        value = names["prefix"]
        rest = [self.text(s, value, moved) for s in scan.after]
        use = [f"const {scan.type} {value} = {self.joined(carried, f'{sums}[{k}]')};", *rest]
        body = [
            f"{scan.type} {sums}[{group}];",
            f"{scan.type} {local} = {scan.identity};",
            *self.for_group(step),
            *self.for_group(use),
            self.combine(carried, local),
        ]
        remaining = [self.text(s, carried) for s in syntax.statements(scan.report.loop.body)]
        return [
            *setup,
            f"{self.index_type} {i} = {first};",
            "// Within a group no element waits for the groups before it.",
            f"for (; {i} < {end} && {end} - {i} >= {group}; {i} += {group}) {{",
            *self.rewriter.indented(body),
            "}",
            f"for (; {i} < {end}; ++{i}) {{",
            *self.rewriter.indented(remaining),
            "}",
        ]

    def plain(self, carried: str) -> list[str]:
        """The loop as it was, over a block."""
        i, begin, end = self.variable, self.names["begin"], self.names["end"]
        body = [self.text(s, carried) for s in syntax.statements(self.scan.report.loop.body)]
        head = f"for ({self.index_type} {i} = {begin}; {i} < {end}; ++{i}) {{"
        return [head, *self.rewriter.indented([_bare(line) for line in body]), "}"]

    def for_group(self, body: list[str]) -> list[str]:
        k = self.names["k"]
        head = f"for (int {k} = 0; {k} < {self.group}; ++{k}) {{"
        return [head, *self.rewriter.indented([_bare(line) for line in body]), "}"]

    def two_pass(self) -> list[str]:
        """Sums of the blocks by all threads, then a block for every thread."""
        scan, names = self.scan, self.names
        threads, pieces, sums, count = (names[n] for n in ("threads", "pieces", "sums", "count"))
        piece, block, begin, end = (names[n] for n in ("piece", "block", "begin", "end"))
        local, i = names["local"], self.variable
        running = self.rewriter.free_name(f"{self.carried}_here", f"{self.carried}_here2")
        steps = [_bare(self.text(s, local)) for s in (*scan.before, scan.update)]
        first_pass = [
            f"const {self.index_type} {begin} = {self.place(piece, pieces)};",
            f"const {self.index_type} {end} = {self.place(f'({piece} + 1)', pieces)};",
            f"{scan.type} {local} = {scan.identity};",
            *self.simd(local),
            f"for ({self.index_type} {i} = {begin}; {i} < {end}; ++{i}) {{",
            *self.rewriter.indented(steps),
            "}",
            f"{sums}[{piece}] = {local};",
        ]
        last = self.rewriter.free_name(f"last_{self.carried}", f"final_{self.carried}")
        scanned = self.grouped(begin, end, running) if _slow(scan) else self.plain(running)
        second_pass = [
            f"const {self.index_type} {begin} = {self.place(block, threads)};",
            f"const {self.index_type} {end} = {self.place(f'({block} + 1)', threads)};",
            f"{scan.type} {running} = {self.carried};",
            f"for (int {piece} = 0; {piece} < {block} * {threads}; ++{piece}) {{",
            *self.rewriter.indented([self.combine(running, f"{sums}[{piece}]")]),
            "}",
            *scanned,
            *([f"if ({block} == {threads} - 1) {{"] if scan.needed_later else []),
            *(self.rewriter.indented([f"{last} = {running};"]) if scan.needed_later else []),
            *(["}"] if scan.needed_later else []),
        ]
        inside = [
            "// The blocks before the last one are summed up by all threads together.",
            "#pragma omp for schedule(static)",
            f"for (int {piece} = 0; {piece} < {pieces} - {threads}; ++{piece}) {{",
            *self.rewriter.indented(first_pass),
            "}",
            "#pragma omp for schedule(static)",
            f"for (int {block} = 0; {block} < {threads}; ++{block}) {{",
            *self.rewriter.indented(second_pass),
            "}",
        ]
        return [
            "{",
            *self.rewriter.indented(
                [
                    f"const int {threads} = omp_get_max_threads();",
                    f"const int {pieces} = {threads} * {threads};",
                    f"const std::ptrdiff_t {count} = std::max<std::ptrdiff_t>(0, "
                    f"{self.difference()});",
                    f"std::vector<{scan.type}> {sums}({pieces});",
                    *([f"{scan.type} {last} = {self.carried};"] if scan.needed_later else []),
                    f"#pragma omp parallel num_threads({threads})",
                    "{",
                    *self.rewriter.indented(inside),
                    "}",
                    *([f"{self.carried} = {last};"] if scan.needed_later else []),
                ]
            ),
            "}",
        ]

    def simd(self, local: str) -> list[str]:
        """A directive where the first pass has no branch; without it, order forbids vectors."""
        plain = not any(n.kind == syntax.Kind.IF_STMT for n in syntax.walk(self.scan.update))
        return [f"#pragma omp simd reduction({self.scan.operator} : {local})"] if plain else []

    def difference(self) -> str:
        bound = f"static_cast<std::ptrdiff_t>({self.bound})"
        return (
            bound if self.first == "0" else f"{bound} - static_cast<std::ptrdiff_t>({self.first})"
        )

    def place(self, part: str, parts: str) -> str:
        share = f"{self.names['count']} * {part} / {parts}"
        return share if self.first == "0" else f"{self.first} + {share}"


def _bare(text: str) -> str:
    return textwrap.dedent(text)
