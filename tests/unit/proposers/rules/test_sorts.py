from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.decorate_sort import DecorateSort
from parallel_agent.proposers.rules.parallel_sort import ParallelSort
from parallel_agent.proposers.rules.strategy import NotApplicable, Options

HEADERS = "#include <algorithm>\n#include <list>\n#include <string>\n#include <vector>\n"
BY_TWO = """struct P { float key; int id; };
// Sorts.
void f(std::vector<P>& v) {
  std::sort(v.begin(), v.end(), [](P const& a, P const& b) {
    return a.key < b.key || (a.key == b.key && a.id < b.id);
  });
}
"""


def sorted_by(body: str, variant: str = "tasks") -> str:
    return ParallelSort().rewrite(parse(HEADERS + body), Options(variant=variant)).source


def decorated(body: str) -> str:
    return DecorateSort().rewrite(parse(HEADERS + body), Options()).source


def test_a_sort_calls_functions_that_stand_above_the_comment() -> None:
    source = sorted_by(BY_TWO)
    assert "  sortInTasks(v.begin(), v.end(), [](P const& a, P const& b) {\n" in source
    assert "}\n\n// Sorts.\nvoid f(" in source
    assert "\n      #pragma omp task\n" in source, "the source indents by two spaces"


def test_the_comparison_loses_its_branches() -> None:
    assert "return (a.key < b.key) | ((a.key == b.key) & (a.id < b.id));" in sorted_by(BY_TWO)


def test_a_short_circuit_that_guards_something_stays() -> None:
    source = sorted_by(BY_TWO.replace("a.id < b.id", "a.id / b.id < 2"))
    assert "return a.key < b.key || (a.key == b.key && a.id / b.id < 2);" in source


def test_one_thread_needs_no_directive() -> None:
    assert "#pragma" not in sorted_by(BY_TWO, "branch_free")
    assert ParallelSort().variants(parse(HEADERS + BY_TWO)) == ["tasks", "branch_free"]


def test_sorts_inside_loops_are_left_on_one_thread_first() -> None:
    body = """void f(std::vector<std::vector<int>>& rows) {
    for (auto& row : rows) std::sort(row.begin(), row.end());
}
"""
    assert ParallelSort().variants(parse(HEADERS + body)) == ["branch_free", "tasks"]
    assert "sortWithoutBranches(row.begin(), row.end(), std::less<>());" in (
        sorted_by(body, "branch_free")
    )


def test_pairs_are_compared_by_members() -> None:
    body = """void f(std::vector<std::pair<int, int>>& v) {
    std::sort(v.begin(), v.end());
}
"""
    source = sorted_by(body)
    assert "return (a.first < b.first) | ((a.first == b.first) & (a.second < b.second));" in source


def test_an_own_result_is_no_candidate_again() -> None:
    parsed = parse(sorted_by(BY_TWO), name="f")
    assert ParallelSort().variants(parsed) == []


@pytest.mark.parametrize(
    "body",
    [
        "void f(std::vector<std::string>& v) { std::sort(v.begin(), v.end()); }",
        "void f(std::vector<bool>& v) { std::sort(v.begin(), v.end()); }",
        """void f(std::vector<int>& v, int& calls) {
    std::sort(v.begin(), v.end(), [&](int a, int b) { ++calls; return a < b; });
}""",
        """struct P { int key; explicit P(int k) : key(k) {} };
void f(std::vector<int>& x) {
    std::vector<P> v(x.begin(), x.end());
    std::sort(v.begin(), v.end(), [](P const& a, P const& b) { return a.key < b.key; });
    x[0] = v[0].key;
}""",
    ],
    ids=["strings", "bits", "counted comparisons", "not made from nothing"],
)
def test_what_is_not_sorted_so(body: str) -> None:
    with pytest.raises(NotApplicable):
        sorted_by(body)


INDICES = """struct Sample { double weight; int id; };
void f(std::vector<Sample> const& samples, std::vector<int>& order) {
    std::sort(order.begin(), order.end(), [&](int a, int b) {
        if (samples[a].weight != samples[b].weight) {
            return samples[a].weight > samples[b].weight;
        }
        return a < b;
    });
}
"""


def test_keys_are_brought_beside_the_indices() -> None:
    source = decorated(INDICES)
    assert "    struct KeyedIndex {\n        double key;\n        int index;\n    };\n" in source
    assert "        keyed[i] = {samples[order[i]].weight, order[i]};\n" in source
    assert (
        "[](KeyedIndex const& a, KeyedIndex const& b) {\n        if (a.key != b.key) {\n" in source
    )
    assert "        return a.index < b.index;\n    });\n" in source
    assert "        order[i] = keyed[i].index;\n" in source
    assert DecorateSort().variants(parse(source, name="f")) == []


@pytest.mark.parametrize(
    "body",
    [
        """void f(std::vector<int>& v) {
    std::sort(v.begin(), v.end(), [](int a, int b) { return a > b; });
}""",
        """void f(std::vector<int>& v) {
    std::sort(v.begin(), v.end(), [&](int a, int b) { return v[a] < v[b]; });
}""",
        """struct P { int key; };
void f(std::vector<P>& v, std::vector<int> const& x) {
    std::sort(v.begin(), v.end(), [&](P a, P b) { return x[a.key] < x[b.key]; });
}""",
    ],
    ids=["no lookup", "looks itself up", "no indices"],
)
def test_what_is_not_decorated(body: str) -> None:
    assert DecorateSort().variants(parse(HEADERS + body)) == []
