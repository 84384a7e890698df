"""Dense strategies compile and compute what the original computes, to the last bit or nearly."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.registry import write
from parallel_agent.proposers.rules.strategy import Options

HEADERS = """#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdio>
#include <utility>
#include <vector>
using Numbers = std::vector<double>;
using Waves = std::vector<std::complex<double>>;
"""
STEPS = """
int eliminate(Numbers const& a, Numbers& b, Numbers& x, std::size_t n) {
    Numbers m = a, y = x;
    for (std::size_t p = 0; p < n; ++p) {
        const double pivot = m[p * n + p];
        if (pivot == 0) return 1;
        for (std::size_t r = p + 1; r < n; ++r) {
            double scale = m[r * n + p] / pivot;
            for (std::size_t c = p; c < n; ++c) m[r * n + c] -= scale * m[p * n + c];
            y[r] = y[r] - scale * y[p];
        }
    }
    b = m;
    x = y;
    return 0;
}"""
ROWS = """
void factorize(Numbers& m, int n) {
    for (int p = 0; p < n; ++p) {
        for (int r = p + 1; r < n; ++r) m[r * n + p] /= m[p * n + p];
        for (int r = p + 1; r < n; ++r)
            for (int c = p + 1; c < n; ++c) m[r * n + c] -= m[r * n + p] * m[p * n + c];
    }
}"""
PRODUCT = """
void multiply(Numbers const& a, Numbers const& b, Numbers& c, int rows, int inner, int columns) {
    for (int i = 0; i < rows; ++i)
        for (int k = 0; k < inner; ++k) {
            const double f = 2 * a[i * inner + k];
            for (int j = 0; j < columns; ++j) c[i * columns + j] -= f * b[k * columns + j];
        }
}"""
DISTANCES = """
void distances(Numbers const& a, Numbers const& b, Numbers& c, int rows, int inner, int columns) {
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j) {
            double sum = 0;
            for (int k = 0; k < inner; ++k) {
                const double d = a[i * inner + k] - b[j * inner + k];
                sum += d * d;
            }
            c[i * columns + j] = std::sqrt(sum);
        }
}"""
STAGES = """
void stages(Waves& z) {
    const unsigned n = z.size();
    for (unsigned half = n / 2; half > 0; half /= 2) {
        const std::complex<double> turn = std::polar(1.0, -std::acos(-1.0) / half);
        std::complex<double> w = 1.0;
        for (unsigned i = 0; i < half; ++i) {
            for (unsigned p = i; p < n; p += 2 * half) {
                const std::complex<double> high = z[p] - z[p + half];
                z[p] += z[p + half];
                z[p + half] = high * w;
            }
            w *= turn;
        }
    }
}"""
SPECTRUM = """
void spectrum(Waves const& x, Waves& y) {
    const int n = static_cast<int>(x.size());
    for (int k = 0; k < n; ++k) {
        std::complex<double> sum = 0;
        for (int t = 0; t < n; ++t) sum += x[t] * std::polar(1.0, -2 * std::acos(-1.0) * k * t / n);
        y[k] = sum;
    }
}"""
MATRICES = "{0, 1, 2, 7, 8, 9, 33, 150}"
CASES = {
    "eliminate": (
        *("unroll_and_jam", STEPS, MATRICES),
        """auto m = square(n); Numbers b(1), x = draw(n); if (n == 33) m[20 * n + 20] = m[0] = 0;
        const int left = NS::eliminate(m, b, x, n); b.push_back(left);
        b.insert(b.end(), x.begin(), x.end()); return b;""",
    ),
    "factorize": (
        "unroll_and_jam",
        ROWS,
        MATRICES,
        "auto m = square(n); NS::factorize(m, n); return m;",
    ),
    "multiply": (
        *("tiling", PRODUCT, MATRICES),
        """auto a = draw(n * 17), b = draw(17 * (n + 3)), c = draw(n * (n + 3));
        NS::multiply(a, b, c, n, 17, n + 3); return c;""",
    ),
    "distances": (
        *("tiling", DISTANCES, MATRICES),
        """auto a = draw(n * 9), b = draw(9 * (n + 3)), c = draw(n * (n + 3));
        NS::distances(a, b, c, n, 9, n + 3); return c;""",
    ),
    "stages": (
        *("scalar_expansion", STAGES, "{0, 1, 2, 64, 16384, 65536}"),
        """Waves z(n); auto d = draw(2 * n); for (int i = 0; i < n; ++i) z[i] = {d[i], d[n + i]};
        NS::stages(z); return parts(z);""",
    ),
    "spectrum": (
        *("fast_transform", SPECTRUM, "{0, 1, 2, 3, 7, 12, 64, 97, 100}"),
        """Waves z(n), y(n); auto d = draw(2 * n); for (int i = 0; i < n; ++i) z[i] = {d[i], d[n + i]};
        NS::spectrum(z, y); return parts(y);""",
    ),
}
DRIVER = """
Numbers draw(int n) {
    Numbers x(n);
    for (int i = 0; i < n; ++i) x[i] = (i * 7919 % 1009) / 1009.0 - 0.4;
    return x;
}
Numbers square(int n) {
    Numbers m = draw(n * n);
    for (int i = 0; i < n; ++i) m[i * n + i] += n;
    return m;
}
Numbers parts(Waves const& z) {
    Numbers x;
    for (auto v : z) x.insert(x.end(), {v.real(), v.imag()});
    return x;
}
int differ(char const* what, int n, Numbers const& got, Numbers const& want, double tolerance) {
    bool same = got.size() == want.size();
    for (std::size_t i = 0; same && i < got.size(); ++i) same = std::abs(got[i] - want[i]) <= tolerance;
    if (!same) std::printf("%s at %d\\n", what, n);
    return !same;
}
int main() {
    int wrong = 0;
"""


def program() -> str:
    """Originals and rewrites in namespaces of their own, compared at all sizes."""
    parts, checks = [HEADERS], [DRIVER]
    for name, (strategy, source, sizes, call) in CASES.items():
        variants = ["fft"] if strategy == "fast_transform" else ["parallel", "sequential"]
        parts.append(f"namespace original {{{source}\n}}")
        for variant in variants:
            new = write(parse(HEADERS + source), strategy, Options(variant=variant)).source
            own = [
                line
                for line in new.splitlines()
                if not line.startswith(("#include", "using N", "using W"))
            ]
            parts.append(f"namespace {variant} {{\n" + "\n".join(own) + "\n}")
            want, got = (f"[&] {{ {call.replace('NS', s)} }}()" for s in ("original", variant))
            tolerance = 1e-9 if variant == "fft" else 0
            checks.append(
                f"    for (int n : {sizes}) "
                f'wrong += differ("{name} {variant}", n, {got}, {want}, {tolerance});'
            )
    return "\n".join([*parts, *checks, "    return wrong;", "}"])


@pytest.mark.slow
def test_dense_rewrites_agree_with_their_originals(tmp_path: Path) -> None:
    built, source = tmp_path / "program", tmp_path / "program.cpp"
    source.write_text(program(), encoding="utf-8")
    flags = ["-std=c++20", "-O1", "-fopenmp", "-Wall", "-Wno-sign-compare", "-Werror", "-g"]
    flags += ["-fsanitize=address"]
    compiled = subprocess.run(
        ["g++", *flags, str(source), "-o", str(built)], capture_output=True, text=True, check=False
    )
    assert compiled.returncode == 0, compiled.stderr[:4000]
    ran = subprocess.run(
        [str(built)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "3", "ASAN_OPTIONS": "detect_leaks=0"},
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout}{ran.stderr[:4000]}"
