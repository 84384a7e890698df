from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.bitset_intersection import BitsetIntersection
from parallel_agent.proposers.rules.strategy import Options

HEADERS = "#include <vector>\n"
SHARED = """int shared(std::vector<std::vector<char>> const& buys, std::vector<char>& more, int n) {
    int both = 0;
    for (int a = 0; a < n; ++a) {
        for (int b = a + 1; b < n; ++b) {
            for (int item = b + 1; item < n; ++item) {
                if (buys[a][item] == 1 && buys[b][item] == 1) ++both;
            }
        }
    }
    return both;
}
"""


def variants(body: str) -> list[str]:
    return BitsetIntersection().variants(parse(HEADERS + body))


def test_rows_are_packed_and_counted_by_words() -> None:
    found = BitsetIntersection().rewrite(parse(HEADERS + SHARED), Options())
    assert found.speculative
    assert (
        "        for (int item = row + 1; item < n; ++item) {\n"
        "            const std::uint64_t bit = (buys[row][item] == 1) ? 1 : 0;\n"
    ) in found.source
    assert "common_bits &= ~std::uint64_t{0} << ((b + 1) % 64);" in found.source
    assert "both += std::popcount(common_bits);" in found.source
    assert variants(found.source) == []


def test_whole_rows_need_no_mask() -> None:
    source = SHARED.replace("item = b + 1", "item = 0").replace("b = a + 1", "b = 0")
    found = BitsetIntersection().rewrite(parse(HEADERS + source), Options()).source
    assert "~std::uint64_t" not in found
    assert "for (std::size_t k = 0;" in found


@pytest.mark.parametrize(
    ("reason", "old", "new"),
    [
        ("either will do", "&&", "||"),
        ("another test", "buys[b][item] == 1", "buys[b][item] == 2"),
        ("one row only", "buys[b][item] == 1", "buys[a][item] == 1"),
        ("it sums up", "++both", "both += item"),
        ("it does more", "++both;", "++both;\n            more[b] = 1;"),
        (
            "the table changes",
            "        for (int b = a + 1",
            "        buys[a][0] = 1;\n        for (int b = a + 1",
        ),
        ("another width", "item < n", "item < both"),
        ("it starts below the rows", "item = b + 1", "item = b"),
        ("entries are skipped", "++item)", "item += 2)"),
    ],
)
def test_other_counts_are_left_alone(reason: str, old: str, new: str) -> None:
    assert variants(SHARED) == ["popcount"]
    assert old in SHARED
    assert variants(SHARED.replace("const& buys", "& buys").replace(old, new)) == [], reason
