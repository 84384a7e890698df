from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.min_location import MinLocation
from parallel_agent.proposers.rules.strategy import Options

HEADERS = "#include <cmath>\n#include <vector>\n"
NEAREST = """int f(std::vector<double> const& x, double y) {
    int place = 0;
    double least = 1e300;
    for (int i = 0; i < (int)x.size(); ++i) {
        double apart = std::abs(x[i] - y);
        if (apart < least) {
            least = apart;
            place = i;
        }
    }
    return place;
}
"""


def variants(source: str) -> list[str]:
    return MinLocation().variants(parse(HEADERS + source))


def test_lanes_look_for_a_better_value_and_the_loop_for_its_place() -> None:
    assert variants(NEAREST) == ["parallel_simd", "simd", "parallel"]
    source = MinLocation().rewrite(parse(HEADERS + NEAREST), Options(variant="simd")).source
    assert "        #pragma omp simd reduction(min : smallest)\n" in source
    assert "            smallest = apart < smallest ? apart : smallest;\n" in source
    assert (
        "        if (smallest < least) {\n            for (int i = block; i < block_end; ++i) {"
        in (source)
    )
    assert "omp parallel" not in source
    assert MinLocation().variants(parse(source, name="f")) == []


@pytest.mark.parametrize(
    "old, new",
    [
        ("if (apart < least) {", "if (i % 3 && apart < least) {"),
        ("double least", "float least"),
        ("std::abs(x[i] - y)", "x[i] > y ? x[i] - y : y - x[i]"),
    ],
    ids=["another condition", "another type", "a branch"],
)
def test_what_lanes_do_not_suit(old: str, new: str) -> None:
    assert "simd" not in variants(NEAREST.replace(old, new))
