from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.double_buffering import DoubleBuffering
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.time_skewing import TimeSkewing

HEADERS = (
    "#include <cstddef>\n#include <utility>\n#include <vector>\nusing Grid = std::vector<double>;\n"
)
HEAD = "void spread(Grid& a, int rows, int cols, int steps) {\n    Grid b(a.size());\n"
SPREAD = "b[i * cols + j] = a[(i - 1) * cols + j] + a[i * cols + j + 1];"
BACK = "a[i * cols + j] = b[i * cols + j];"
ROD = "void rod(Grid& a, Grid& b, int n, int steps) {\n"


def nest(body: str, rows: str = "rows - 1") -> str:
    return (
        f"        for (int i = 1; i < {rows}; ++i)\n"
        f"            for (int j = 1; j < cols - 1; ++j) {{\n                {body}\n            }}\n"
    )


def stepped(*statements: str, head: str = HEAD) -> str:
    loop = "    for (int t = 0; t < steps; ++t) {\n"
    return f"{HEADERS}{head}{loop}{''.join(statements)}    }}\n}}\n"


def buffered(source: str) -> str:
    return DoubleBuffering().rewrite(parse(source), Options(variant="swap")).source


def skewed(source: str, variant: str = "sequential", **tuning: int) -> Proposal:
    return TimeSkewing().rewrite(parse(source), Options(variant=variant, tuning=tuning))


def test_a_copy_back_becomes_a_swap() -> None:
    text = buffered(stepped(nest(SPREAD), nest(BACK)))
    assert "    Grid b = a;\n" in text
    assert text.endswith(f"{nest(SPREAD)}        a.swap(b);\n    }}\n}}\n")


def test_a_buffer_that_starts_as_a_copy_stays_as_declared() -> None:
    head = HEAD.replace("b(a.size())", "b(a), unused")
    text = buffered(stepped(nest(SPREAD), nest(BACK), head=head))
    assert "Grid b(a), unused;" in text and "a.swap(b);" in text


def test_both_ways_through_a_branch_store() -> None:
    way = f"if (a[i * cols + j] > 0) {{ {SPREAD} }} else b[i * cols + j] = 0;"
    assert "a.swap(b);" in buffered(stepped(nest(way), nest(BACK)))


def around(body: str, declared: str) -> str:
    inner = f"            for (int j = 1; j < cols - 1; ++j) {{\n                {body}\n            }}\n"
    return f"        for (int i = 0; i < rows; ++i) {{\n            {declared}\n{inner}        }}\n"


def test_rows_may_look_their_neighbours_up_first() -> None:
    wrap = "const int up = (i + rows - 1) % rows;"
    spread = "b[i * cols + j] = a[up * cols + j] + a[i * cols + j + 1];"
    back = around(BACK, "")
    assert "a.swap(b);" in buffered(stepped(around(spread, wrap), back))
    with pytest.raises(NotApplicable):
        buffered(stepped(around(spread, wrap), around(BACK, "const int up = steps++;")))
    with pytest.raises(NotApplicable):
        buffered(stepped(around(spread, f"{wrap} if (up > i) continue;"), back))


@pytest.mark.parametrize(
    ("compute", "back"),
    [
        (nest(f"if (a[i * cols + j] > 0) {SPREAD}"), nest(BACK)),
        (nest(f"if (a[i * cols + j] > 0) continue; {SPREAD}"), nest(BACK)),
        (nest(SPREAD), nest(BACK, rows="rows")),
        (nest(SPREAD), nest("a[i * cols + j] = b[i * cols + j + 1];")),
        (nest(SPREAD), nest("a[i * cols + j] = 2 * b[i * cols + j];")),
        (nest(f"{SPREAD} a[i * cols + j] = 0;"), nest(BACK)),
        (nest(SPREAD.replace("a[(", "b[(")), nest(BACK)),
    ],
)
def test_a_step_that_leaves_the_two_grids_unlike_keeps_its_copy(compute: str, back: str) -> None:
    assert DoubleBuffering().variants(parse(stepped(compute, back))) == []


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace("Grid& a", "Grid& a, Grid& b").replace("    Grid b(a.size());\n", ""),
        f"{HEAD}    a[0] = 1;\n",
        f"{HEAD}    double* first = b.data();\n    *first = 1;\n",
        HEAD.replace("{\n", "{\n    Grid& other = a;\n    other[0] = 2;\n"),
        HEAD.replace("Grid b(", "std::vector<float> b("),
    ],
)
def test_a_buffer_that_somebody_else_sees_keeps_its_copy(head: str) -> None:
    assert DoubleBuffering().variants(parse(stepped(nest(SPREAD), nest(BACK), head=head))) == []


def test_a_buffer_that_is_read_afterwards_keeps_its_copy() -> None:
    source = stepped(nest(SPREAD), nest(BACK))
    source = source.removesuffix("}\n") + "    a[0] = b[0];\n}\n"
    assert DoubleBuffering().variants(parse(source)) == []


