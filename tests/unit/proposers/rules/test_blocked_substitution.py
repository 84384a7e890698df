from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.blocked_substitution import BlockedSubstitution
from parallel_agent.proposers.rules.strategy import NotApplicable, Options

HEADERS = "#include <cstddef>\n#include <vector>\n"
FORWARD = """
void settle(const std::vector<double>& lower, const std::vector<double>& load,
            std::vector<double>& shift, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        double rest = load[i];
        for (std::size_t j = 0; j < i; ++j) {
            rest -= lower[i * n + j] * shift[j];
        }
        shift[i] = rest / lower[i * n + i];
    }
}
"""
BACKWARD = """
void back(const std::vector<double>& upper, std::vector<double>& x, int n) {
    for (int i = n - 1; i >= 0; --i) {
        const double* row = upper.data() + i * n;
        double sum = 0;
        for (int j = i + 1; j < n; ++j)
            sum += row[j] * x[j];
        x[i] = (x[i] - sum) / row[i];
    }
}
"""
COUNTED_DOWN = """
void down(const std::vector<std::vector<double>>& upper, std::vector<double>& x) {
    for (std::size_t i = x.size(); i-- > 0;) {
        for (std::size_t j = i + 1; j < x.size(); ++j) {
            x[i] -= upper[i][j] * x[j];
        }
        x[i] /= upper[i][i];
    }
}
"""
POINTERS = """
void plain(int n, const double* l, const double* b, double* x) {
    int i, j;
    for (i = 0; i < n; i++) {
        x[i] = b[i];
        for (j = 0; j < i; j++)
            x[i] -= l[j * n + i] * x[j];
        x[i] = x[i] / l[i * n + i];
    }
}
"""
MANY = """
void many(const std::vector<double>& lower, std::vector<double>& x, int n, int m) {
    for (int r = 0; r < m; ++r) {
        for (int i = 0; i < n; ++i) {
            double rest = x[i * m + r];
            for (int j = 0; j < i; ++j) rest -= lower[i * n + j] * x[j * m + r];
            x[i * m + r] = rest;
        }
    }
}
"""


def offered(source: str) -> list[str]:
    return BlockedSubstitution().variants(parse(HEADERS + source))


def written(source: str, variant: str, **tuning: int) -> str:
    parsed = parse(HEADERS + source)
    assert variant in BlockedSubstitution().variants(parsed)
    text = BlockedSubstitution().rewrite(parsed, Options(variant=variant, tuning=tuning)).source
    assert BlockedSubstitution().variants(parse(text)) == []
    return text


def test_forward_by_groups_keeps_the_order_of_terms() -> None:
    source = written(FORWARD, "sequential", group=4)
    assert "constexpr std::size_t group = 4;" in source
    assert "sums[k] = load[i];" in source
    assert "sums[k] -= lower[i * n + j] * shift[j];" in source
    assert "double rest = sums[i - first];" in source
    assert "for (std::size_t j = first; j < i; ++j) {" in source
    assert "for (std::size_t i = first; i < n; ++i) {" in source
    proposal = BlockedSubstitution().rewrite(parse(HEADERS + FORWARD), Options(variant="parallel"))
    assert not proposal.speculative and proposal.reasons_against == ()


def test_forward_by_blocks_keeps_sums_in_the_unknowns() -> None:
    source = written(FORWARD, "parallel", block=128)
    assert "constexpr std::size_t block = 128;" in source
    assert "#pragma omp parallel for schedule(static) if (start >= 4 * block)" in source
    assert "shift[i] = load[i];" in source
    assert "known" not in source.replace("are known to", "")


def test_backward_keeps_old_unknowns_until_they_are_used() -> None:
    source = written(BACKWARD, "parallel")
    assert "std::vector<double> known(std::max<int>(0, n));" in source
    assert "double sum = known[i];" in source
    assert "for (int j = i + 1; j < last; ++j) {" in source
    assert source.count("const double* row = upper.data() + i * n;") == 3


def test_backward_adds_in_another_order() -> None:
    parsed = parse(HEADERS + BACKWARD)
    proposal = BlockedSubstitution().rewrite(parsed, Options(variant="sequential"))
    assert any("another order" in reason for reason in proposal.reasons_against)
    assert "for (int i = last - 1; i >= 0; --i) {" in proposal.source


def test_a_loop_that_counts_down_in_its_condition() -> None:
    source = written(COUNTED_DOWN, "sequential")
    assert "std::size_t last = x.size();" in source
    assert "for (std::size_t i = last; i-- > 0;) {" in source


def test_bounds_keep_their_meaning_in_differences() -> None:
    limits = BACKWARD.replace("i = n - 1; i >= 0", "i = n - 1; i >= n / 4 + 1")
    source = written(limits, "parallel")
    assert "const int start = stop - (n / 4 + 1) > block ? stop - block : n / 4 + 1;" in source
    shifted = BACKWARD.replace("int i = n - 1;", "int i = n / 2;").replace("j < n;", "j <= n / 2;")
    assert "int last = (n / 2) + 1;" in written(shifted, "sequential")


def test_raw_pointers_are_a_doubt() -> None:
    proposal = BlockedSubstitution().rewrite(parse(HEADERS + POINTERS), Options(variant="parallel"))
    assert proposal.speculative
    assert "could overlap with b, l" in proposal.reasons_against[0]
    assert "for (int j = from; j < to; ++j) {" in proposal.source


def test_threads_are_left_to_the_loop_over_right_hand_sides() -> None:
    assert offered(MANY) == ["sequential"]
    assert "#pragma" not in written(MANY, "sequential")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("j < i; ++j", "j <= i; ++j"),  # reads the old value of the unknown
        ("j < i; ++j", "j < n; ++j"),  # a sweep that reads old and new values
        ("j < i; ++j", "j + 1 < i; ++j"),
        ("shift[j];", "shift[i - 1 - j];"),
        ("shift[j];", "shift[j + 1];"),
        ("rest -= lower", "rest *= lower"),
        ("rest -= lower", "rest = rest * 0.5 - lower"),
        ("* shift[j];", "* shift[j] * rest;"),  # every term needs the sum so far
        ("shift[i] = rest", "if (lower[i * n + i] == 0) return;\n        shift[i] = rest"),
        ("shift[i] = rest", "shift[0] = rest"),
        ("double rest = load[i];", "double rest = i > 0 ? shift[i - 1] : 0;"),
        ("j = 0;", "j = i / 2;"),  # where a row starts moves
        ("++i) {", "i += 2) {"),
        ("std::size_t j = 0", "std::size_t j = 1"),  # row 0 has no column to start from
    ],
)
def test_what_is_no_substitution_stays(old: str, new: str) -> None:
    source = FORWARD.replace(old, new, 1)
    assert source != FORWARD
    assert offered(source) == []
    with pytest.raises(NotApplicable):
        BlockedSubstitution().rewrite(parse(HEADERS + source), Options(variant="parallel"))
