from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.fuse_passes import FusePasses
from parallel_agent.proposers.rules.reduction import Reduction
from parallel_agent.proposers.rules.strategy import NotApplicable, Options

HEADERS = "#include <algorithm>\n#include <cmath>\n#include <cstddef>\n#include <numeric>\n#include <vector>\n"
SIGNATURE = "double f(std::vector<double> const& x, std::vector<double>& y, int n) {\n"


def fused(body: str) -> str:
    parsed = parse(f"{HEADERS}{SIGNATURE}{body}\n}}\n")
    assert FusePasses().variants(parsed) == ["contract"]
    source = FusePasses().rewrite(parsed, Options(variant="contract")).source
    assert FusePasses().variants(parse(source)) == []
    return source.partition(SIGNATURE)[2]


def test_a_vector_that_is_appended_to_and_summed_up_goes() -> None:
    source = fused("""    std::vector<double> gaps;
    gaps.reserve(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        gaps.push_back(x[i] - 1);
    }
    return std::accumulate(gaps.begin(), gaps.end(), 0.0) / gaps.size();""")
    assert (
        source
        == """    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double value = x[i] - 1;
        sum += value;
    }
    return sum / x.size();
}
"""
    )


def test_what_is_left_is_a_reduction() -> None:
    body = """    std::vector<double> inverse;
    for (int i = 0; i < n; ++i) inverse.push_back(1 / x[i]);
    return std::reduce(inverse.begin(), inverse.end());"""
    parsed = parse(HEADERS + SIGNATURE + fused(body))
    assert "parallel_simd" in Reduction().variants(parsed)


def test_a_chain_of_vectors_goes_and_a_scan_keeps_its_running_value() -> None:
    source = fused("""    std::vector<double> root(x.size());
    std::transform(x.begin(), x.end(), root.begin(), [](double v) { return std::sqrt(v); });
    std::vector<double> prefix(x.size());
    std::inclusive_scan(root.begin(), root.end(), prefix.begin());
    double total = 0;
    for (double p : prefix) total += p * p;
    return total;""")
    assert "std::vector" not in source
    assert "running += value;" in source
    assert "total += running * running;" in source


def test_names_that_would_clash_are_changed() -> None:
    source = fused("""    std::vector<double> half(n);
    for (int i = 0; i < n; ++i) {
        const double t = x[i] / 2;
        half[i] = t * t;
    }
    for (int j = 0; j < n; ++j) {
        const double t = half[j] + j;
        y[j] = t;
    }
    return 0;""")
    assert "const double t_2 = value + i;" in source
    assert "y[i] = t_2;" in source


@pytest.mark.parametrize(
    "body",
    [
        # the second loop needs the whole sum
        """    std::vector<double> half(n);
    double sum = 0;
    for (int i = 0; i < n; ++i) { half[i] = x[i] / 2; sum += half[i]; }
    for (int i = 0; i < n; ++i) y[i] = half[i] / sum;
    return sum;""",
        # a neighbour is read
        """    std::vector<double> half(n);
    for (int i = 0; i < n; ++i) half[i] = x[i] / 2;
    for (int i = 1; i < n; ++i) y[i] = half[i - 1] + half[i];
    return 0;""",
        # the loops cover different ranges
        """    std::vector<double> half(n);
    for (int i = 1; i < n; ++i) half[i] = x[i] / 2;
    for (int i = 0; i < n; ++i) y[i] = half[i];
    return 0;""",
        # what is filled from changes in between
        """    std::vector<double> old(n);
    for (int i = 0; i < n; ++i) old[i] = y[i];
    y[0] = 7;
    for (int i = 0; i < n; ++i) y[i] = old[i] + 1;
    return 0;""",
        # the second loop overwrites what the first has yet to read
        """    std::vector<double> old(n);
    for (int i = 0; i < n; ++i) old[i] = y[n - 1 - i];
    for (int i = 0; i < n; ++i) y[i] = old[i];
    return 0;""",
        # some iterations set nothing
        """    std::vector<double> half(n);
    for (int i = 0; i < n; ++i) {
        if (x[i] < 0) continue;
        half[i] = x[i] / 2;
    }
    for (int i = 0; i < n; ++i) y[i] = half[i];
    return 0;""",
        # the vector is used as a whole
        """    std::vector<double> half(n);
    for (int i = 0; i < n; ++i) half[i] = x[i] / 2;
    for (int i = 0; i < n; ++i) y[i] = half[i];
    half.swap(y);
    return 0;""",
        # an element from elsewhere is read afterwards
        """    std::vector<double> half(n);
    for (int i = 0; i < n; ++i) half[i] = x[i] / 2;
    for (int i = 0; i < n; ++i) y[i] = half[i];
    return half[0];""",
    ],
)
def test_it_leaves_alone_what_needs_the_vector(body: str) -> None:
    parsed = parse(f"{HEADERS}{SIGNATURE}{body}\n}}\n")
    assert FusePasses().variants(parsed) == []
    with pytest.raises(NotApplicable, match="in step"):
        FusePasses().rewrite(parsed, Options(variant="contract"))
