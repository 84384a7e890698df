import json

import pytest

from parallel_agent.settings import SettingsError
from parallel_agent.training.data.corpus import near_suites, texts
from parallel_agent.training.data.mutating import originals
from parallel_agent.training.data.near import NearSuite, resemblance, shingles
from parallel_agent.training.data.tokens import abstract, fingerprint

KERNEL = """// Wind chill of every station.
#include <cmath>
#include <vector>

void windChill(std::vector<double> const& warmth, std::vector<double>& felt, double wind) {
    for (std::size_t i = 0; i < warmth.size(); ++i) {
        const double gust = std::pow(wind, 0.16);
        felt[i] = 13.12 + 0.6215 * warmth[i] - 11.37 * gust + 0.3965 * warmth[i] * gust;
    }
}
"""
SAME = """#include <vector>
#include <cmath>
/* other names, constants, types and lines */
void f(std::vector<float> const& a,
       std::vector<float>& b, float w) {
  for (int k = 0; k < a.size(); ++k) {
    const float g = std::pow(w, 0.2f);
    b[k] = 1.5f + 2.5f * a[k] - 3.5f * g + 4.5f * a[k] * g;
  }
}
"""
EDITED = KERNEL.replace("std::pow(wind, 0.16)", "std::sqrt(wind)").replace(" - 11.37 * gust", "")


def test_names_literals_and_arithmetic_types_are_alike():
    assert abstract("unsigned long long n = 3;") == abstract("double x = 0x1f;")
    assert abstract("std::max(a, b)") != abstract("std::min(a, b)")
    assert abstract("v.push_back(1)") != abstract("v.pop_back(1)")


def test_a_fingerprint_ignores_names_and_layout_and_nothing_else():
    assert fingerprint("int a = b + 1; // sum") == fingerprint("int  x = y + 1;")
    assert fingerprint("int a = b + 1;") != fingerprint("int a = a + 1;")
    assert fingerprint("int a = b + 1;") != fingerprint("int a = b + 2;")
    assert fingerprint("int a = b + 1;") != fingerprint("long a = b + 1;")


def test_the_same_kernel_in_other_words_is_a_near_duplicate():
    suite = NearSuite([("windChill", KERNEL)])
    assert resemblance(shingles(KERNEL), shingles(SAME)) == 1.0
    for text in (SAME, EDITED):
        found = suite.of(text)
        assert found is not None
        assert found.name == "windChill"


def test_a_kernel_that_contains_another_is_a_near_duplicate():
    other = originals()[20].source
    suite = NearSuite([("windChill", KERNEL)])
    found = suite.of(KERNEL + other)
    assert found is not None
    assert found.containment == 1.0


def test_hardly_any_two_bundled_kernels_are_near_duplicates():
    kernels = originals()
    near = {
        frozenset((one.name, found.name))
        for one in kernels
        if (found := NearSuite((o.name, o.source) for o in kernels if o is not one).of(one.source))
    }
    # breadth-first search twice, a sort by two keys twice and within a scan, sums over rows twice
    assert near == {
        frozenset(("relay_hops", "transfer_hops")),
        frozenset(("order_print_jobs", "rank_hits")),
        frozenset(("pareto_front", "rank_hits")),
        frozenset(("second_moments", "diagonal_product")),
    }


def test_sources_are_read_from_all_that_a_suite_may_be(tmp_path):
    folder = tmp_path / "kernels"
    folder.mkdir()
    (folder / "chill.cpp").write_text(KERNEL)
    assert texts(str(folder)) == [("chill", KERNEL)]
    assert texts(str(folder / "chill.cpp")) == [("chill", KERNEL)]
    for name, content in {
        "list.json": json.dumps([{"name": "a", "source": KERNEL}]),
        "toolkit.json": json.dumps([{"name": "a", "problem_type": "x", "src_code": KERNEL}]),
        "map.json": json.dumps({"a": KERNEL}),
        "lines.jsonl": json.dumps({"kernel": "a", "src_code": KERNEL}) + "\n",
    }.items():
        (tmp_path / name).write_text(content)
        assert texts(str(tmp_path / name)) == [("a", KERNEL)], name
    assert len(texts("bundled")) == len(originals())
    suite = near_suites([str(folder), str(tmp_path / "list.json")])
    assert suite is not None
    assert len(suite) == 2
    assert near_suites([]) is None


@pytest.mark.parametrize("content", ["[1]", "[]", "{", '"text"', '[{"name": "a"}]'])
def test_what_holds_no_sources_is_an_error_that_says_so(tmp_path, content):
    file = tmp_path / "suite.json"
    file.write_text(content)
    with pytest.raises(SettingsError) as error:
        texts(str(file))
    assert error.value.hint
