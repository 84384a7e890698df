from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.early_exit_search import EarlyExitSearch
from parallel_agent.proposers.rules.strategy import NotApplicable, Options

HEADERS = "#include <algorithm>\n#include <vector>\n"


def rewritten(body: str, variant: str = "blocks") -> str:
    return EarlyExitSearch().rewrite(parse(HEADERS + body), Options(variant=variant)).source


def variants(body: str) -> list[str]:
    return EarlyExitSearch().variants(parse(HEADERS + body))


CONTAINS = """bool f(std::vector<int> const& x, int target) {
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (x[i] == target) return true;
    }
    return false;
}
"""


def test_a_returning_loop_scans_blocks() -> None:
    assert variants(CONTAINS) == ["simd_blocks", "blocks"]
    source = rewritten(CONTAINS)
    assert "    const std::size_t limit = x.size();\n    std::size_t found = limit;\n" in source
    assert "    #pragma omp parallel for schedule(dynamic)\n" in source
    assert "    if (found < limit) {\n        return true;\n    }\n    return false;" in source
    assert "hits" not in source
    assert "hits += (x[i] == target) ? 1 : 0;" in rewritten(CONTAINS, "simd_blocks")


def test_a_breaking_loop_keeps_what_it_sets() -> None:
    body = """int f(std::vector<double> const& x, int n) {
    int where = -1;
    for (int i = 1; i <= n; i++) {
        double y = x[i] - x[i - 1];
        if (y > 2) {
            where = i;
            break;
        }
    }
    return where;
}
"""
    assert variants(body) == ["blocks"]
    source = rewritten(body)
    assert "const int limit = n + 1;" in source
    assert "for (int block = 1; block < limit; block += 4096)" in source
    assert "        const int i = found;\n        where = i;\n    }\n" in source


def test_a_nested_search_becomes_a_predicate() -> None:
    body = """bool f(std::vector<double> const& a, int n) {
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < i; ++j) {
            if (a[i * n + j] != a[j * n + i]) return false;
        }
    }
    return true;
}
"""
    source = rewritten(body)
    assert "    const auto matches = [&](int i) {\n" in source
    assert "if (a[i * n + j] != a[j * n + i]) return true;" in source
    assert "        return false;\n    }\n    return true;" in source


def test_searching_algorithms() -> None:
    body = """bool f(std::vector<int> const& x) {
    auto at = std::find(x.begin(), x.end(), 3);
    bool every = std::all_of(x.begin(), x.end(), [](int v) { return v > 0; });
    return every && at != x.end();
}
"""
    source = rewritten(body)
    assert "    auto at = x.begin();\n" in source
    assert "    at += found;\n" in source
    assert "if (!matches(x[i])) {" in source
    assert "    every = found_2 == limit_2;\n" in source


REFUSED = {
    "no early end": ("for (int i = 0; i < n; ++i) { y[i] = x[i]; }", "does not stop early"),
    "other work": (
        "for (int i = 0; i < n; ++i) { y[i] = 1; if (x[i] > 2) return; }",
        "does more than search: line 4: writes y",
    ),
    "a local handed on": (
        "for (int i = 0; i < n; ++i) { int v = 2 * x[i]; if (v > 2) { y[0] = v; break; } }",
        "hands on v",
    ),
    "downwards": ("for (int i = n; i > 0; --i) { if (x[i] > 2) return; }", "count up"),
    "nothing told": ("for (int i = 0; i < n; ++i) { if (x[i] > 2) break; }", "telling anything"),
    "carried": (
        "int s = 0; for (int i = 0; i < n; ++i) { s += x[i]; if (s > 2) return; }",
        "writes s",
    ),
}


@pytest.mark.parametrize(("statement", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_other_loops_are_refused(statement: str, reason: str) -> None:
    body = (
        f"void f(std::vector<int> const& x, std::vector<int>& y, int n) {{\n    {statement}\n}}\n"
    )
    with pytest.raises(NotApplicable, match=reason):
        rewritten(body)
