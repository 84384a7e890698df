"""Peeled grids, solved bounds, C loops, counted ladders and packed bits compute what their originals do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.bit_packing import BitPacking
from parallel_agent.proposers.rules.induction_variables import InductionVariables
from parallel_agent.proposers.rules.loop_canonicalization import LoopCanonicalization
from parallel_agent.proposers.rules.loop_peeling import LoopPeeling
from parallel_agent.proposers.rules.predicated_counting import PredicatedCounting
from parallel_agent.proposers.rules.strategy import Options

HEADERS = """#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>
"""
EXAMPLES = {
    "spread": (
        """
void spread(const std::vector<double>& x, std::vector<double>& y, std::size_t rows, std::size_t cols) {
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < cols; ++j) {
            double sum = 0;
            for (int k = -1; k <= 2; ++k) {
                const int r = i + k;
                if (r < 0 || r >= static_cast<int>(rows)) continue;
                sum += x[r * cols + j];
            }
            sum += j - 2 < cols ? x[i * cols + (j - 2)] : 0.5;
            sum += x[i * cols + (j + 1) % cols] + x[i * cols + (j == 0 ? cols - 1 : j - 1)];
            y[i * cols + std::min(j, cols - 1)] = sum;
        }
    }
}""",
        "std::vector<double> all; for (std::size_t r : {0, 1, 2, 3, 4, 5, 17})"
        " for (std::size_t c : {0, 1, 2, 3, 4, 5, 64}) { std::vector<double> y(r * c);"
        " NS::spread(x, y, r, c); all.insert(all.end(), y.begin(), y.end()); } return all;",
    ),
    "differences": (
        """
void differences(const std::vector<double>& x, std::vector<double>& y, int n) {
    for (int i = 0; i < n; ++i) {
        const double left = i > 1 ? x[i - 2] : 0, right = i < n - 1 ? x[i + 1] : 1;
        y[i] = right - left;
    }
}""",
        "std::vector<double> all; for (int m = 0; m < 9; ++m) { std::vector<double> y(m);"
        " NS::differences(x, y, m); all.insert(all.end(), y.begin(), y.end()); } return all;",
    ),
    "shades": (
        """
struct Drop { int tank; double shade; };
void shades(std::vector<Drop> const& drops, std::array<long, 3>& bins, int& dark) {
    for (Drop const& drop : drops) {
        if (drop.tank == 3) continue;
        const double s = drop.shade;
        if (s < -0.2) ++bins[0]; else if (s < 0.6) ++bins[1];
        if (drop.tank < 1) {
            continue;
        }
        if (s < 0) dark++;
    }
}""",
        "std::vector<double> all; for (std::size_t m : {0, 1, 2, 997, 4000}) {"
        " std::vector<NS::Drop> drops; for (std::size_t i = 0; i < m; ++i)"
        " drops.push_back({int(i * 7 % 5), x[i]}); std::array<long, 3> bins{1, 2, 3};"
        " int dark = 4; NS::shades(drops, bins, dark);"
        " for (long bin : bins) all.push_back(bin); all.push_back(dark); } return all;",
    ),
    "windows": (
        """
void windows(std::vector<double> const& x, std::vector<double>& y, std::size_t width, int n) {
    for (std::size_t i = 0; i + width <= x.size(); ++i) {
        y[i] += x[i] - x[i + width - 1];
    }
    for (int i = 1; n - width > 0 && n > i + 2; i += 2) {
        y[0] = 1;
    }
    for (int i = 1; n > i + 2; i += 2) {
        y[i] += 2 * x[i + 2];
    }
    for (std::size_t i = 0; 1 + i < x.size(); i += 3) {
        y[i] -= x[i + 1];
    }
}""",
        "std::vector<double> all; for (std::size_t m : {0, 1, 2, 3, 4, 5, 6, 7, 100})"
        " for (std::size_t w : {1, 2, 5, 101}) { std::vector<double> z(x.begin(), x.begin() + m);"
        " std::vector<double> y(m + 1); NS::windows(z, y, w, int(m));"
        " all.insert(all.end(), y.begin(), y.end()); } return all;",
    ),
    "grades": (
        """
