"""Solves in blocks and sweeps by colour compute what the loops compute, most to the last bit."""

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
#include <cstddef>
#include <cstdio>
#include <vector>
using Numbers = std::vector<double>;
"""
SOLVES = {
    "forward": """
void forward(const Numbers& a, const Numbers& b, Numbers& x, int n) {
    for (std::size_t i = 0; i < x.size(); ++i) {
        double rest = b[i];
        for (std::size_t j = 0; j < i; ++j) rest -= a[i * n + j] * x[j];
        x[i] = rest / a[i * n + i];
    }
}""",
    "later": """
void later(const Numbers& a, const Numbers& b, Numbers& x, int n) {
    for (int i = 3; i <= n - 1; i++) {
        x[i] = b[i];
        for (int j = 1; j <= i - 1; j++) x[i] = x[i] - a[j * n + i] * x[j];
        x[i] = x[i] / a[i * n + i];
    }
}""",
    "back": """
void back(const Numbers& a, const Numbers& b, Numbers& x, int n) {
    for (int i = n - 1; i >= 0; --i) {
        const double* row = a.data() + i * n;
        const double own = b[i] / 2;
        double sum = 0;
        for (std::size_t j = i + 1; j < n; ++j) sum += row[j] * x[j];
        x[i] = (x[i] + own - sum) / row[i];
    }
}""",
    "down": """
void down(const Numbers& a, const Numbers& b, Numbers& x, int n) {
    for (std::size_t i = x.size(); i-- > 0;) {
        float sum = b[i];
        for (std::size_t j = i + 1; j < x.size(); ++j) sum -= a[i * n + j] * x[j];
        x[i] = sum / a[i * n + i];
    }
}""",
}
MAIN = """
int main() {
    int wrong = 0;
    for (int n : {0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 97}) {
        Numbers a(n * n), b(n), x(n);
        for (int i = 0; i < n * n; ++i) a[i] = std::sin(1.7 * i) / (n + 1);
        for (int i = 0; i < n; ++i) { a[i * n + i] = 2 + i % 3; x[i] = i % 5; b[i] = std::cos(i); }
        const auto check = [&](const char* name, auto original, auto rewritten, double allowed) {
            Numbers expected = x, returned = x;
            original(a, b, expected, n);
            rewritten(a, b, returned, n);
            double off = 0;
            for (int i = 0; i < n; ++i) off = std::max(off, std::abs(expected[i] - returned[i]));
            if (!(off <= allowed)) { std::printf("%s %d: %g\\n", name, n, off); ++wrong; }
        };
"""


def built_and_run(tmp_path: Path, lines: list[str]) -> None:
    program, code = tmp_path / "program", tmp_path / "program.cpp"
    code.write_text("\n".join(lines), encoding="utf-8")
    flags = ["-std=c++20", "-O1", "-fopenmp", "-D_GLIBCXX_ASSERTIONS", "-fsanitize=address"]
    built = subprocess.run(
        ["g++", *flags, str(code), "-o", str(program)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr[:4000]
    environment = {**os.environ, "OMP_NUM_THREADS": "3", "ASAN_OPTIONS": "detect_leaks=0"}
    ran = subprocess.run(
        [str(program)], capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert ran.returncode == 0, f"wrong: {ran.stdout[:500]} {ran.stderr[:2000]}"


def without_includes(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("#include"))


@pytest.mark.slow
def test_blocks_of_rows_solve_what_the_loop_solves(tmp_path: Path) -> None:
    lines, checks = [HEADERS], [MAIN]
    for name, source in SOLVES.items():
        lines.append(f"namespace original {{{source}\n}}")
        for variant in ("sequential", "parallel"):
            options = Options(variant=variant, tuning={"group": 4, "block": 8})
            parsed = parse(HEADERS + source)
            text = write(parsed, "blocked_substitution", options).source
            own = without_includes(text).partition("using Numbers = std::vector<double>;")[2]
            lines.append(f"namespace {variant} {{{own}}}")
            allowed = {"forward": "0", "later": "0", "down": "1e-5"}.get(name, "1e-13")
            checks.append(
                f'        check("{name} {variant}", original::{name}, {variant}::{name}, {allowed});'
            )
    built_and_run(tmp_path, [*lines, *checks, "    }", "    return wrong != 0;", "}"])


SWEEPS = {
    "tested": """
void tested(const Numbers& a, const Numbers& b, Numbers& x, int n) {
    Numbers u(n * n, 1.0);
    double worst = 0;
    for (int c = 1; c >= 0; --c)
        for (int i = 1; i < n - 1; ++i)
            for (int j = 1; j < n - 1; ++j) {
                if ((i + j) % 2 == c) continue;
                const double next = u[(i - 1) * n + j] + u[i * n + j + 1] * 0.5 + a[i * n + j];
                worst = std::max(worst, std::abs(next - u[i * n + j]));
                u[i * n + j] = next + b[i];
            }
    for (int i = 0; i < n; ++i) x[i] = u[i * n + n / 2] + worst;
}""",
    "cube": """
void cube(const Numbers& a, const Numbers& b, Numbers& x, int n) {
    Numbers u(n * n * n, 1.0);
    for (int s = 0; s < 4; ++s)
        for (int i = 1; i < n - 1; ++i)
            for (int j = 1; j < n - 1; ++j)
                for (int k = 1 + (i + j + s) % 2; k < n - 1; k += 2)
                    u[(i * n + j) * n + k] = 0.3 * (u[((i + 1) * n + j) * n + k] +
                                                    u[(i * n + j - 1) * n + k] + a[i * n + j]);
    for (int i = 0; i < n; ++i) x[i] = b[i] + u[(i * n + n / 2) * n + n / 2];
}""",
}


@pytest.mark.slow
def test_colours_in_parallel_are_the_colours_one_by_one(tmp_path: Path) -> None:
    lines, checks = [HEADERS], [MAIN]
    for name, source in SWEEPS.items():
        parsed = parse(HEADERS + source)
        text = write(parsed, "red_black", Options(variant="parallel")).source
        own = without_includes(text).partition("using Numbers = std::vector<double>;")[2]
        lines += [f"namespace original {{{source}\n}}", f"namespace rewritten {{{own}}}"]
        checks.append(f'        check("{name}", original::{name}, rewritten::{name}, 0);')
    built_and_run(tmp_path, [*lines, *checks, "    }", "    return wrong != 0;", "}"])
