"""Dense strategies: what they write, and the nests that look alike but do not allow it."""

from __future__ import annotations

import pytest

from parallel_agent.kernel.source import ParsedSource, parse
from parallel_agent.proposers.rules.fast_transform import FastTransform
from parallel_agent.proposers.rules.scalar_expansion import ScalarExpansion
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Strategy
from parallel_agent.proposers.rules.tiling import Tiling
from parallel_agent.proposers.rules.unroll_and_jam import UnrollAndJam

REDUCE_ROWS = """#include <vector>
void reduceRows(std::vector<double>& m, std::vector<double>& rhs, int n) {
    for (int p = 0; p < n; ++p) {
        for (int r = p + 1; r < n; ++r) {
            const double scale = m[r * n + p] / m[p * n + p];
            for (int c = p; c < n; ++c) {
                m[r * n + c] -= scale * m[p * n + c];
            }
            rhs[r] -= scale * rhs[p];
        }
    }
}
"""
CORRELATE = """#include <vector>
void correlate(std::vector<float> const& a, std::vector<float> const& b, std::vector<float>& out,
               int rows, int columns, int length) {
    for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < columns; ++j) {
            float sum = 0;
            for (int k = 0; k < length; ++k) {
                const float apart = a[i * length + k] - b[j * length + k];
                sum += apart * apart;
            }
            out[i * columns + j] = sum / 2;
        }
    }
}
"""
SPIN = """#include <complex>
#include <vector>
void spin(std::vector<std::complex<double>>& z, int n, int half, std::complex<double> turn) {
    std::complex<double> w = 1.0;
    for (int i = 0; i < half; ++i) {
        for (int p = i; p < n; p += 2 * half) {
            const std::complex<double> high = z[p] - z[p + half];
            z[p] += z[p + half];
            z[p + half] = high * w;
        }
        w *= turn;
    }
}
"""
TONES = """#include <cmath>
#include <vector>
void tones(std::vector<double> const& x, std::vector<double>& c, std::vector<double>& s, int n) {
    const double turn = 2 * M_PI;
    for (int f = 0; f < n; ++f) {
        double even = 0, odd = 0;
        for (int t = 0; t < n; ++t) {
            const double angle = turn * f * t / n;
            even += x[t] * std::cos(angle);
            odd -= x[t] * std::sin(angle);
        }
        c[f] = even;
        s[f] = odd;
    }
}
"""


def rewritten(strategy: Strategy, source: str, variant: str, **tuning: int) -> str:
    return strategy.rewrite(parse(source), Options(variant=variant, tuning=tuning)).source


def refuses(strategy: Strategy, parsed: ParsedSource) -> bool:
    with pytest.raises(NotApplicable):
        strategy.rewrite(parsed, Options(variant="parallel"))
    return strategy.variants(parsed) == []


def test_elimination_takes_several_pivots_in_one_pass() -> None:
    new = rewritten(UnrollAndJam(), REDUCE_ROWS, "parallel", strip=4)
    assert "for (int p0 = 0; p0 < n; p0 += 4) {" in new
    assert "for (int r = p + 1; r < last; ++r) {" in new
    assert "#pragma omp parallel for schedule(static) if (n - last > 64)" in new
    assert "value -= scales[3] * m[(p0 + 3) * n + c];" in new
    assert "(p0 + 4)" not in new
    assert "rhs[r] -= scale * rhs[p];" in new
    assert not UnrollAndJam().variants(parse(new))


def test_elimination_without_threads_keeps_the_strips() -> None:
    new = rewritten(UnrollAndJam(), REDUCE_ROWS, "sequential")
    assert "parallel for" not in new
    assert "scales[7]" in new


def test_elements_that_stay_the_same_are_read_once() -> None:
    direct = REDUCE_ROWS.replace("const double scale =", "m[r * n + p] =").replace(
        "m[p * n + p];", "m[p * n + p];\n            rhs[r] = 0;", 1
    )
    direct = direct.replace("scale * m[p * n + c]", "m[r * n + p] * m[p * n + c]")
    direct = direct.replace("int c = p;", "int c = p + 1;").replace("rhs[r] -= scale * rhs[p];", "")
    new = rewritten(UnrollAndJam(), direct, "parallel", strip=4)
    assert "const double scale1 = m[r * n + (p0 + 1)];" in new
    assert "value -= scale1 * m[(p0 + 1) * n + c];" in new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("const double scale = m[r * n + p]", "const double scale = m[(n - 1) * n + p]"),
        ("int c = p; c < n", "int c = p; c <= r"),
        ("int r = p + 1;", "int r = 0;"),
        ("int r = p + 1;", "int r = p + 2;"),
        ("for (int r", "if (m[p * n + p] == 0) return;\n        for (int r"),
        ("scale * m[p * n + c]", "scale * m[c * n + p]"),
        ("const double scale =", "if (m[r * n + p] == 0) continue;\n const double scale ="),
        ("std::vector<double>& m, std::vector<double>& rhs", "double* m, double* rhs"),
        ("rhs[r] -= scale * rhs[p];", "rhs[p] -= scale * rhs[r];"),
    ],
    ids=[
        *("another row", "triangle", "all rows", "a gap", "leaves half done", "columns"),
        *("skips rows", "may overlap", "changes the pivot"),
    ],
)
def test_elimination_must_only_touch_its_own_row_and_the_pivot(old: str, new: str) -> None:
    assert old in REDUCE_ROWS
    assert refuses(UnrollAndJam(), parse(REDUCE_ROWS.replace(old, new)))


