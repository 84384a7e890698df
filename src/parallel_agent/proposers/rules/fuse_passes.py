"""Removing temporary vectors: the loop that fills one and those that read it become one loop."""

from __future__ import annotations

import functools
import re
import textwrap
from typing import Any

from parallel_agent.kernel.source import ParsedSource, SourceError
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.algorithm_calls import AlgorithmCall
from parallel_agent.proposers.rules.analysis import LoopReport, analyse
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.plain_loops import lowered
from parallel_agent.proposers.rules.rereading import reparsed
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.temporaries import Temporary, find_temporary, local_vectors
from parallel_agent.proposers.rules.writing import Rewriter

_MOST_TEMPORARIES = 8


class FusePasses:
    """Loop fusion with array contraction (Kennedy and Allen, Optimizing Compilers for Modern
    Architectures, chapter 8; Wolfe's name for the second step is scalar replacement of an array).

    A local vector that one pass fills and later passes read element by element costs its
    allocation, a page fault every 4 KiB, and its traffic through memory. Calls of standard
    algorithms that fill or read such a vector are written as loops first. The result is sequential.
    """

    name = "fuse_passes"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``contract`` where a temporary can go."""
        return ["contract"] if _fused(parsed.kernel.source, parsed.kernel.name) else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source without the temporaries that it can do without."""
        fused = _fused(parsed.kernel.source, parsed.kernel.name)
        if fused is None:
            raise NotApplicable("no local vector is filled by one loop and read by another in step")
        source, removed = fused
        reasons = tuple(
            f"line {line}: {name} is filled and read in step: its elements need no memory"
            for name, line in removed
        )
        return Proposal(source=source, reasons_for=reasons)


@functools.lru_cache(maxsize=16)
def _fused(source: str, name: str) -> tuple[str, tuple[tuple[str, int], ...]] | None:
    """The source with its removable temporaries gone, and their names and lines."""
    try:
        parsed = reparsed(source, name)
        names = [(d.spelling, syntax.line(d)) for d in local_vectors(parsed.function)]
        if not names:
            return None
        source = lowered(parsed, functools.partial(_mentions, {n for n, _ in names}))
        removed = []
        for _ in range(_MOST_TEMPORARIES):
            parsed = reparsed(source, name)
            temporary = find_temporary(analyse(parsed))
            if temporary is None:
                break
            removed.append(temporary.name)
            source = _Contraction(parsed, temporary).apply()
    except SourceError:
        return None
    return (source, tuple((n, line) for n, line in names if n in removed)) if removed else None


def _mentions(names: set[str], call: AlgorithmCall) -> bool:
    used = {n.spelling for n in call.cursor.walk_preorder() if syntax.is_variable(n)}
    return bool(names & used)


