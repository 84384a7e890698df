"""The fast Fourier transform in place of the transform's definition."""

from __future__ import annotations

from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import analyse
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.elimination import bound
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.transform_terms import Transform, transforms
from parallel_agent.proposers.rules.updates import update_of
from parallel_agent.proposers.rules.values import Values
from parallel_agent.proposers.rules.writing import Rewriter

_HELPERS = """\
using Spectrum_ = std::vector<std::complex<double>>;

static std::complex<double> product_(std::complex<double> u, std::complex<double> v) {
    return {u.real() * v.real() - u.imag() * v.imag(), u.real() * v.imag() + u.imag() * v.real()};
}

// Radix 2 (Cooley and Tukey 1965); the length of z is a power of two.
static void powerOfTwoTransform_(Spectrum_& z) {
    const std::size_t n = z.size();
    for (std::size_t i = 1, j = 0; i < n; ++i) {
        std::size_t bit = n / 2;
        for (; j & bit; bit /= 2) {
            j ^= bit;
        }
        j ^= bit;
        if (i < j) {
            std::swap(z[i], z[j]);
        }
    }
    Spectrum_ roots(n / 2);
    for (std::size_t i = 0; i < n / 2; ++i) {
        roots[i] = std::polar(1.0, -2 * std::acos(-1.0) * i / n);
    }
    for (std::size_t half = 1; half < n; half *= 2) {
        for (std::size_t block = 0; block < n; block += 2 * half) {
            for (std::size_t i = 0; i < half; ++i) {
                const std::complex<double> even = z[block + i];
                const std::complex<double> odd =
                    product_(z[block + half + i], roots[i * (n / (2 * half))]);
                z[block + i] = even + odd;
                z[block + half + i] = even - odd;
            }
        }
    }
}

// Discrete Fourier transform; a length that is no power of two becomes a convolution (Bluestein
// 1970).
static void transform_(Spectrum_& z) {
    const std::size_t n = z.size();
    if ((n & (n - 1)) == 0) {
        powerOfTwoTransform_(z);
        return;
    }
    std::size_t length = 1;
    while (length < 2 * n - 1) {
        length *= 2;
    }
    Spectrum_ chirp(n), u(length), v(length);
    for (std::size_t i = 0; i < n; ++i) {
        chirp[i] = std::polar(1.0, -std::acos(-1.0) * (i * i % (2 * n)) / n);
        u[i] = product_(z[i], chirp[i]);
        v[i] = v[i == 0 ? 0 : length - i] = std::conj(chirp[i]);
    }
    powerOfTwoTransform_(u);
    powerOfTwoTransform_(v);
    for (std::size_t i = 0; i < length; ++i) {
        u[i] = std::conj(product_(u[i], v[i]));
    }
    powerOfTwoTransform_(u);
    for (std::size_t i = 0; i < n; ++i) {
        z[i] = product_(std::conj(u[i]) / static_cast<double>(length), chirp[i]);
    }
}

"""
_NAMES = ("Spectrum_", "product_", "powerOfTwoTransform_", "transform_")


class FastTransform:
    """N log N steps for N sums over N terms ``a cos(2 pi k t / N) + b sin(2 pi k t / N)``.

    The shares a and b of each term come from the term itself, taken at angles 0 and a quarter
    turn; the real part of the transform of a + b i is the sum. Cooley and Tukey, An algorithm for
    the machine calculation of complex Fourier series, 1965; other lengths than powers of two:
    Bluestein, A linear filtering approach to the computation of discrete Fourier transform, 1970.

    Variant: ``fft``.
    """

    name = "fast_transform"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``fft`` where a transform is written as its definition."""
        return ["fft"] if next(transforms(analyse(parsed)), None) is not None else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with a fast transform in front of the loop over the bins."""
        if options.variant not in self.variants(parsed):
            raise NotApplicable("no loop sums terms with the angle 2 pi k t / N")
        analysis = analyse(parsed)
        rewriter = Rewriter(analysis)
        found = next(transforms(analysis))
        names = {name: rewriter.free_name(name.rstrip("_"), name) for name in _NAMES}
        helpers = _HELPERS
        for name in sorted(names, key=len, reverse=True):
            helpers = helpers.replace(name, names[name])
        for header in ("cmath", "complex", "cstddef", "utility", "vector"):
            rewriter.edits.add_include(header)
        start = _above_comment(parsed.kernel.source, rewriter.span(parsed.function)[0])
        rewriter.edits.replace_range(start, start, f"\n{helpers}")
        _Writer(rewriter, analysis.values, found, names).write()
        return Proposal(
            source=rewriter.apply(),
            reasons_for=(
                f"{found.bins.loop.name} computes a discrete Fourier transform from its "
                "definition; the fast transform takes N log N steps for N * N",
            ),
            reasons_against=("sums come in another order, with other last bits",),
            speculative=True,
        )