void grades(std::vector<double> const& x, std::array<int, 4>& bins, std::vector<long>& more) {
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double v = x[i] * x[i];
        if (v < 0.1) bins[0]++; else if (v < 0.3 && x[i] > 0) ++bins[1]; else bins[2] += 1;
        if (x[i] > 5) more[1]++; else if (x[i] > 0.999) more[0]++;
    }
}""",
        "std::array<int, 4> b{3, 4, 5, 6}; std::vector<long> m{2}; NS::grades(x, b, m);"
        " std::vector<double> none; NS::grades(none, b, m);"
        " std::vector<double> y(b.begin(), b.end()); y.push_back(m[0]); return y;",
    ),
    "marks": (
        """
void marks(std::vector<double> const& x, std::vector<bool>& odd, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        const int v = static_cast<int>(100 * x[i]);
        odd[i] = v & 6;
    }
}""",
        "std::vector<double> y; for (std::size_t m : {0, 1, 63, 64, 65, 200, 3999}) {"
        " std::vector<bool> odd(m + 2, true); NS::marks(x, odd, m);"
        " for (bool b : odd) y.push_back(b); } return y;",
    ),
    "weights": (
        """
void weights(const double* x, double* y, int n, int m) {
    const double *end = x + n, *p;
    double* out = y;
    int i, j, k = 0;
    double acc, scale;
    while (x < end) {
        scale = *x++;
        *out++ = scale > 0 ? scale * *x : -scale;
    }
    do {
        y[k] += 1;
        k++;
    } while (k < n);
    for (i = 0; i < m; i++) {
        acc = 0;
        j = i;
        while (j < n) {
            acc += y[j];
            j++;
        }
        y[n + i] = acc;
    }
    for (p = y; p != y + n; ++p) y[n + m] += *p * (p - y);
    for (i = 2; i < n; i++) y[n + m] += x[i];
    y[n + m] += i;
    while (n-- > 0) y[0] = *y++ + 1;
}""",
        "std::vector<double> all; for (int n = 0; n < 9; ++n) for (int m = 0; m < 4; ++m) {"
        " std::vector<double> y(n + m + 1); NS::weights(x.data(), y.data(), n, m);"
        " all.insert(all.end(), y.begin(), y.end()); } return all;",
    ),
}
STRATEGIES = {
    "weights": InductionVariables(),
    "spread": LoopPeeling(),
    "differences": LoopPeeling(),
    "shades": PredicatedCounting(),
    "windows": LoopCanonicalization(),
    "grades": PredicatedCounting(),
    "marks": BitPacking(),
}
DRIVER = """
#include <cmath>
#include <cstdio>
int main() {
    std::vector<double> x(4000);
    for (int i = 0; i < 4000; ++i) x[i] = std::sin(1.7 * i + 0.1 * (i % 7));
    int wrong = 0;
"""


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["parallel_simd", "simd"])
def test_rewrites_agree_with_their_originals(tmp_path: Path, variant: str) -> None:
    parts, checks = [HEADERS], [DRIVER]
    for name, (source, call) in EXAMPLES.items():
        parsed = parse(HEADERS + source)
        text = STRATEGIES[name].rewrite(parsed, Options(variant=variant)).source
        own = "\n".join(line for line in text.splitlines() if not line.startswith("#include"))
        parts += [f"namespace original_{name} {{{source}\n}}", f"namespace {name}_ {{{own}\n}}"]
        want, got = (
            f"[&] {{ {call.replace('NS', s)} }}()" for s in (f"original_{name}", f"{name}_")
        )
        checks.append(f'    if ({got} != {want}) {{ std::puts("{name}"); ++wrong; }}')
    program, code = tmp_path / "program", tmp_path / "program.cpp"
    code.write_text("\n".join([*parts, *checks, "    return wrong;", "}"]), encoding="utf-8")
    flags = ["-std=c++20", "-O1", "-fopenmp", "-D_GLIBCXX_ASSERTIONS", "-fsanitize=address"]
    built = subprocess.run(
        ["g++", *flags, str(code), "-o", str(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr[:4000]
    ran = subprocess.run(
        [str(program)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "3", "ASAN_OPTIONS": "detect_leaks=0"},
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, f"wrong: {ran.stdout} {ran.stderr[:2000]}"