class _Contraction:
    """One loop in place of the loops around a temporary."""

    def __init__(self, parsed: ParsedSource, temporary: Temporary) -> None:
        self.temporary = temporary
        self.source = parsed.kernel.source
        self.rewriter = Rewriter(analyse(parsed))
        self.values = analyse(parsed).values
        self.taken: set[str] = set()

    def apply(self) -> str:
        """The new source."""
        temporary = self.temporary
        consumers = temporary.consumers
        element, produced = self.producer_lines()
        lines = [produced]
        for consumer, shift in zip(consumers, temporary.shift, strict=True):
            lines.append(self.consumer_lines(consumer, shift, element))
        header = self.rewriter.between(
            temporary.producer.loop.cursor.extent.start.offset,
            temporary.producer.loop.body.extent.start.offset,
        ).rstrip()
        loop = [f"{header} {{", *self.rewriter.indented(lines), "}"]
        self.rewriter.replace_loop(consumers[-1], loop)
        gone = [temporary.statement, temporary.reserve, temporary.producer.loop.cursor]
        gone += [c.loop.cursor for c in consumers[:-1]]
        for statement in gone:
            if statement is not None:
                self.remove(statement)
        moved = [temporary.producer.loop.cursor, *(c.loop.cursor for c in consumers)]
        for length in temporary.lengths:
            if not any(syntax.contains(m, length) for m in moved):
                self.rewriter.edits.replace(length, temporary.length_text)
        return self.rewriter.apply()

    def remove(self, statement: Any) -> None:
        start, end = self.rewriter.span(statement)
        text = self.source.encode()
        if text[end : end + 1] == b"\n" and self.rewriter.starts_line(statement):
            end += 1
        self.rewriter.edits.replace_range(start, end, "")

    def producer_lines(self) -> tuple[str, str]:
        """The name of the element's value, and the producer's body that computes it."""
        temporary = self.temporary
        value = syntax.strip(temporary.value)
        element = self.known_scalar(value)
        edits: list[tuple[int, int, str]] = []
        start, end = self.rewriter.span(temporary.store)
        if element:
            line_end = self.source.encode()[end : end + 1] == b"\n"
            edits.append((start, end + line_end, ""))
        else:
            wanted = [self.unused(n) for n in ("value", f"{temporary.name}_value")]
            element = next((n for n in wanted if n), self.rewriter.free_name("value"))
            first = temporary.store.extent.start.offset
            text = (
                f"const {temporary.element_type} {element} = {self.values.text(temporary.value)};"
            )
            edits.append((first, end, text))
        body = temporary.producer.loop.body
        edits += [
            (e.extent.start.offset, e.extent.end.offset, element)
            for e in temporary.elements
            if syntax.contains(body, e) and not syntax.contains(temporary.store, e)
        ]
        return element, self.body_text(body, edits)

    def unused(self, name: str) -> str:
        return "" if re.search(rf"\b{name}\b", self.source) else name

    def known_scalar(self, value: Any) -> str:
        """The variable that holds the value already, and keeps it to the end of the iteration."""
        temporary = self.temporary
        if not syntax.is_variable(value):
            return ""
        same = syntax.bare_type(value.type) == temporary.element_type
        key = syntax.key(value.referenced)
        later = [
            s
            for s in syntax.statements(temporary.producer.loop.body)
            if s.extent.start.offset > temporary.store.extent.start.offset
        ]
        if not same or any(key in syntax.variables(s) for s in later):
            return ""
        declared = any(value.spelling in self.declared(c) for c in temporary.consumers)
        return "" if declared else str(value.spelling)

    def consumer_lines(self, consumer: LoopReport, shift: int, element: str) -> str:
        """A consumer's body, in terms of the producer's loop variable and the element's value."""
        temporary, loop = self.temporary, consumer.loop
        edits = [
            (e.extent.start.offset, e.extent.end.offset, element)
            for e in temporary.elements
            if syntax.contains(loop.body, e)
        ]
        covered = [(low, high) for low, high, _ in edits]
        replaced = {n.extent.start.offset for n in _inside(loop.body, covered)}
        edits += [
            (n.extent.start.offset, n.extent.end.offset, temporary.length_text)
            for n in temporary.lengths
            if syntax.contains(loop.body, n)
        ]
        lines = []
        if loop.cursor.kind == Kind.CXX_FOR_RANGE_STMT:
            names = {loop.declaration.spelling: element}
            copied = syntax.bare_type(loop.declaration.type) != temporary.element_type
            if copied:
                names = {}
                lines.append(f"{self.values.text(loop.declaration)} = {element};")
        else:
            names = self.index_names(consumer, shift, lines, replaced)
        names |= self.renamed_locals(consumer)
        edits += _identifier_edits(loop.body, names, covered)
        return "\n".join([*lines, self.body_text(loop.body, edits)])

    def index_names(
        self, consumer: LoopReport, shift: int, lines: list[str], replaced: set[int]
    ) -> dict[str, str]:
        """How the producer's loop variable stands for the consumer's."""
        own = self.temporary.producer.loop.declaration
        other = consumer.loop.declaration
        remaining = [
            n
            for n in syntax.walk(consumer.loop.body)
            if syntax.is_variable(n)
            and syntax.key(n.referenced) == syntax.key(other)
            and n.extent.start.offset not in replaced
        ]
        if not remaining:
            return {}
        same = syntax.bare_type(own.type) == syntax.bare_type(other.type)
        if same and shift == 0:
            return {other.spelling: own.spelling}
        name = other.spelling
        if name == own.spelling or name in self.declared(self.temporary.producer):
            name = self.rewriter.free_name(f"{name}_", f"{name}_2")
        moved = (
            f"{own.spelling} {'-' if shift < 0 else '+'} {abs(shift)}" if shift else own.spelling
        )
        lines.append(f"const {syntax.bare_type(other.type)} {name} = {moved};")
        return {} if name == other.spelling else {other.spelling: name}

    def declared(self, report: LoopReport) -> set[str]:
        return {syntax.shown(key) for key in report.effects.declared}

    def renamed_locals(self, consumer: LoopReport) -> dict[str, str]:
        """New names for a consumer's variables that would clash in the common body."""
        mine = {self.temporary.producer.loop.declaration.spelling}
        mine |= self.declared(self.temporary.producer)
        for earlier in self.temporary.consumers:
            if earlier is consumer:
                break
            mine |= self.declared(earlier)
        clashing = sorted(self.declared(consumer) & mine)
        return {name: self.rewriter.free_name(f"{name}_2", f"{name}_3") for name in clashing}

    def body_text(self, body: Any, edits: list[tuple[int, int, str]]) -> str:
        """A body's statements with edits, as dedented lines."""
        low, high = body.extent.start.offset, body.extent.end.offset
        if body.kind == Kind.COMPOUND_STMT:
            low, high = low + 1, high - 1
        else:
            low, high = self.rewriter.span(body)
        copy = Edits(self.source)
        for start, end, text in edits:
            copy.replace_range(max(start, low), min(end, high), text)
        whole = copy.apply().encode()
        text = whole[low : len(whole) - (len(self.source.encode()) - high)].decode()
        return textwrap.dedent(text.strip("\n").rstrip()).strip()


def _inside(body: Any, ranges: list[tuple[int, int]]) -> list[Any]:
    return [
        n
        for n in syntax.walk(body)
        if any(low <= n.extent.start.offset < high for low, high in ranges)
    ]


def _identifier_edits(
    body: Any, names: dict[str, str], covered: list[tuple[int, int]]
) -> list[tuple[int, int, str]]:
    """Replacements of names, but not of members and not inside ``covered``."""
    edits, before = [], ""
    for token in body.get_tokens():
        start, end = token.extent.start.offset, token.extent.end.offset
        free = not any(low <= start < high for low, high in covered)
        if token.spelling in names and before not in (".", "->", "::") and free:
            edits.append((start, end, names[token.spelling]))
        before = token.spelling
    return edits
