from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.hash_join import HashJoin
from parallel_agent.proposers.rules.strategy import NotApplicable, Options

HEADERS = "#include <cstddef>\n#include <vector>\n"


def rewritten(body: str) -> str:
    return HashJoin().rewrite(parse(HEADERS + body), Options(variant="buckets")).source


def variants(body: str) -> list[str]:
    return HashJoin().variants(parse(HEADERS + body))


RANGES = """struct Sale { int shop; double amount; };
void totals(std::vector<int> const& shops, std::vector<Sale> const& sales, std::vector<double>& t) {
    for (std::size_t s = 0; s < shops.size(); ++s) {
        for (const auto& sale : sales) {
            if (shops[s] == sale.shop && sale.amount > 0) {
                t[s] += sale.amount;
            }
        }
    }
}
"""


def test_small_elements_are_copied_group_by_group_and_the_test_stays() -> None:
    source = rewritten(RANGES)
    assert "    std::vector<Sale> grouped(sales.size());\n" in source
    assert "        ++first[(static_cast<std::size_t>(sale.shop) & mask) + 2];\n" in source
    assert (
        "        const std::size_t bucket = static_cast<std::size_t>(shops[s]) & mask;\n"
        "        for (std::size_t p = first[bucket]; p < first[bucket + 1]; ++p) {\n"
        "            const auto& sale = grouped[p];\n"
        "            if (shops[s] == sale.shop && sale.amount > 0) {\n"
        "                t[s] += sale.amount;\n"
        "            }\n        }\n    }\n}\n"
    ) in source
    assert variants(source.removeprefix(HEADERS)) == []


def test_a_triangular_nest_joins_a_sum_and_skips_what_lies_before() -> None:
    source = rewritten("""long pairs(std::vector<int> const& x, int n, int target) {
    long count = 0;
    for (int i = 0; i < n; ++i)
        for (int j = i + 1; j < n; ++j)
            if (x[i] + x[j] == target) ++count;
    return count;
}
""")
    assert "    std::vector<int> positions(n > 0 ? n : 0);\n" in source
    assert "static_cast<std::size_t>(target) - static_cast<std::size_t>(x[i])) & mask;" in source
    assert "            if (j < i + 1) {\n                continue;\n            }\n" in source
    assert "    for (int i = 0; i < n; ++i) {\n        const std::size_t bucket" in source


def test_a_skipped_inequality_is_a_join_and_taken_names_are_avoided() -> None:
    source = rewritten("""long f(std::vector<long> const& first, std::vector<long> const& p, int mask) {
    long sum = mask;
    for (std::size_t i = 0; i < first.size(); ++i) {
        for (std::size_t j = 0; j < p.size(); ++j) {
            if (p[j] != first[i]) continue;
            sum += j;
            break;
        }
    }
    return sum;
}
""")
    assert "std::vector<std::size_t> bucket_first(bucket_mask + 2);" in source
    assert "for (std::size_t place = bucket_first[bucket];" in source
    assert "            if (p[j] != first[i]) continue;\n            sum += j;\n" in source


@pytest.mark.parametrize(
    ("reason", "body"),
    [
        ("the key changes", "if (y[j] == x[i]) y[j] = 0;"),
        ("others act too", "if (y[j] == x[i]) ++c; else --c;"),
        ("no equality", "if (y[j] < x[i]) ++c;"),
        ("a filter", "if (y[j] == 7) ++c;"),
        ("the index itself", "if (j == x[i]) ++c;"),
        ("either will do", "if (y[j] == x[i] || c > 5) ++c;"),
        ("the test protects the key", "if (z[j] >= 0 && y[z[j]] == x[i]) ++c;"),
        ("more is done first", "++c; if (y[j] == x[i]) --c;"),
        ("the loop is moved", "if (y[j] == x[i]) j = n;"),
    ],
)
def test_what_is_no_join_is_left_alone(reason: str, body: str) -> None:
    source = f"""int f(std::vector<int>& x, std::vector<int>& y, std::vector<int>& z, int n) {{
    int c = 0;
    for (int i = 0; i < n; ++i) {{
        for (int j = 0; j < n; ++j) {{
            {body}
        }}
    }}
    return c;
}}
"""
    assert variants(source) == [], reason
    with pytest.raises(NotApplicable):
        rewritten(source)


@pytest.mark.parametrize(
    ("inner", "after"),
    [
        ("for (int s : seen) {", "seen.push_back(v);"),
        ("for (int s : seen) {", "seen[0] = v;"),
        ("for (int s : seen) {", "std::swap(seen, more);"),
    ],
)
def test_a_sequence_that_changes_meanwhile_is_left_alone(inner: str, after: str) -> None:
    source = f"""int f(std::vector<int> const& x, std::vector<int>& seen, std::vector<int>& more) {{
    int c = 0;
    for (int v : x) {{
        {inner}
            if (s == v) ++c;
        }}
        {after}
    }}
    return c;
}}
"""
    assert variants(source) == []
    assert variants(source.replace(after, "")) == ["buckets"]


def test_an_inner_loop_that_starts_anywhere_is_left_alone() -> None:
    source = """long f(std::vector<int> const& x, int n) {
    long c = 0;
    for (int i = 0; i < n; ++i) {
        for (int j = n - i; j < n; ++j) {
            if (x[i] == x[j]) ++c;
        }
    }
    return c;
}
"""
    assert variants(source) == []
    assert variants(source.replace("n - i", "i")) == ["buckets"]
