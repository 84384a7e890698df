"""Fused passes and regrouped scans compute what the original computes, at edge sizes, too."""

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
#include <limits>
#include <numeric>
#include <vector>
#include <omp.h>
"""
# A double a call; y is as long as x.
KERNELS = {
    "energy": """
double kernel(std::vector<double> const& x, std::vector<double>& y) {
    std::vector<double> level(x.size());
    std::transform(x.begin(), x.end(), level.begin(), [](double v) { return std::abs(v) + 1; });
    std::vector<double> total;
    for (std::size_t i = 0; i < level.size(); ++i) total.push_back(level[i] * level[i]);
    for (std::size_t j = 0; j < total.size(); ++j) y[j] = total[j] - level[j] + j;
    return std::inner_product(level.begin(), level.end(), total.begin(), 0.5);
}""",
    "ramp": """
double kernel(std::vector<double> const& x, std::vector<double>& y) {
    double height = 3;
    for (std::size_t i = 1; i < x.size(); ++i) {
        const double slope = x[i] - x[i - 1];
        if (slope > 0) height += slope;
        y[i] = 2 * height;
    }
    return height;
}""",
    "record": """
double kernel(std::vector<double> const& x, std::vector<double>& y) {
    double best = -0.5;
    for (int i = 0; i < static_cast<int>(x.size()); ++i) {
        y[i] = best;
        best = std::max(best, x[i]);
    }
    return best;
}""",
    "starts": """
double kernel(std::vector<double> const& x, std::vector<double>& y) {
    std::exclusive_scan(x.begin(), x.end(), y.begin(), 1.5);
    return 0;
}""",
}
WAYS = {
    "energy": [("fuse_passes", "contract", 0)],
    "ramp": [("scan", "two_pass", 4), ("scan", "groups", 8)],
    "record": [("scan", "two_pass", 8), ("scan", "groups", 4)],
    "starts": [("scan", "two_pass", 4), ("scan", "groups", 4)],
}
MAIN = """
#include <cstdio>
int main() {
    int wrong = 0;
    for (std::size_t n : {0, 1, 2, 3, 4, 7, 8, 9, 31, 1000}) {
        std::vector<double> x(n);
        for (std::size_t i = 0; i < n; ++i) x[i] = std::sin(1.7 * i);
@
    }
    return wrong;
}
"""
CHECK = """        {
            std::vector<double> want(n, 2), got(n, 2);
            const double a = original_@K::kernel(x, want), b = @S::kernel(x, got);
            bool same = std::abs(a - b) <= 1e-9 * (1 + std::abs(a));
            for (std::size_t i = 0; i < n; ++i) same = same && std::abs(want[i] - got[i]) <= 1e-9;
            if (!same) { ++wrong; std::printf("@S at %zu\\n", n); }
        }
"""


def program() -> str:
    parts, checks = [HEADERS], []
    for name, source in KERNELS.items():
        parts.append(f"namespace original_{name} {{{source}\n}}")
        for strategy, variant, group in WAYS[name]:
            options = Options(variant=variant, tuning={"group": group} if group else {})
            text = write(parse(HEADERS + source), strategy, options).source
            own = "\n".join(line for line in text.split("\n") if not line.startswith("#include"))
            parts.append(f"namespace {name}_{variant} {{{own}\n}}")
            checks.append(CHECK.replace("@K", name).replace("@S", f"{name}_{variant}"))
    return "\n".join([*parts, MAIN.replace("@", "".join(checks))])


@pytest.mark.slow
def test_results_are_the_originals(tmp_path: Path) -> None:
    built, source = tmp_path / "program", tmp_path / "program.cpp"
    source.write_text(program(), encoding="utf-8")
    flags = ["-std=c++20", "-O1", "-fopenmp", "-D_GLIBCXX_ASSERTIONS", "-Wall", "-Werror"]
    compiled = subprocess.run(
        ["g++", *flags, "-Wno-sign-compare", str(source), "-o", str(built)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert compiled.returncode == 0, compiled.stderr[:4000]
    ran = subprocess.run(
        [str(built)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "3"},
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
