"""Scalar expansion: a factor that a loop multiplies up, kept in a table, so that loops can swap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.kernel.source import FILE_NAME, ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.effects import effects_of
from parallel_agent.proposers.rules.loops import Loop, find_loops
from parallel_agent.proposers.rules.polynomials import ZERO, Polynomial
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.updates import update_of
from parallel_agent.proposers.rules.values import Values
from parallel_agent.proposers.rules.writing import Rewriter

_PIECE = 1024
_FEW = 16384
"""Shorter transforms fit in the cache, where jumps cost less than the table."""


@dataclass(frozen=True)
class _Butterflies:
    """``for l in [0, k): { for (a = l; a < N; a += n) ... uses t; t *= factor; }``"""

    analysis: Analysis
    outer: Loop
    inner: Loop
    factor: Any
    """Declaration of the variable that carries a value from one l to the next."""
    recurrence: Any


class ScalarExpansion:
    """The butterflies of a fast Fourier transform in the order of memory.

    A transform that multiplies its twiddle factor up must run over it outside, and jump through
    the array inside. With all factors in a table the loops change places: neighbours follow each
    other, and blocks do not need each other. Complex products are written out where both factors
    are plain, without the recovery of infinities that C++ inherits from C (Annex G).

    Variants: ``parallel`` (blocks and pieces of blocks shared out to threads) and ``sequential``.
    The transformation: Allen and Kennedy, Optimizing Compilers for Modern Architectures, 5.3.
    """

    name = "scalar_expansion"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """Names of the variants that this source allows, best first."""
        return ["parallel", "sequential"] if next(_found(parsed), None) is not None else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with the carried factor in a table and the loops interchanged."""
        if options.variant not in self.variants(parsed):
            raise NotApplicable("no loop carries a factor past a loop that jumps through memory")
        found = next(_found(parsed))
        rewriter = Rewriter(found.analysis)
        _Writer(rewriter, found).write(parallel=options.variant == "parallel")
        for header in ("algorithm", "vector"):
            rewriter.include(header)
        name = found.factor.spelling
        return Proposal(
            source=rewriter.apply(),
            reasons_for=(
                f"the loop in line {found.inner.line} jumps through memory only because "
                f"{found.outer.name} multiplies {name} up: a table of {name} lets them swap",
            ),
            reasons_against=(
                f"the elements that two iterations of {found.outer.name} touch are distinct only "
                "if a block is twice as long as its half",
            ),
            speculative=True,
        )


def _found(parsed: ParsedSource) -> Iterator[_Butterflies]:
    for function in parsed.unit.cursor.get_children():
        file = function.location.file
        if file is None or file.name != FILE_NAME or not function.is_definition():
            continue
        if function.kind != Kind.FUNCTION_DECL:
            continue
        values = Values(function, parsed.kernel.source)
        analysis = Analysis(ParsedSource(parsed.kernel, parsed.unit, function), values, ())
        for loop in find_loops(function, values):
            for outer in loop.nest():
                found = _butterflies(outer, analysis)
                if found is not None:
                    yield found


def _butterflies(outer: Loop, analysis: Analysis) -> _Butterflies | None:
    body = syntax.statements(outer.body)
    plain = outer.variable is not None and outer.lower == ZERO and outer.declares_variable
    if not plain or outer.descending or len(body) != 2 or len(outer.inner) != 1:
        return None
    if f"< {_FEW}" in analysis.parsed.kernel.source:
        return None  # this is the short form that a rewrite kept
    (inner,) = outer.inner
    if body[0] != inner.cursor or inner.variable is None or inner.inner:
        return None
    assert outer.variable is not None
    starts_at_l = inner.lower == Polynomial.variable(outer.variable)
    if not starts_at_l or inner.descending or inner.step.value is not None:
        return None
    factor = _carried(body[1], analysis.values)
    if factor is None or not inner.declares_variable or not syntax.is_variable(factor):
        return None
    found = _Butterflies(analysis, outer, inner, factor.referenced, body[1])
    return found if _sound(found) else None


