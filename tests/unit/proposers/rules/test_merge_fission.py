from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.merge_fission import MergeFission
from parallel_agent.proposers.rules.strategy import Options

HEADERS = "#include <cstddef>\n#include <vector>\nstruct Line { int account; double due; };\n"
MERGE = """void book(std::vector<Line> const& p, std::vector<Line> const& q, std::vector<double>& sums) {
    std::size_t i = 0, j = 0;
    while (i < p.size() && j < q.size()) {
        if (p[i].account == q[j].account) {
            sums[q[j].account] += 2 * p[i].due + q[j].due;
            i++;
            j += 1;
        } else if (q[j].account > p[i].account) {
            sums[p[i].account] += 2 * p[i].due;
            ++i;
        } else {
            sums[q[j].account] += q[j].due;
            ++j;
        }
    }
    for (; i < p.size(); ++i) sums[p[i].account] += 2 * p[i].due;
    while (j < q.size()) {
        sums[q[j].account] += q[j].due;
        ++j;
    }
}
"""


def variants(body: str) -> list[str]:
    return MergeFission().variants(parse(HEADERS + body))


def test_the_loops_behind_the_merge_do_all_of_it() -> None:
    assert variants(MERGE) == ["one_list_at_a_time"]
    found = MergeFission().rewrite(parse(HEADERS + MERGE), Options())
    start, end = MERGE.index("    while (i < p.size() &&"), MERGE.index("    for (; i")
    comment = (
        "    // Each element is added once, in whatever order: no need to merge, and no branch\n"
        "    // on keys in an order that the processor cannot predict.\n"
    )
    assert found.source == HEADERS + MERGE[:start] + comment + MERGE[end:]
    assert not found.speculative
    assert variants(found.source.removeprefix(HEADERS)) == []


@pytest.mark.parametrize(
    ("reason", "old", "new"),
    [
        ("equal keys add something else", "2 * p[i].due + q[j].due", "p[i].due + q[j].due"),
        ("equal keys are skipped", "sums[q[j].account] += 2 * p[i].due + q[j].due;", ""),
        ("it overwrites", "sums[q[j].account] += 2 *", "sums[q[j].account] = 2 *"),
        (
            "the rest of a list is dropped",
            "    for (; i < p.size(); ++i) sums",
            "    if (i > 0) sums",
        ),
        ("it ends sooner", "while (j < q.size()) {", "while (j + 1 < q.size()) {"),
        (
            "it adds elsewhere",
            "sums[p[i].account] += 2 * p[i].due;\n            ++i",
            "sums[i] += 2 * p[i].due;\n            ++i",
        ),
        ("it steps twice", "j += 1;", "j += 2;"),
        (
            "it steps in the wrong list",
            "q[j].account > p[i].account",
            "q[j].account < p[i].account",
        ),
        (
            "it reads the sums",
            "sums[q[j].account] += q[j].due;\n            ++j",
            "sums[q[j].account] += sums[0];\n            ++j",
        ),
    ],
)
def test_a_merge_that_does_more_is_left_alone(reason: str, old: str, new: str) -> None:
    assert old in MERGE
    assert variants(MERGE.replace(old, new, 1)) == [], reason