def _above_comment(source: str, start: int) -> int:
    """The byte in front of the comment that belongs to what starts at a byte."""
    lines = source.encode()[:start].decode().split("\n")[:-1]
    while lines and lines[-1].lstrip().startswith("//"):
        lines.pop()
    if lines and lines[-1].rstrip().endswith("*/"):
        while lines and "/*" not in lines[-1]:
            lines.pop()
        lines = lines[:-1]
    return len("\n".join([*lines, ""]).encode())


class _Writer:
    def __init__(
        self, rewriter: Rewriter, values: Values, found: Transform, names: dict[str, str]
    ) -> None:
        self.rewriter, self.values, self.found, self.names = rewriter, values, found, names
        self.source = rewriter.between(0, 10**9)
        self.k, self.t = (r.loop.declaration.spelling for r in (found.bins, found.samples))

    def write(self) -> None:
        """Transforms before the loop over the bins, and their results in place of its inner loop."""
        found = self.found
        limit = self.rewriter.text(bound(found.samples, self.values))
        tables: list[str] = []
        shares: list[list[str]] = [[], []]
        results: list[str] = []
        for number, statement in enumerate(found.sums):
            update = update_of(statement, self.values)
            assert update is not None
            complex_ = "complex" in syntax.bare_type(update.target.type)
            parts = ("Real", "Imaginary") if complex_ else ("",)
            own = [self.rewriter.free_name(f"terms{number or ''}{part}") for part in parts]
            tables += own
            for quarter in (0, 1):
                shares[quarter] += self._shares(update.operands[0], own, quarter)
            results.append(self._result(statement, update.target, own))
        kind = self.rewriter.spelled_type(found.samples.loop.declaration)
        lines = [
            "// The sums over k t / N are discrete Fourier transforms: each term gives its share of",
            "// the cosine and, as an imaginary part, its share of the sine.",
            f"{self.names['Spectrum_']} {', '.join(f'{name}({limit})' for name in tables)};",
            f"for ({kind} {self.t} = 0; {self.t} < {limit}; ++{self.t}) {{",
            *self.rewriter.indented(
                [
                    line
                    for q in (0, 1)
                    for line in ("{", *self.rewriter.indented([*self._kept(q), *shares[q]]), "}")
                ]
            ),
            "}",
            *(f"{self.names['transform_']}({name});" for name in tables),
        ]
        cursor = found.samples.loop.cursor
        start, end = self.rewriter.span(cursor)
        margin = self.rewriter.indentation(cursor)
        self.rewriter.edits.replace_range(start, end, "\n".join(margin + r for r in results))
        margin = self.rewriter.indentation(found.bins.loop.cursor)
        text = "\n".join(f"{margin}{line}" for part in lines for line in part.split("\n"))
        start, _ = self.rewriter.span(found.bins.loop.cursor)
        self.rewriter.edits.replace_range(start, start, f"{text}\n")

    def _kept(self, quarter: int) -> list[str]:
        return [f"{self._text(statement, quarter).rstrip(';')};" for statement in self.found.kept]

    def _shares(self, term: Any, tables: list[str], quarter: int) -> list[str]:
        text = self._text(term, quarter)
        parts = [f"({text}).{part}()" for part in ("real", "imag")] if len(tables) == 2 else [text]
        pair = "{{0.0, {}}}" if quarter else "{{{}, 0.0}}"
        return [
            f"{name}[{self.t}] += std::complex<double>{pair.format(part)};"
            for name, part in zip(tables, parts, strict=True)
        ]

    def _result(self, statement: Any, target: Any, tables: list[str]) -> str:
        operator = syntax.binary_operator(statement) or statement.spelling.removeprefix("operator")
        operator = operator if operator in ("+=", "-=") else "+="
        values = [f"{name}[{self.k}].real()" for name in tables]
        kind = syntax.bare_type(target.type)
        if len(values) == 2:
            number = kind.removeprefix("std::complex<").removesuffix(">")
            cast = values if number == "double" else [f"static_cast<{number}>({v})" for v in values]
            return f"{self.values.text(target)} {operator} {kind}({', '.join(cast)});"
        return f"{self.values.text(target)} {operator} {values[0]};"

    def _text(self, node: Any, quarter: int) -> str:
        """A statement with its angle at 0 or at a quarter turn."""
        edits = Edits(self.source)
        self._replace(node, quarter, edits)
        start, end = node.extent.start.offset, node.extent.end.offset
        return self.rewriter.within(edits, start, end)

    def _replace(self, node: Any, quarter: int, edits: Edits) -> None:
        sign = self.found.waves.get(node.extent.start.offset)
        if node.kind == Kind.CALL_EXPR and sign and syntax.callee_name(node) != "operator*":
            edits.replace(node, _wave(node, sign, quarter))
            return
        for child in node.get_children():
            self._replace(child, quarter, edits)


def _wave(node: Any, sign: int, quarter: int) -> str:
    """The value of a trigonometric call at the angle 0 or, by its sign, a quarter turn."""
    name = syntax.callee_name(node)
    if name.startswith("cos"):
        return "0.0" if quarter else "1.0"
    sine = f"{float(sign) if quarter else 0.0}"
    if name.startswith("sin"):
        return sine
    return f"{syntax.bare_type(node.type)}({'0.0' if quarter else '1.0'}, {sine})"