def _carried(statement: Any, values: Values) -> Any | None:
    """The variable t of ``t *= factor`` and ``t = t * factor``."""
    statement = syntax.strip(statement)
    update = update_of(statement, values)
    if update is not None:
        return syntax.strip(update.target) if update.operator == "*" else None
    if statement.kind != Kind.CALL_EXPR or syntax.callee_name(statement) != "operator=":
        return None
    target, value = list(statement.get_arguments())
    value = syntax.strip(value)
    product = value.kind == Kind.CALL_EXPR and syntax.callee_name(value) == "operator*"
    target = syntax.strip(target)
    named = syntax.is_variable(target) and syntax.key(target.referenced) in syntax.variables(value)
    return target if product and named else None


def _sound(found: _Butterflies) -> bool:
    """True if nothing but the factor and elements of arrays changes from one l to the next."""
    values = found.analysis.values
    body = effects_of(found.inner.body, values)
    factor, pace = syntax.key(found.factor), syntax.variables(found.recurrence)
    counters = {syntax.key(loop.declaration) for loop in (found.outer, found.inner)}
    headers = {
        name
        for loop in (found.outer, found.inner)
        for p in loop.header
        for name in syntax.variables(p)
    }
    headers |= syntax.variables(syntax.children(found.inner.cursor)[2])
    written = {
        a.path.root for a in body.accesses if a.kind != "read" and not a.path.elements
    } - body.declared
    local = found.factor.kind == Kind.VAR_DECL and syntax.within(values.function, found.factor)
    used = factor in syntax.variables(found.inner.body)
    return (
        not body.objections
        and not written
        and local
        and used
        and factor not in headers
        and not pace & (counters | set(body.written()))
        and _complex_or_real(found.factor.type)
    )


def _complex_or_real(type_: Any) -> bool:
    complex_ = syntax.bare_type(type_).startswith("std::complex<")
    return complex_ or (syntax.is_arithmetic(type_) and not syntax.is_reference(type_))