def test_each_sweep_stays_behind_the_one_before() -> None:
    proposal = skewed(stepped(nest(SPREAD), nest(BACK)), depth=4, elements=1000)
    text = proposal.source
    assert "const std::ptrdiff_t tile = 1000 / std::max<std::ptrdiff_t>(1, cols) + 1;" in text
    assert "for (int t0 = 0; t0 < steps; t0 += 4) {" in text
    assert "const std::ptrdiff_t behind1 = (t - t0) * 2;" in text
    assert "const std::ptrdiff_t behind2 = (t - t0) * 2 + 1;" in text
    assert "const int first2 = std::max<std::ptrdiff_t>(1, at - behind2);" in text
    assert "for (int i = first1; i < last1; ++i)\n" in text
    assert text.count("#pragma omp simd") == 2 and "parallel" not in text
    assert not proposal.speculative


def test_blocks_shrink_and_gaps_grow_in_parallel() -> None:
    text = skewed(stepped(nest(SPREAD), nest(BACK)), "parallel").source
    assert "#pragma omp parallel for schedule(static) if (blocks > 1 + gaps)\n" in text
    assert "((high - low) / 64, 1, omp_get_max_threads())" in text
    assert "#include <omp.h>" in text


def test_swapped_vectors_are_pointers_within_a_tile() -> None:
    source = stepped(nest(SPREAD), "        std::swap(a, b);\n")
    text = skewed(source).source
    assert "auto* a_now = a.data();" in text and "std::swap(a_now, b_now);" in text
    assert "b_now[i * cols + j] = a_now[(i - 1) * cols + j] + a_now[i * cols + j + 1];" in text
    assert "for (int t = t0; t < t1; ++t) {\n            std::swap(a, b);\n" in text


def test_lengths_of_swapped_vectors_are_a_doubt() -> None:
    body = (
        "        for (std::size_t i = 1; i < a.size(); ++i) b[i] = a[i - 1];\n        a.swap(b);\n"
    )
    proposal = skewed(stepped(body, head=ROD))
    assert proposal.speculative and "the same length: a, b" in proposal.reasons_against[0]
    assert "std::max<std::ptrdiff_t>(first, std::min<std::ptrdiff_t>(a.size()" in proposal.source


def test_the_reach_is_the_farthest_row_read() -> None:
    body = "        for (int i = 3; i < n; ++i) b[i] = a[i - 3] + a[i];\n        std::swap(a, b);\n"
    assert "(t - t0) * 3;" in skewed(stepped(body, head=ROD)).source


@pytest.mark.parametrize(
    "body",
    [
        "for (int i = 0; i < n; ++i) b[i] = a[(i + 1) % n];",
        "for (int i = 0; i < n; ++i) b[i] = a[n - 1 - i];",
        "for (int i = 1; i < n; ++i) a[i] = a[i - 1];",
        "for (int i = t; i < n; ++i) b[i] = a[i];",
        "for (int i = 20; i < n; ++i) b[i] = a[i - 20];",
        "for (int i = 1; i < n; ++i) b[i] = a[i - 1];\n        b[0] = a[0];",
        "for (int i = 1; i < n; ++i) b[i] = a[2 * i];",
        "double s = a[0];\n        for (int i = 1; i < n; ++i) b[i] = s * a[i];",
    ],
)
def test_steps_without_a_fixed_reach_are_left_alone(body: str) -> None:
    source = stepped(f"        {body}\n        std::swap(a, b);\n", head=ROD)
    assert TimeSkewing().variants(parse(source)) == []


def test_columns_that_reach_into_the_next_row_count_as_that_row() -> None:
    wide = nest("b[i * cols + j] = a[i * cols + j + 2];")
    text = skewed(stepped(wide, "        a.swap(b);\n")).source
    assert "behind = t - t0;" in text
    unknown = nest("b[i * cols + j] = a[i * cols + j + rows];")
    source = stepped(unknown, "        a.swap(b);\n")
    assert TimeSkewing().variants(parse(source)) == []


@pytest.mark.parametrize("variant", ["parallel", "sequential"])
def test_what_is_in_tiles_is_left_alone(variant: str) -> None:
    parsed = parse(skewed(stepped(nest(SPREAD), nest(BACK)), variant).source)
    assert TimeSkewing().variants(parsed) == []
    with pytest.raises(NotApplicable):
        TimeSkewing().rewrite(parsed, Options(variant=variant))


def test_only_what_is_proved_gets_vector_lanes() -> None:
    head = "void rod(double* a, double* b, int n, int steps) {\n"
    body = (
        "        for (int i = 1; i < n; ++i) b[i] = a[i - 1];\n"
        "        for (int i = 1; i < n; ++i) a[i] = b[i];\n"
    )
    proposal = skewed(stepped(body, head=head))
    assert proposal.speculative and "simd" not in proposal.source


def test_rows_of_uneven_length_make_tiles_of_rows() -> None:
    head = "void wedge(std::vector<Grid>& a, int n, int steps) {\n"
    body = (
        "        for (int i = 1; i < n; ++i)\n"
        "            for (int j = 0; j < i; ++j) a[i][j] += 1;\n"
        "        for (int i = 2; i < n; ++i) a[i][0] -= 2;\n"
    )
    text = skewed(stepped(body, head=head)).source
    assert "const std::ptrdiff_t tile = 16384;" in text


def test_a_number_of_steps_that_a_step_changes_is_no_bound() -> None:
    source = stepped(
        "        for (int i = 1; i < n; ++i) b[i] = a[i - 1];\n        a.swap(b);\n", head=ROD
    )
    assert TimeSkewing().variants(parse(source))
    source = source.replace("t < steps", "t < static_cast<int>(a.size())")
    assert TimeSkewing().variants(parse(source)) == []
