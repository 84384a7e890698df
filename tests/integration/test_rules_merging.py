"""Merges in pieces give what the loops of the original give, in order or not."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.registry import write
from parallel_agent.proposers.rules.strategy import Options

HEADERS = "#include <cstddef>\n#include <vector>\n"
STRUCT = "struct Item { int key; int from; };\n"
SIGNATURE = "void f(std::vector<Item> const& a, std::vector<Item> const& b, std::vector<Item>& out)"
START = "    std::size_t i = 0;\n    std::size_t j = 0;\n"
BODIES = {
    "tails": START
    + """    std::size_t k = 0;
    while (i < a.size() && j < b.size()) {
        if (b[j].key < a[i].key) {
            out[k++] = b[j++];
        } else {
            out[k++] = a[i++];
        }
    }
    for (; i < a.size(); ++i, ++k) out[k] = a[i];
    for (; j < b.size(); ++j, ++k) {
        out[k] = b[j];
    }
""",
    "one_loop": START
    + """    for (std::size_t k = 0; k < a.size() + b.size(); ++k) {
        out[k] = (j >= b.size() || (i < a.size() && a[i].key < b[j].key)) ? a[i++] : b[j++];
    }
""",
    "falling": START
    + """    std::vector<Item> all;
    while (i < a.size() || j < b.size()) {
        if (i != a.size() && (j == b.size() || a[i].key >= b[j].key)) {
            all.push_back(a[i++]);
        } else {
            all.push_back(b[j++]);
        }
    }
    out = all;
""",
    "several_keys": START
    + """    auto const before = [](Item const& x, Item const& y) {
        return x.key < y.key || (x.key == y.key && x.from % 3 < y.from % 3);
    };
    std::size_t k = 0;
    while (i < a.size() && j < b.size()) {
        out[k++] = !before(b[j], a[i]) ? a[i++] : b[j++];
    }
    while (j < b.size()) out[k++] = b[j++];
    while (i < a.size()) out[k++] = a[i++];
""",
}
MAIN = """
#include <cstdio>
#include <random>

static int wrong = 0;

template <class F, class G>
static void compare(char const* name, F original, G rewritten, std::vector<Item> const& a,
                    std::vector<Item> const& b) {
    std::vector<Item> wanted(a.size() + b.size()), found(wanted.size());
    original(a, b, wanted);
    rewritten(a, b, found);
    bool same = wanted.size() == found.size();
    for (std::size_t i = 0; same && i < found.size(); ++i) {
        same = wanted[i].key == found[i].key && wanted[i].from == found[i].from;
    }
    if (!same) {
        ++wrong;
        std::printf("%s differs for %zu and %zu\\n", name, a.size(), b.size());
    }
}

int main() {
    std::mt19937 random(7);
    int calls = 0;
    for (std::size_t n : {0, 1, 2, 3, 7, 64, 1009}) {
        for (std::size_t m : {0, 1, 5, 64, 997}) {
            for (int range : {1, 4, 100000}) {
                for (int order = -1; order <= 1; ++order) {
                    std::vector<Item> a(n), b(m);
                    int from = 0;
                    for (auto* items : {&a, &b}) {
                        for (Item& item : *items) item = {int(random() % range), ++from};
                        std::stable_sort(items->begin(), items->end(), [&](Item x, Item y) {
                            return order * x.key < order * y.key;
                        });
                    }
                    CALLS
                    ++calls;
                }
            }
        }
    }
    std::printf("%d inputs\\n", calls);
    return wrong != 0;
}
"""


def test_merges(tmp_path: Path) -> None:
    text = [
        "#include <algorithm>\n#include <cstddef>\n#include <omp.h>\n#include <vector>\n",
        STRUCT,
    ]
    calls = []
    for name, body in BODIES.items():
        source = f"{HEADERS}{STRUCT}{SIGNATURE} {{\n{body}}}\n"
        proposal = write(parse(source), "parallel_merge", Options(variant="merge_path"))
        for space, code in ((f"{name}_original", source), (f"{name}_new", proposal.source)):
            lines = [
                line for line in code.replace(STRUCT, "").split("\n") if line[:8] != "#include"
            ]
            text.append(f"namespace {space} {{\n" + "\n".join(lines) + "}\n")
        calls.append(f'compare("{name}", {name}_original::f, {name}_new::f, a, b);')
    program = tmp_path / "merging.cpp"
    program.write_text("".join(text) + MAIN.replace("CALLS", "\n".join(calls)), encoding="utf-8")
    built = tmp_path / "merging"
    flags = [
        "-std=c++20",
        "-O1",
        "-fopenmp",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-D_GLIBCXX_ASSERTIONS",
    ]
    subprocess.run(["g++", *flags, str(program), "-o", str(built)], check=True)
    for threads in ("1", "2", "5"):
        environment = {**os.environ, "OMP_NUM_THREADS": threads, "OMP_WAIT_POLICY": "passive"}
        run = subprocess.run([str(built)], env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout
        assert run.stdout == "315 inputs\n"