def test_leaving_early_is_fine_where_only_locals_have_changed() -> None:
    local = REDUCE_ROWS.replace("double>& m, std::vector<double>& rhs", "double> const& in")
    start = "std::vector<double> m = in, rhs(n);\n    for (int p"
    local = local.replace("for (int p", start, 1)
    local = local.replace("for (int r", "if (m[p * n + p] == 0) return;\n        for (int r")
    assert UnrollAndJam().variants(parse(local)) == ["parallel", "sequential"]


def test_sums_are_filled_tile_by_tile() -> None:
    new = rewritten(Tiling(), CORRELATE, "parallel", tile=64)
    assert "#pragma omp parallel for collapse(2) schedule(static)" in new
    assert "float sums[32][64];" in new
    assert "packed[t][j - j0] = b[j * length + (k + t)];" in new
    assert "const float apart = factors[t] - packed[t][j - j0];" in new
    assert "float sum = sums[i - i0][j - j0];" in new
    assert "out[i * columns + j] = sum / 2;" in new
    assert not Tiling().variants(parse(new))


@pytest.mark.parametrize("order", ["ijk", "ikj", "kij", "jki"])
def test_any_order_of_the_loops_is_a_contraction(order: str) -> None:
    loops = "".join(f"for (int {v} = 0; {v} < n; ++{v})\n" for v in order)
    source = f"""#include <vector>
using Matrix = std::vector<std::vector<double>>;
void addProduct(Matrix const& a, Matrix const& b, Matrix& c, int n) {{
    {loops} c[i][j] += a[i][k] * b[k][j];
}}"""
    new = rewritten(Tiling(), source, "sequential")
    assert "parallel" not in new.partition("{")[2]
    assert "packed[t][j - j0] = b[(k + t)][j];" in new
    assert "value += factors[t] * packed[t][j - j0];" in new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int j = 0; j < columns", "int j = 0; j < i"),
        ("int k = 0; k < length", "int k = j; k < length"),
        ("out[i * columns + j] = sum / 2;", "out[i] = sum;"),
        ("b[j * length + k]", "b[i * length + k]"),
        ("b[j * length + k]", "out[j * columns + k]"),
        ("sum += apart * apart;", "sum = apart;"),
        ("sum += apart * apart;", "if (apart > 0) sum += apart;"),
    ],
    ids=["triangle", "bounds", "one a row", "one operand", "in place", "no sum", "branch"],
)
def test_contractions_must_be_rectangular_sums_of_two_operands(old: str, new: str) -> None:
    assert old in CORRELATE
    assert refuses(Tiling(), parse(CORRELATE.replace(old, new)))


def test_a_factor_multiplied_up_becomes_a_table() -> None:
    new = rewritten(ScalarExpansion(), SPIN, "parallel")
    assert "ws[i] = w;\n            w *= turn;" in new
    assert "for (int p0 = 0; p0 < n; p0 += 2 * half) {" in new
    assert "const int p = p0 + i;" in new
    assert "high.real() * ws[i].real() - high.imag() * ws[i].imag()" in new
    assert "if (n < 16384 || half < 1) {" in new
    assert not ScalarExpansion().variants(parse(new))


def test_helper_functions_are_looked_at_too() -> None:
    caller = "\nvoid all(std::vector<std::complex<double>>& z, int n) { spin(z, n, n / 2, 1.0); }\n"
    assert ScalarExpansion().variants(parse(SPIN + caller)) == ["parallel", "sequential"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("w *= turn;", "w += turn;"),
        ("w *= turn;", "w *= z[i];"),
        ("int p = i;", "int p = 0;"),
        ("z[p] += z[p + half];", "w += z[p + half];"),
        ("high * w", "high"),
    ],
    ids=["sum", "data", "start", "changed inside", "unused"],
)
def test_only_a_fixed_factor_of_butterflies_is_expanded(old: str, new: str) -> None:
    assert old in SPIN
    assert refuses(ScalarExpansion(), parse(SPIN.replace(old, new)))


def test_a_definition_becomes_a_fast_transform() -> None:
    new = rewritten(FastTransform(), TONES, "fft")
    assert "terms[t] += std::complex<double>{x[t] * 1.0, 0.0};" in new
    assert "terms1[t] += std::complex<double>{0.0, x[t] * 1.0};" in new
    assert "even += terms[f].real();" in new
    assert "odd -= terms1[f].real();" in new
    assert new.index("static void powerOfTwoTransform") < new.index("void tones")
    assert not FastTransform().variants(parse(new))


@pytest.mark.parametrize(
    "angle",
    [
        "-2 * M_PI / n * (f * t % n)",
        "2.0 * 3.14159265358979323846 * static_cast<double>(f) * t / n",
        "turn / n * t * f",
    ],
)
def test_angles_of_one_turn_are_recognized(angle: str) -> None:
    assert FastTransform().variants(parse(TONES.replace("turn * f * t / n", angle))) == ["fft"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("turn * f * t / n", "M_PI * f * t / n"),
        ("turn * f * t / n", "turn * (f + 0.5) * t / n"),
        ("turn * f * t / n", "turn * f * t * t / n"),
        ("turn * f * t / n", "turn * (f * t / n)"),
        ("turn * f * t / n", "turn * f * t / (n + 1)"),
        ("int t = 0; t < n", "int t = 0; t < n - 1"),
        ("int t = 0; t < n", "int t = 1; t < n"),
        ("even += x[t]", "even += f * x[t]"),
        ("even += x[t]", "even *= x[t]"),
        ("odd -= x[t]", "odd = odd - x[t]"),
        ("x[t] * std::sin(angle)", "even * std::sin(angle)"),
    ],
)
def test_other_sums_of_waves_are_no_transforms(old: str, new: str) -> None:
    assert old in TONES
    assert FastTransform().variants(parse(TONES.replace(old, new))) == []
