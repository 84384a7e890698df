from __future__ import annotations

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.simd_loop import SimdLoop
from parallel_agent.proposers.rules.strategy import Options

HEADERS = "#include <vector>\n"
SHIFT = """void f(std::vector<{type}>& x, std::vector<double> const& y, int n) {{
    for (int r = 0; r < n; ++r) {{
        for (int i = 0; i < n; ++i) {{
            x[r * n + i] = y[i] + r;
        }}
    }}
}}
"""


def test_innermost_independent_loops_get_simd() -> None:
    parsed = parse(HEADERS + SHIFT.format(type="char"))
    assert SimdLoop().variants(parsed) == ["simd"]
    source = SimdLoop().rewrite(parsed, Options(variant="simd")).source
    assert "        #pragma omp simd\n        for (int i = 0;" in source
    assert source.count("#pragma") == 1


def test_carried_and_branching_loops_do_not() -> None:
    carried = "void f(std::vector<int>& x, int n) { for (int i = 1; i < n; ++i) x[i] += x[i - 1]; }"
    assert SimdLoop().variants(parse(HEADERS + carried)) == []
    branch = (
        "void f(std::vector<int>& x, int n) { for (int i = 1; i < n; ++i) if (x[i]) x[i] = 1; }"
    )
    assert SimdLoop().variants(parse(HEADERS + branch)) == []
