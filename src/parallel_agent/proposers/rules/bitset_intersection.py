"""Counting what two rows of a table have in common, 64 entries at a time.

D. E. Knuth, The Art of Computer Programming 4A, 7.1.3 (bitwise tricks: sideways addition).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport, analyse
from parallel_agent.proposers.rules.effects import effects_of
from parallel_agent.proposers.rules.merge_loops import stepped_index
from parallel_agent.proposers.rules.polynomials import ONE, Polynomial
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values
from parallel_agent.proposers.rules.writing import Rewriter


@dataclass(frozen=True)
class _Common:
    """``for (w …) if (test(u, w) && test(v, w)) ++count;`` inside loops over u and v.

    ``test`` is the one for u, ``above`` tells that w starts behind both u and v.
    """

    outermost: LoopReport
    inner: LoopReport
    rows: tuple[Any, Any]
    test: Any
    count: Any
    above: bool


class BitsetIntersection:
    """The test's results are packed into words once; an inner loop counts the bits of two rows."""

    name = "bitset_intersection"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``popcount`` where a loop counts what two rows have in common."""
        try:
            self.rewrite(parsed, Options())
        except NotApplicable:
            return []
        return ["popcount"]

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The first such loop over words of bits."""
        analysis = analyse(parsed)
        common = next(_candidates(analysis), None)
        if common is None:
            raise NotApplicable("no loop counts what two rows have in common")
        rewriter = Rewriter(analysis)
        _write(common, rewriter, analysis.values)
        for header in ("bit", "cstddef", "cstdint", "vector"):
            if "bits/stdc++.h" not in parsed.kernel.source:
                rewriter.include(header)
        return Proposal(
            source=rewriter.apply(),
            reasons_for=(
                f"{common.inner.loop.name} tests every entry of two rows: as bits, 64 at a time",
            ),
            reasons_against=(
                "packing the table takes a pass over all of it",
                "entries are tested that the loops may never have come to",
            ),
            speculative=True,
        )


def _candidates(analysis: Analysis) -> Any:
    for report in analysis.all_loops():
        if len(report.outer) >= 2 and not report.inner:
            try:
                yield _common(report, analysis.values)
            except NotApplicable:
                continue


def _common(inner: LoopReport, values: Values) -> _Common:
    first, second, count = _tests(inner.loop.body)
    loops = {
        syntax.key(around.loop.declaration): around
        for around in inner.outer
        if around.loop.variable is not None
    }
    rows = [sorted(syntax.variables(test) & set(loops)) for test in (first, second)]
    if [len(names) for names in rows] != [1, 1] or rows[0] == rows[1]:
        raise NotApplicable("the two tests are not of one row each")
    around = [loops[names[0]] for names in rows]
    if _text(first, rows[0][0], "row", values) != _text(second, rows[1][0], "row", values):
        raise NotApplicable("the two tests differ")
    outermost = min(around, key=lambda report: report.loop.depth)
    for report in (*around, inner):
        _require_plain(report, values)
    if len({values.text(report.loop.header[1]) for report in (*around, inner)}) != 1:
        raise NotApplicable("the table is not square")
    _require_unchanged(outermost, first, inner, values)
    above = all(_starts_behind(inner, report, inner.outer) for report in around)
    start = inner.loop.lower
    if not above and (start is None or start.value != 0):
        raise NotApplicable("the entries read of a row cannot be told")
    declared = (around[0].loop.declaration, around[1].loop.declaration)
    return _Common(outermost, inner, declared, first, count, above)


def _tests(body: Any) -> tuple[Any, Any, Any]:
    """Both tests and the variable that is counted up where they hold."""
    statements = syntax.statements(body)
    if len(statements) != 1 or statements[0].kind != Kind.IF_STMT:
        raise NotApplicable("the body does more than count")
    parts = syntax.children(statements[0])
    condition = syntax.strip(parts[0])
    inside = syntax.statements(parts[1])
    if len(parts) != 2 or syntax.binary_operator(condition) != "&&" or len(inside) != 1:
        raise NotApplicable("the body does more than count where two tests hold")
    step = syntax.strip(inside[0])
    if stepped_index(step) is None:
        raise NotApplicable("the body does more than count")
    first, second = syntax.children(condition)
    return syntax.strip(first), syntax.strip(second), syntax.strip(syntax.children(step)[0])


def _require_plain(report: LoopReport, values: Values) -> None:
    loop = report.loop
    if loop.cursor.kind != Kind.FOR_STMT or loop.descending or loop.step.value != 1:
        raise NotApplicable(f"{loop.name} does not count up")
    condition = syntax.strip(syntax.children(loop.cursor)[1])
    bound = syntax.strip(loop.header[1]) if len(loop.header) == 2 else None
    if syntax.binary_operator(condition) != "<" or bound is None or not syntax.is_variable(bound):
        raise NotApplicable(f"{loop.name}: its bound is not tested with <")
    if not loop.declares_variable:
        raise NotApplicable(f"{loop.name} does not declare its variable")


