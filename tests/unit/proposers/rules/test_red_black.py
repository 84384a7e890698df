from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.red_black import RedBlack
from parallel_agent.proposers.rules.strategy import NotApplicable, Options

HEADERS = "#include <algorithm>\n#include <cmath>\n#include <cstddef>\n#include <vector>\n"
TESTED = """
double settle(std::vector<double>& u, const std::vector<double>& f, int rows, int cols) {
    double worst = 0;
    for (int colour = 0; colour < 2; ++colour) {
        for (int i = 1; i < rows - 1; ++i) {
            for (int j = 1; j < cols - 1; ++j) {
                if ((i + j) % 2 == colour) {
                    const double next = 0.25 * (u[(i - 1) * cols + j] + u[(i + 1) * cols + j] +
                                                u[i * cols + j - 1] + u[i * cols + j + 1]);
                    worst = std::max(worst, std::fabs(next - u[i * cols + j]));
                    u[i * cols + j] = next + f[i * cols + j];
                }
            }
        }
    }
    return worst;
}
"""
SKIPPED = """
void settle(std::vector<std::vector<double>>& u, std::size_t n, std::size_t m) {
    for (unsigned c = 0; c <= 1; c++)
        for (std::size_t i = 1; i < n; ++i)
            for (std::size_t j = 1; j < m; ++j) {
                if (((i + j + c) & 1) != 0) continue;
                u[i][j] = 0.5 * (u[i - 1][j] + u[i][j - 1]);
            }
}
"""
STRIDED = """
void settle(double* u, const double* f, int n, int m, int sweeps) {
    for (int s = 0; s < 2 * sweeps; ++s) {
        for (int i = 1; i < n - 1; ++i) {
            for (int j = 1 + (i + s) % 2; j < m - 1; j += 2) {
                u[i * m + j] = u[i * m + j + 1] + u[(i + 1) * m + j] - f[i * m + j];
            }
        }
    }
}
"""
CUBE = """
void settle(std::vector<float>& u, int n) {
    for (int c = 0; c < 2; ++c)
        for (int i = 1; i < n - 1; ++i)
            for (int j = 1; j < n - 1; ++j)
                for (int k = 1; k < n - 1; ++k)
                    if ((i + j + k) % 2 == c)
                        u[(i * n + j) * n + k] = u[(i * n + j) * n + k - 1] +
                                                 u[(i * n + j + 1) * n + k] +
                                                 u[((i - 1) * n + j) * n + k];
}
"""


def offered(source: str) -> list[str]:
    return RedBlack().variants(parse(HEADERS + source))


def written(source: str) -> str:
    parsed = parse(HEADERS + source)
    proposal = RedBlack().rewrite(parsed, Options(variant="parallel"))
    assert offered(proposal.source.replace(HEADERS, "")) == []
    return proposal.source


def test_the_test_of_the_colour_becomes_a_start() -> None:
    source = written(TESTED)
    assert "        #pragma omp parallel for reduction(max : worst) schedule(static)\n" in source
    assert "for (int j = (i + 1) % 2 == colour ? 1 : 2; j < cols - 1; j += 2) {" in source
    assert "if (" not in source
    assert "                const double next = 0.25" in source
    proposal = RedBlack().rewrite(parse(HEADERS + TESTED), Options(variant="parallel"))
    assert not proposal.speculative


def test_a_test_that_skips_the_other_colour() -> None:
    source = written(SKIPPED)
    assert "for (std::size_t j = ((i + 1 + c) & 1) != 0 ? 2 : 1; j < m; j += 2) {" in source
    assert "continue" not in source
    assert "                u[i][j] = 0.5 * (u[i - 1][j] + u[i][j - 1]);" in source


def test_steps_of_two_stay_as_they_are() -> None:
    source = written(STRIDED)
    assert "        #pragma omp parallel for schedule(static)\n        for (int i = 1;" in source
    assert "for (int j = 1 + (i + s) % 2; j < m - 1; j += 2) {" in source
    proposal = RedBlack().rewrite(parse(HEADERS + STRIDED), Options(variant="parallel"))
    assert proposal.speculative  # f may overlap u


def test_three_dimensions() -> None:
    source = written(CUBE)
    assert "for (int k = (i + j + 1) % 2 == c ? 1 : 2; k < n - 1; k += 2)" in source
    proposal = RedBlack().rewrite(parse(HEADERS + CUBE), Options(variant="parallel"))
    assert not proposal.speculative


def test_rows_that_may_reach_into_each_other_are_a_supposition() -> None:
    source = TESTED.replace("j < cols - 1", "j < rows - 1")
    proposal = RedBlack().rewrite(parse(HEADERS + source), Options(variant="parallel"))
    assert proposal.speculative
    assert "do not reach into each other" in proposal.reasons_against[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("u[(i - 1) * cols + j]", "u[(i - 1) * cols + j - 1]"),  # the same colour
        ("u[(i - 1) * cols + j]", "u[(i - 2) * cols + j]"),
        ("(i + j) % 2 == colour", "(i + j) % 3 == colour"),
        ("(i + j) % 2 == colour", "(i + 2 * j) % 2 == colour"),  # by rows
        ("(i + j) % 2 == colour", "i % 2 == colour"),
        ("(i + j) % 2 == colour", "(i * j) % 2 == colour"),
        ("(i + j) % 2 == colour", "(i - j) % 2 == colour"),  # -1 is odd, too
        ("(i + j) % 2 == colour", "u[i * cols + j] > colour"),
        ("if ((i + j) % 2 == colour) {", "{"),  # no colours: another computation
        ("colour < 2", "colour < 3"),  # colour 2 has no cells
        ("u[i * cols + j] = next + f", "u[i * cols + j + 1] = next + f"),
        ("worst = std::max(worst, std::fabs(next - u[i * cols + j]));", "if (next > 9) return 1;"),
        (
            "worst = std::max(worst, std::fabs(next - u[i * cols + j]));",
            "worst = worst / 2 + next;",
        ),
    ],
)
def test_what_does_not_stay_within_a_colour_is_left_alone(old: str, new: str) -> None:
    source = TESTED.replace(old, new, 1)
    assert source != TESTED
    assert offered(source) == []
    with pytest.raises(NotApplicable):
        RedBlack().rewrite(parse(HEADERS + source), Options(variant="parallel"))


@pytest.mark.parametrize(
    "start", ["1 + i * s % 2", "1 + (2 * i + s) % 2", "1 + (i / 2 + s) % 2", "1", "1 + s % 2"]
)
def test_a_start_that_is_no_colour(start: str) -> None:
    assert offered(STRIDED.replace("1 + (i + s) % 2", start)) == []
