"""Rewritten algorithm calls and searches compute what the originals compute."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from clang import cindex

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.early_exit_search import EarlyExitSearch
from parallel_agent.proposers.rules.parallel_algorithm import ParallelAlgorithm
from parallel_agent.proposers.rules.registry import write
from parallel_agent.proposers.rules.strategy import Options, Strategy

HEADERS = "#include <algorithm>\n#include <functional>\n#include <numeric>\n#include <vector>\n"
ITEM = """struct Item {
    int key;
    int id;
    bool operator==(Item const&) const = default;
};
"""
SIGNATURE = (
    "double f(std::vector<double> const& x, std::vector<double>& y, std::vector<Item>& items)"
)
GUARD = "x.size() >= 500"

BODIES = {
    "sort": """
    std::sort(items.begin(), items.end(), [](Item const& a, Item const& b) {
        return a.key != b.key ? a.key < b.key : a.id < b.id;
    });
    return 0;""",
    "stable_sort": """
    std::stable_sort(items.begin(), items.end(), [](Item a, Item b) { return a.key < b.key; });
    return 0;""",
    "elementwise": """
    const double shift = x.size();
    std::transform(x.begin(), x.end(), y.begin(), [&](double v) { return 3 * v + shift; });
    std::transform(x.begin(), x.end(), y.begin(), y.begin(), std::plus<>());
    std::for_each(items.begin(), items.end(), [](Item& item) { item.key *= 2; });
    std::vector<int> order(x.size());
    std::iota(order.begin(), order.end(), 3);
    return std::accumulate(order.begin(), order.end(), 0.0);""",
    "reductions": """
    const double dot = std::inner_product(x.begin(), x.end(), y.begin(), 2.0);
    double squares = std::transform_reduce(x.begin(), x.end(), 1.0, std::plus<>(),
                                           [](double v) { return v * v; });
    const auto ones = std::count(x.begin(), x.end(), 1.0);
    const long even = std::count_if(items.begin(), items.end(), [](Item const& item) {
        return item.key % 2 == 0;
    });
    const double top = std::accumulate(x.begin(), x.end(), -50.0, [](double a, double b) {
        return std::max(a, b);
    });
    return dot + squares + 7 * ones + 11 * even + 13 * top;""",
    "inclusive_scan": """
    std::inclusive_scan(x.begin(), x.end(), y.begin());
    return std::reduce(y.begin(), y.end());""",
    "exclusive_scan": """
    std::exclusive_scan(y.begin(), y.end(), y.begin(), 5.0);
    std::partial_sum(y.begin(), y.end(), y.begin());
    return 0;""",
    "extrema": """
    auto low = std::min_element(x.begin(), x.end());
    auto high = std::max_element(items.begin(), items.end(), [](Item const& a, Item const& b) {
        return a.key < b.key;
    });
    return (low - x.begin()) + 0.5 * (high - items.begin());""",
    "find": """
    const bool negative = std::any_of(x.begin(), x.end(), [](double v) { return v < -20; });
    auto at = std::find_if(items.begin(), items.end(), [](Item const& i) { return i.key > 900; });
    if (std::find(x.begin(), x.end(), 17.0) == x.end()) return -1;
    return (at - items.begin()) + 0.5 * negative;""",
    "search_loops": """
    int where = -1;
    for (int i = 1; i < static_cast<int>(x.size()); ++i) {
        if (x[i - 1] + x[i] == 36) {
            where = i;
            break;
        }
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        for (int k = 0; k < 3; ++k) {
            if (items[i].key == 990 + k) return i + 0.5 * where;
        }
    }
    return where;""",
}

MAIN = """
#include <cstdio>
#include <random>
#include <string>
using Kernel = double (*)(std::vector<double> const&, std::vector<double>&, std::vector<Item>&);
struct Pair { const char* name; Kernel original; Kernel rewritten; };
int main() {
    const Pair pairs[] = {%s};
    int wrong = 0;
    std::mt19937 random(7);
    for (int n : {0, 1, 2, 7, 499, 1000, 100000}) {
        std::vector<double> x(n), y(n);
        std::vector<Item> items(n);
        for (int i = 0; i < n; ++i) {
            x[i] = static_cast<int>(random() %% 41) - 20;
            y[i] = static_cast<int>(random() %% 9);
            items[i] = {static_cast<int>(random() %% 1000), i};
        }
        for (Pair const& pair : pairs) {
            auto y1 = y, y2 = y;
            auto items1 = items, items2 = items;
            const double first = pair.original(x, y1, items1);
            const double second = pair.rewritten(x, y2, items2);
            if (first != second || y1 != y2 || items1 != items2) {
                std::printf("%%s differs at %%d: %%g %%g\\n", pair.name, n, first, second);
                wrong = 1;
            }
        }
    }
    return wrong;
}
"""
STYLES = [Options(), Options(guard=GUARD)]
STRATEGIES: list[Strategy] = [ParallelAlgorithm(), EarlyExitSearch()]


def rewritten(name: str) -> list[str]:
    """All sources that the strategies make of one kernel; guards with the best variant only."""
    parsed = parse(f"{HEADERS}{ITEM}{SIGNATURE} {{{BODIES[name]}\n}}\n")
    sources = []
    for strategy in STRATEGIES:
        for rank, variant in enumerate(strategy.variants(parsed)):
            for style in STYLES if rank == 0 else STYLES[:1]:
                options = style.model_copy(update={"variant": variant})
                sources.append(write(parsed, strategy.name, options).source)
    return sources


@pytest.fixture(scope="module")
def program() -> str:
    """One program with every original and everything made of it, each in its own namespace."""
    headers, parts, pairs = dict.fromkeys(HEADERS.splitlines()), [], []
    for name, body in BODIES.items():
        parts.append(f"namespace {name} {{\n{SIGNATURE} {{{body}\n}}\n}}")
        sources = rewritten(name)
        assert sources, f"nothing was made of {name}"
        for number, source in enumerate(sources):
            lines = source.replace(ITEM, "").splitlines()
            headers |= dict.fromkeys(line for line in lines if line.startswith("#include"))
            text = "\n".join(line for line in lines if not line.startswith("#include"))
            parts.append(f"namespace {name}_{number} {{\n{text}\n}}")
            pairs.append(f'{{"{name} {number}", {name}::f, {name}_{number}::f}}')
    return "\n".join([*headers, ITEM, *parts, MAIN % ", ".join(pairs)])


def test_g_plus_plus_compiles_it_and_the_answers_are_the_same(program: str, tmp_path: Path) -> None:
    source, binary = tmp_path / "all.cpp", tmp_path / "all"
    source.write_text(program, encoding="utf-8")
    command = ["g++", "-std=c++20", "-O1", "-fopenmp", str(source), "-o", str(binary)]
    compiled = subprocess.run(command, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stderr
    for threads in ("1", "2", "4"):
        environment = {**os.environ, "OMP_NUM_THREADS": threads, "OMP_WAIT_POLICY": "passive"}
        run = subprocess.run(
            [str(binary)], env=environment, capture_output=True, text=True, check=False
        )
        assert (run.returncode, run.stdout) == (0, ""), f"{threads} threads"


def test_clang_accepts_it(program: str) -> None:
    includes = subprocess.run(
        ["g++", "-print-file-name=include"], capture_output=True, text=True, check=True
    )
    arguments = ["-std=c++20", "-fopenmp", "-isystem", includes.stdout.strip()]
    unit = cindex.Index.create().parse("all.cpp", arguments, [("all.cpp", program)])
    errors = [d for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error]
    # clang brings an omp.h of its own; the one of g++ has attributes that clang does not know.
    ours = [str(d) for d in errors if not str(d.location.file).endswith("/omp.h")]
    assert ours == []