def _require_unchanged(outermost: LoopReport, test: Any, inner: LoopReport, values: Values) -> None:
    found = effects_of(test, values)
    if found.objections or found.hidden_reads or found.written():
        raise NotApplicable(f"line {syntax.line(test)}: the test has effects")
    changed = set(outermost.effects.written())
    read = {access.path.root for access in found.accesses} | syntax.variables(inner.loop.header[1])
    counted = {syntax.key(report.loop.declaration) for report in (*inner.outer, inner)}
    local = outermost.effects.declared - counted
    if read & (changed | local) or any("calls" in o for o in outermost.effects.objections):
        raise NotApplicable(f"line {syntax.line(test)}: what it reads changes meanwhile")
    if outermost.loop.lower is None or outermost.loop.lower.value != 0:
        raise NotApplicable(f"{outermost.loop.name} does not start at 0")


def _starts_behind(inner: LoopReport, row: LoopReport, outer: tuple[LoopReport, ...]) -> bool:
    """True if the inner loop starts above the row's number."""
    start = inner.loop.lower
    if start is None or row.loop.variable is None:
        return False
    for around in reversed(outer):
        ahead = start - Polynomial.variable(row.loop.variable) - ONE
        if ahead.never_negative():
            return True
        if around.loop.variable in start.symbols and around.loop.lower is not None:
            rest = start - Polynomial.variable(around.loop.variable)
            if around.loop.variable in rest.symbols:
                return False
            start = rest + around.loop.lower
    return False


def _text(node: Any, variable: str, name: str, values: Values) -> str:
    """A test's text with another name for one variable."""
    start, text = node.extent.start.offset, values.text(node).encode()
    for use in reversed([n for n in syntax.walk(node) if syntax.is_variable(n)]):
        if syntax.key(use.referenced) == variable:
            at = use.extent.start.offset - start
            text = text[:at] + name.encode() + text[use.extent.end.offset - start :]
    return text.decode()


def _write(common: _Common, rewriter: Rewriter, values: Values) -> None:
    unit, loop = rewriter.unit, common.inner.loop
    bits, words = rewriter.free_name("bits"), rewriter.free_name("words", "row_words")
    row, word = rewriter.free_name("row", "bit_row"), rewriter.free_name("k", "word")
    both, size = rewriter.free_name("both", "common_bits"), rewriter.text(loop.header[1])
    own = str(loop.declaration.spelling)
    type_ = str(loop.declaration.type.spelling).removeprefix("const ")
    start, (first, second) = rewriter.text(loop.header[0]), common.rows
    row_key = next(
        syntax.key(n.referenced)
        for n in syntax.walk(common.test)
        if syntax.is_variable(n) and syntax.key(n.referenced) in map(syntax.key, common.rows)
    )
    test = _text(common.test, row_key, row, values)
    count = rewriter.text(common.count)
    bit = rewriter.free_name("bit", "test_bit")
    unsigned = loop.header[1].type.get_canonical().spelling.endswith("unsigned long")
    length = size if unsigned else f"static_cast<std::size_t>({size} > 0 ? {size} : 0)"
    from_ = f"{row} + 1" if common.above else "0"
    rewriter.insert_above(
        common.outermost,
        common.outermost.loop.cursor,
        f"// One bit for each entry, set where the test holds: bit {own} % 64 of word {own} / 64.",
        f"const std::size_t {words} = ({length} + 63) / 64;",
        f"std::vector<std::uint64_t> {bits}({words} * {length});",
        f"for ({type_} {row} = 0; {row} < {size}; ++{row}) {{",
        f"{unit}for ({type_} {own} = {from_}; {own} < {size}; ++{own}) {{",
        f"{unit * 2}const std::uint64_t {bit} = ({test}) ? 1 : 0;",
        f"{unit * 2}{bits}[{row} * {words} + {own} / 64] |= {bit} << ({own} % 64);",
        f"{unit}}}",
        "}",
    )
    begin = f"({start}) / 64" if common.above else "0"
    lines = [
        f"for (std::size_t {word} = {begin}; {word} < {words}; ++{word}) {{",
        f"{unit}std::uint64_t {both} = {bits}[{first.spelling} * {words} + {word}] & "
        f"{bits}[{second.spelling} * {words} + {word}];",
        *(
            [
                f"{unit}if ({word} == {begin}) {{",
                f"{unit * 2}{both} &= ~std::uint64_t{{0}} << (({start}) % 64);",
                f"{unit}}}",
            ]
            if common.above
            else []
        ),
        f"{unit}{count} += std::popcount({both});",
        "}",
    ]
    rewriter.replace_loop(common.inner, lines)
