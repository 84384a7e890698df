"""Results kept as single bits (``vector<bool>``): whole words, each written by one thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport, analyse
from parallel_agent.proposers.rules.polynomials import ONE, ZERO, Polynomial
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Subscript, Values
from parallel_agent.proposers.rules.writing import Rewriter, data_clauses

_FACTORS = (Kind.DECL_REF_EXPR, Kind.MEMBER_REF_EXPR, Kind.CALL_EXPR, Kind.INTEGER_LITERAL)


@dataclass(frozen=True)
class _Packing:
    """``bits[i] = e`` at the end of every iteration i of a loop from 0 up to ``bound``."""

    report: LoopReport
    name: str
    target: Any
    value: Any
    bound: Any


class BitPacking:
    """64 results at a time are computed side by side, packed into a word and stored at once.

    Neighbouring elements of a ``vector<bool>`` share a word: written one by one, each is read,
    changed and written back, and two threads must not do so to the same word. Eight bytes of 0 or
    1 become eight bits by one multiplication (H. S. Warren: Hacker's Delight, section 7-4).
    Variants: ``parallel_simd`` (with threads) and ``simd``.
    """

    name = "bit_packing"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """Both variants, if some loop writes bit after bit."""
        return ["parallel_simd", "simd"] if _packings(analyse(parsed)) else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with its bits written in words."""
        analysis = analyse(parsed)
        found = _packings(analysis)
        if not found or options.variant not in self.variants(parsed):
            raise NotApplicable("no loop writes the elements of a vector<bool> one after another")
        rewriter = Rewriter(analysis)
        for number, packing in enumerate(found):
            whole = f"whole{number if len(found) > 1 else ''}"
            _write(rewriter, packing, whole, parallel=options.variant == "parallel_simd")
        doubts = [doubt for packing in found for doubt in packing.report.doubts]
        words = "the word of a bit is reached the way libstdc++ keeps it"
        return Proposal(
            source=rewriter.apply(),
            reasons_for=tuple(
                f"{p.report.loop.name} writes each bit of {p.name} once, in order" for p in found
            ),
            reasons_against=(words, *doubts),
            speculative=bool(doubts),
        )


def _packings(analysis: Analysis) -> list[_Packing]:
    found = [_packing(report, analysis.values) for report in analysis.loops]
    return [packing for packing in found if packing is not None]


def _packing(report: LoopReport, values: Values) -> _Packing | None:
    loop = report.loop
    usual = loop.cursor.kind == Kind.FOR_STMT and loop.declares_variable and loop.step == ONE
    if not usual or loop.descending or loop.lower != ZERO or loop.variable is None:
        return None
    if report.carried_scalars or report.array_updates or report.lastprivate:
        return None
    bound = loop.header[1]
    if loop.upper is None or values.polynomial(bound) != loop.upper + ONE:
        return None
    written = [name for name in report.effects.written() if _packed(report, name)]
    if len(written) != 1 or len(report.obstacles) > 1:
        return None
    accesses = report.effects.of(written[0])
    (access, *others) = accesses
    position = Subscript(Polynomial.variable(loop.variable), packed=True)
    if others or access.kind != "write" or access.conditional:
        return None
    if access.path.elements != (position,):
        return None
    nodes = list(syntax.walk(loop.body))
    if any(node.kind in (Kind.CONTINUE_STMT, Kind.GOTO_STMT, Kind.RETURN_STMT) for node in nodes):
        return None
    if len(report.obstacles) == 1 and "share a byte" not in report.obstacles[0]:
        return None
    value = next((v for t, v in map(_store, nodes) if t is not None and t == access.node), None)
    return _Packing(report, access.path.name, access.node, value, bound) if value else None


def _store(node: Any) -> tuple[Any, Any]:
    """The element and the value of ``bits[i] = e``, which is a call for a vector<bool>."""
    arguments = list(node.get_arguments()) if node.kind == Kind.CALL_EXPR else []
    if syntax.callee_name(node) != "operator=" or len(arguments) != 2:
        return None, None
    return syntax.strip(arguments[0]), arguments[1]


def _packed(report: LoopReport, root: str) -> bool:
    declaration = report.effects.of(root)[0].path.declaration
    return syntax.bare_type(declaration.type).startswith(
        ("std::vector<bool", "std::__debug::vector<bool")
    )


def _write(rewriter: Rewriter, packing: _Packing, name: str, *, parallel: bool) -> None:
    report, loop, unit = packing.report, packing.report.loop, rewriter.unit
    variable, bound = loop.declaration.spelling, rewriter.text(packing.bound)
    factor = bound if syntax.strip(packing.bound).kind in _FACTORS else f"({bound})"
    kind = loop.declaration.type.spelling
    whole = rewriter.free_name(name, f"{name}_words")
    first = rewriter.free_name("first", "word_start")
    bits, word = rewriter.free_name("bits", "flags"), rewriter.free_name("word", "packed")
    eight, k = rewriter.free_name("eight", "bytes"), rewriter.free_name("k", "at")
    rewriter.include("cstdint")
    rewriter.include("cstring")
    result = {packing.target: f"{bits}[{variable} - {first}]"}
    if syntax.bare_type(syntax.strip(packing.value).type) != "bool":
        result[packing.value] = f"static_cast<bool>({rewriter.text(packing.value)})"
    body, tail = (
        "\n".join(rewriter.replaced(s, edits) for s in syntax.statements(loop.body))
        for edits in (result, {})
    )
    clauses = [*data_clauses(report), "schedule(static)"]
    inside = [
        f"unsigned char {bits}[64];",  # g++ vectorizes no stores of bool
        f"for ({kind} {variable} = {first}; {variable} < {first} + 64; ++{variable}) {{",
        *rewriter.indented([body]),
        "}",
        f"std::uint64_t {word} = 0;",
        f"for (int {k} = 0; {k} < 64; {k} += 8) {{",
        f"{unit}std::uint64_t {eight};  // bytes of 0 or 1, to be gathered in the highest one",
        f"{unit}std::memcpy(&{eight}, {bits} + {k}, 8);",
        f"{unit}{word} |= (({eight} * 0x0102040810204080) >> 56) << {k};",
        "}",
        f"*{packing.name}[{first}]._M_p = {word};",
    ]
    lines = [
        f"// 64 elements of {packing.name} share a word: it is put together and stored at once.",
        f"const {kind} {whole} = {factor} / 64 * 64;",
        *([f"#pragma omp parallel for {' '.join(clauses)}"] if parallel else []),
        f"for ({kind} {first} = 0; {first} < {whole}; {first} += 64) {{",
        *rewriter.indented(inside),
        "}",
        f"for ({kind} {variable} = {whole}; {variable} < {bound}; ++{variable}) {{",
        *rewriter.indented([tail]),
        "}",
    ]
    rewriter.replace_loop(report, lines)