class _Writer:
    """Writes one transform; l, a, k, N and n are named as in `_Butterflies`."""

    def __init__(self, rewriter: Rewriter, found: _Butterflies) -> None:
        self.rewriter, self.found = rewriter, found
        outer, inner = found.outer, found.inner
        self.l_name, self.a_name = (str(loop.declaration.spelling) for loop in (outer, inner))
        self.l_type, self.a_type = (rewriter.spelled_type(x.declaration) for x in (outer, inner))
        self.half, self.size = rewriter.text(outer.header[1]), rewriter.text(inner.header[1])
        self.length = rewriter.text(syntax.children(syntax.children(inner.cursor)[2])[1])
        self.factor = str(found.factor.spelling)
        self.table = rewriter.free_name(f"{self.factor}s", f"{self.factor}Table")
        self.block = rewriter.free_name(f"{self.a_name}0", "block")
        self.piece = rewriter.free_name(f"{self.l_name}0", "piece")
        self.end = rewriter.free_name("end", "pieceEnd")

    def write(self, *, parallel: bool) -> None:
        """Replace the loop over l by a choice: short transforms stay as they are."""
        rewriter, cursor = self.rewriter, self.found.outer.cursor
        threads = "#pragma omp parallel for collapse(2) schedule(static)"
        block, size = self.block, self.size
        blocks = [
            *([threads] if parallel else []),
            f"for ({self.a_type} {block} = 0; {block} < {size}; {block} += {self.length}) {{",
            *rewriter.indented(self._pieces() if parallel else self._butterflies("0", self.half)),
            "}",
        ]
        lines = [
            f"if ({size} < {_FEW} || {self.half} < 1) {{",
            *rewriter.indented([rewriter.renamed(cursor, {})]),
            "} else {",
            *rewriter.indented([*self._factors(), *blocks]),
            "}",
        ]
        margin = rewriter.indentation(cursor)
        text = "\n".join(f"{margin}{line}" for part in lines for line in part.split("\n"))
        rewriter.edits.replace_range(*rewriter.span(cursor), text)

    def _factors(self) -> list[str]:
        """The table of factors, multiplied up as before."""
        l_name, number = self.l_name, syntax.bare_type(self.found.factor.type)
        recurrence = self.rewriter.renamed(self.found.recurrence, {})
        return [
            f"// All values of {self.factor} first: then neighbours can follow each other below.",
            f"std::vector<{number}> {self.table}({self.half});",
            f"for ({self.l_type} {l_name} = 0; {l_name} < {self.half}; ++{l_name}) {{",
            *self.rewriter.indented([f"{self.table}[{l_name}] = {self.factor};", recurrence]),
            "}",
        ]

    def _pieces(self) -> list[str]:
        """A block in pieces, so that a few long blocks occupy all threads."""
        piece = self.piece
        inside = self._butterflies(piece, f"{piece} + {_PIECE}, {self.half}")
        head = f"for ({self.l_type} {piece} = 0; {piece} < {self.half}; {piece} += {_PIECE}) {{"
        return [head, *self.rewriter.indented(inside), "}"]

    def _butterflies(self, start: str, limits: str) -> list[str]:
        """The butterflies of one piece of a block, neighbours after each other."""
        found, l_name, kind = self.found, self.l_name, self.l_type
        names = {syntax.key(found.factor): f"{self.table}[{l_name}]"}
        values = found.analysis.values
        body = [
            f"const {self.a_type} {self.a_name} = {self.block} + {l_name};",
            *(
                _statement(self.rewriter, statement, names, values)
                for statement in syntax.statements(found.inner.body)
            ),
        ]
        stop = f"std::min<{kind}>({{{limits}, {self.size} - {self.block}}})"
        return [
            f"const {kind} {self.end} = {stop};",
            f"for ({kind} {l_name} = {start}; {l_name} < {self.end}; ++{l_name}) {{",
            *self.rewriter.indented(body),
            "}",
        ]


def _statement(rewriter: Rewriter, statement: Any, names: dict[str, str], values: Values) -> str:
    """A statement's lines with variables renamed and complex products written out."""
    edits = Edits(rewriter.between(0, 10**9))
    _replace(statement, edits, names, values)
    text = rewriter.within(edits, *rewriter.span(statement))
    margin = rewriter.indentation(statement)
    return "\n".join(line.removeprefix(margin) for line in text.split("\n"))


def _replace(node: Any, edits: Edits, names: dict[str, str], values: Values) -> None:
    if node.kind == Kind.CALL_EXPR and syntax.callee_name(node) == "operator*":
        factors = [syntax.strip(argument) for argument in node.get_arguments()]
        complex_ = all(syntax.bare_type(f.type).startswith("std::complex<") for f in factors)
        if complex_ and len(factors) == 2 and all(values.path(f) is not None for f in factors):
            edits.replace(node, _product(node, [_named(f, names, values) for f in factors]))
            return
    if syntax.is_variable(node) and syntax.key(node.referenced) in names:
        edits.replace(node, names[syntax.key(node.referenced)])
        return
    for child in node.get_children():
        _replace(child, edits, names, values)


def _named(node: Any, names: dict[str, str], values: Values) -> str:
    known = names.get(syntax.key(node.referenced)) if syntax.is_variable(node) else None
    return known or values.text(node)


def _product(node: Any, factors: list[str]) -> str:
    u, v = factors
    real = f"{u}.real() * {v}.real() - {u}.imag() * {v}.imag()"
    imaginary = f"{u}.real() * {v}.imag() + {u}.imag() * {v}.real()"
    return f"{syntax.bare_type(node.type)}({real}, {imaginary})"
