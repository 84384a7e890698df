from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.scan import Scan
from parallel_agent.proposers.rules.strategy import NotApplicable, Options

HEADERS = "#include <cstddef>\n#include <numeric>\n#include <vector>\n"
SIGNATURE = "double f(std::vector<double> const& x, std::vector<double>& y, int n) {\n"


def written(body: str, variant: str, group: int = 4) -> str:
    parsed = parse(f"{HEADERS}{SIGNATURE}{body}\n}}\n")
    assert variant in Scan().variants(parsed)
    options = Options(variant=variant, tuning={"group": group})
    source = Scan().rewrite(parsed, options).source
    assert Scan().variants(parse(source)) == []
    return source


RUNNING = """    double level = 0;
    for (int i = 0; i < n; ++i) {
        level += x[i];
        y[i] = level;
    }
    return 0;"""


def test_groups_carry_once_a_group() -> None:
    source = written(RUNNING, "groups", 8)
    assert "for (; i < n && n - i >= 8; i += 8) {" in source
    assert "local += x[i + k];" in source
    assert "const double prefix = level + in_group[k];" in source
    assert "#pragma" not in source


def test_two_passes_sum_the_blocks_first() -> None:
    source = written(RUNNING, "two_pass")
    assert "#pragma omp simd reduction(+ : local)" in source
    assert "last_level" not in source
    assert "level = last_level;" in written(RUNNING.replace("return 0", "return level"), "two_pass")


def test_an_exclusive_scan_in_place_reads_before_it_writes() -> None:
    source = written(
        """    double start = 0;
    for (int i = 0; i < n; ++i) {
        const double length = y[i];
        y[i] = start;
        start += length;
    }
    return start;""",
        "groups",
    )
    group = source.partition("for (;")[2]
    assert group.index("in_group[k] = local;") < group.index("local += length;")


def test_calls_become_loops_and_integers_need_no_groups() -> None:
    call = "    std::partial_sum(x.begin(), x.end(), y.begin());\n    return 0;"
    assert "running_here" in written(call, "two_pass")
    whole = parse(
        f"{HEADERS}void g(std::vector<int>& v) {{ std::partial_sum(v.begin(), v.end(), v.begin()); }}"
    )
    assert Scan().variants(whole) == ["two_pass"]
    with pytest.raises(NotApplicable, match="one cycle"):
        Scan().rewrite(whole, Options(variant="groups"))


@pytest.mark.parametrize(
    "loop",
    [
        "s = 0.5 * s + x[i]; y[i] = s;",  # not the scan of one operation
        "s += x[i] * s; y[i] = s;",  # what is added depends on the sum
        "s += x[i]; if (s > 1) s = 0; y[i] = s;",  # starts anew
        "s += x[i]; y[i] = s; y[n - 1 - i] = 0;",  # iterations meet elsewhere
        "y[i] *= 2; s += y[i]; y[i] = s;",  # the sum needs what this iteration wrote
        "y[i] = s; s += y[i];",  # and here, too
        "if (x[i] < 0) continue; s += x[i]; y[i] = s;",
        "s += x[i];",  # a reduction
    ],
)
def test_other_loops_stay(loop: str) -> None:
    body = f"    double s = 0;\n    for (int i = 0; i < n; ++i) {{ {loop} }}\n    return s;"
    assert Scan().variants(parse(f"{HEADERS}{SIGNATURE}{body}\n}}\n")) == []
