from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.parallel_merge import ParallelMerge
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal

HEADERS = "#include <cstddef>\n#include <vector>\nstruct Stop { int minute; int line; };\n"
HEAD = (
    "void f(std::vector<{type}> const& a, std::vector<{type}> const& b, "
    "std::vector<{type}>& out, int n, int m) {{\n"
)
POSITIONS = "    std::size_t i = 0, j = 0, k = 0;\n"
WHILE = "    while (i < a.size() && j < b.size()) {\n"
TAILS = (
    "    while (i < a.size()) out[k++] = a[i++];\n    while (j < b.size()) {\n"
    "        out[k] = b[j];\n        ++j;\n        ++k;\n    }\n"
)
CHOICE = "        out[k++] = a[i] <= b[j] ? a[i++] : b[j++];\n    }\n"
PLAIN = POSITIONS + WHILE + CHOICE + TAILS


def source(body: str, type_: str = "int") -> str:
    return f"{HEADERS}{HEAD.format(type=type_)}{body}}}\n"


def rewritten(body: str, type_: str = "int") -> Proposal:
    return ParallelMerge().rewrite(parse(source(body, type_)), Options(variant="merge_path"))


def test_pieces_run_the_loops_of_the_original_between_their_own_ends() -> None:
    assert ParallelMerge().variants(parse(source(PLAIN))) == ["merge_path"]
    proposal = rewritten(PLAIN)
    assert not proposal.speculative
    text = proposal.source
    assert "std::size_t i = 0" not in text
    assert "unordered += (a[at - 1] <= a[at]) ? 0 : 1;" in text
    assert "                if (a[i] <= b[j]) {\n                    low = i + 1;" in text
    assert "            while (i < i_end && j < j_end) {\n" in text
    assert "            while (i < i_end) out[k++] = a[i++];\n" in text
    assert "            while (j < j_end) {\n" in text


def test_its_own_pieces_are_no_merge_of_whole_ranges() -> None:
    assert ParallelMerge().variants(parse(rewritten(PLAIN).source)) == []


def test_the_side_that_wins_ties_is_the_one_that_the_comparison_says() -> None:
    strict = rewritten(PLAIN.replace("a[i] <= b[j]", "!(b[j] < a[i])")).source
    assert "if (b[j] < a[i]) {\n                    low = j + 1;" in strict
    assert "high = j;" in strict
    assert "unordered += (b[at - 1] >= b[at])" not in strict
    assert "unordered += (b[at - 1] <= b[at])" in strict


def test_one_loop_over_all_keeps_its_conditions() -> None:
    body = (
        "    int i = 0, j = 0;\n    for (int k = 0; k < n + m; ++k) {\n"
        "        if (j == m || (i < n && a[i].minute < b[j].minute)) {\n"
        "            out[k] = a[i++];\n        } else {\n            out[k] = b[j++];\n        }\n    }\n"
    )
    text = rewritten(body, "Stop").source
    assert "            for (int k = begin; k < end; ++k) {\n" in text
    assert "if (j == m || (i < n && a[i].minute < b[j].minute)) {" in text
    assert "int i = taken(begin);" in text
    assert "a[at - 1].minute <= a[at].minute" in text


def test_a_loop_until_both_are_done_may_push() -> None:
    body = (
        "    std::vector<Stop> all;\n    std::size_t i = 0;\n    std::size_t j = 0;\n"
        "    while (i < a.size() || j < b.size()) {\n"
        "        if (i == a.size()) {\n            all.push_back(b[j]);\n            ++j;\n"
        "        } else if (j == b.size() || a[i].minute >= b[j].minute) {\n"
        "            all.push_back(a[i]);\n            ++i;\n"
        "        } else {\n            all.push_back(b[j]);\n            ++j;\n        }\n    }\n"
        "    out.swap(all);\n"
    )
    text = rewritten(body, "Stop").source
    assert "all.resize(done + total);" in text
    assert "                    all[k++] = a[i];\n" in text
    assert "a[at - 1].minute >= a[at].minute" in text


def test_any_other_order_is_a_supposition() -> None:
    several = "a[i].minute < b[j].minute || (a[i].minute == b[j].minute && a[i].line <= b[j].line)"
    proposal = rewritten(PLAIN.replace("a[i] <= b[j]", f"({several})"), "Stop")
    assert proposal.speculative
    assert "this must put elements in an order" in proposal.reasons_against[0]
    assert "a[at - 1].minute < a[at].minute ||" in proposal.source
    lambda_ = (
        "    auto before = [](Stop const& x, Stop const& y) { return x.minute < y.minute; };\n"
    )
    called = lambda_ + PLAIN.replace("a[i] <= b[j]", "!before(b[j], a[i])")
    assert "if (before(b[j], a[i])) {" in rewritten(called, "Stop").source


def test_keys_that_the_original_may_never_read_are_a_doubt() -> None:
    proposal = rewritten(PLAIN.replace("a[i] <= b[j]", "n / a[i] <= n / b[j]"))
    assert proposal.speculative
    assert "keys are read of what is left of a range, too" in proposal.reasons_against[0]


UNION = (
    "        if (a[i] < b[j]) out[k++] = a[i++];\n"
    "        else if (b[j] < a[i]) out[k++] = b[j++];\n"
    "        else { out[k++] = a[i++]; ++j; }\n    }\n"
)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(POSITIONS + WHILE + UNION + TAILS, id="a union"),
        pytest.param(POSITIONS + WHILE + CHOICE, id="the rest is dropped"),
        pytest.param(PLAIN.replace("while (i < a", "while (i + 1 < a"), id="one is left"),
        pytest.param(PLAIN.replace("= b[j];", "= -b[j];"), id="the rest is moved otherwise"),
        pytest.param(PLAIN.replace("i = 0, j", "i = 1, j"), id="another start"),
        pytest.param(PLAIN.replace("a[i] <= b[j]", "a[i] == b[j]"), id="no order"),
        pytest.param(PLAIN.replace("a[i] <= b[j]", "i <= j"), id="compared by position"),
        pytest.param(PLAIN.replace("a[i] <= b[j]", "a[i] <= out[j]"), id="what is written is read"),
        pytest.param(PLAIN.replace("a[i] <= b[j]", "a[i] <= b[j + 1]"), id="another neighbour"),
        pytest.param(PLAIN.replace("j < b", "j < 9 && j < b", 1), id="two ends"),
        pytest.param(PLAIN + "    out[i] = 0;\n", id="a position is used later"),
        pytest.param(PLAIN.replace(": b[j++]", ": b[++j]"), id="stepped before"),
        pytest.param(PLAIN.replace(": b[j++]", ": a[i++]"), id="one range"),
        pytest.param(
            PLAIN.replace(CHOICE, "        if (a[i] < 0) break;\n" + CHOICE), id="an early exit"
        ),
        pytest.param(
            PLAIN.replace(CHOICE, "        if (a[i] < 0) { ++i; continue; }\n" + CHOICE), id="skips"
        ),
        pytest.param(f"    for (int r = 0; r < n; ++r) {{\n{PLAIN}    }}\n", id="in a loop"),
        pytest.param(
            "    int i = 0, j = 0;\n    for (int k = 0; k < n; ++k)\n"
            "        out[k] = j == m || (i < n && a[i] <= b[j]) ? a[i++] : b[j++];\n",
            id="a part of the result",
        ),
    ],
)
def test_near_misses(body: str) -> None:
    parsed = parse(source(body))
    assert ParallelMerge().variants(parsed) == []
    with pytest.raises(NotApplicable):
        ParallelMerge().rewrite(parsed, Options(variant="merge_path"))


def test_bits_share_words() -> None:
    assert ParallelMerge().variants(parse(source(PLAIN, "bool"))) == []
