"""Loops of C style: declarations move inwards, counting loops count in their headers, pointers stand still."""

from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules import registry
from parallel_agent.proposers.rules.chain import label, openings
from parallel_agent.proposers.rules.induction_variables import InductionVariables
from parallel_agent.proposers.rules.strategy import NotApplicable, Options

HEAD = """#include <algorithm>
#include <vector>
struct Cell { double mass; int kind; };
double touch(double& place);
void keep(const int* place);
"""


def source(body: str, parameters: str) -> str:
    return f"{HEAD}void f({parameters}) {{\n{body}\n}}\n"


def rewritten(body: str, parameters: str = "int n, const double* x, double* y") -> str:
    strategy = InductionVariables()
    text = strategy.rewrite(parse(source(body, parameters)), Options(variant="local")).source
    assert strategy.variants(parse(text)) == [], text
    start = text.index(f"f({parameters}) {{\n") + len(f"f({parameters}) {{\n")
    return text[start:-3]


def test_loop_variables_and_the_values_of_an_iteration_move_inwards() -> None:
    text = rewritten("""    int i, j;
    double acc, *row;

    for (i = 0; i < n; i++) {
        row = y + i * n;
        acc = 0.0;
        for (j = 0; j < n; j++)
            acc += x[j];
        row[i] = acc;
    }
    for (i = 0; i < n; i++)
        y[i] += 1;""")
    assert (
        text
        == """    for (int i = 0; i < n; i++) {
        double *row = y + i * n;
        double acc = 0.0;
        for (int j = 0; j < n; j++)
            acc += x[j];
        row[i] = acc;
    }
    for (int i = 0; i < n; i++)
        y[i] += 1;"""
    )


@pytest.mark.parametrize(
    ("header", "final"),
    [("i = 0; i < n", "n > 0 ? n : 0"), ("i = m; i <= n - 1", "(n - 1) >= m ? (n - 1) + 1 : m")],
)
def test_a_variable_that_is_read_after_its_loop_gets_its_last_value(
    header: str, final: str
) -> None:
    text = rewritten(f"    int i;\n    for ({header}; ++i) y[i] = 1;\n    y[i] = 0;",
                     "int n, int m, double* y")  # fmt: skip
    assert text == f"    for (int {header}; ++i) y[i] = 1;\n    int i = {final};\n    y[i] = 0;"


def test_a_variable_that_is_only_set_again_needs_no_last_value() -> None:
    text = rewritten("""    int i, t;
    for (t = 0; t < 9; t++) {
        for (i = 0; i < n; i++) y[i] += x[i];
        if (y[0] > 9) break;
        for (i = 1; i < n; i++) y[i] += y[i - 1];
    }""")
    assert (
        text
        == """    for (int t = 0; t < 9; t++) {
        for (int i = 0; i < n; i++) y[i] += x[i];
        if (y[0] > 9) break;
        for (int i = 1; i < n; i++) y[i] += y[i - 1];
    }"""
    )


def test_what_stays_behind_keeps_its_declaration() -> None:
    text = rewritten(
        "    int i, last = 3, j;\n    for (i = 0; i < n; i++) last = i + last;\n"
        "    for (j = 0; j < last; ++j) y[j] = x[j];"
    )
    assert text == (
        "    int last = 3;\n    for (int i = 0; i < n; i++) last = i + last;\n"
        "    for (int j = 0; j < last; ++j) y[j] = x[j];"
    )


@pytest.mark.parametrize(
    ("loop", "header"),
    [
        ("int i = 0;\n    while (i < n) {\n        y[i] = x[i];\n        i++;\n    }",
         "for (int i = 0; i < n; i++) {\n        y[i] = x[i];\n    }"),
        ("int i = n - 1;\n    for (; i >= 0; --i) y[i] = x[i];",
         "for (int i = n - 1; i >= 0; --i) y[i] = x[i];"),
        ("int i;\n    i = 0;\n    y[n] = 0;\n    while (i < n) y[i++] = 1;",
         "y[n] = 0;\n    for (int i = 0; i < n; i++) y[i] = 1;"),
        ("for (int i = 0; i != n;) { y[i] = x[i]; i += 1; }",
         "for (int i = 0; i != n; i++) { y[i] = x[i]; }"),
        ("int i = 2;\n    do {\n        y[i] = x[i];\n        ++i;\n    } while (i < n);",
         "for (int i = 2; i < std::max<int>(n, 2 + 1); i++) {\n        y[i] = x[i];\n    }"),
    ],
)  # fmt: skip
def test_loops_that_count_become_for_loops(loop: str, header: str) -> None:
    assert rewritten(f"    {loop}").strip() == header


def test_a_loop_inside_a_counting_loop_counts_too() -> None:
    text = rewritten("""    int i = 0, j;
    while (i < n) {
        j = 0;
        while (j < i) { y[i * n + j] = x[j]; j++; }
        i++;
    }""")
    assert (
        text
        == """    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) { y[i * n + j] = x[j]; }
    }"""
    )


@pytest.mark.parametrize(
    ("loop", "written"),
    [
        ("const double* end = x + n;\n    while (x < end) *y++ = 2 * *x++;",
         "for (int i = 0; i < n; ++i) y[i] = 2 * x[i];"),
        ("const double *p;\n    for (p = x; p != x + n; ++p) { *y += p[1] * (p - x); }",
         "for (int i = 0; i < n; ++i) { *y += (x + i)[1] * ((x + i) - x); }"),
        ("int i;\n    for (i = 0; i < n; i++) { *y++ = x[i]; y[0] = *y + 1; }",
         "for (int i = 0; i < n; i++) { y[i] = x[i]; (y + i + 1)[0] = y[i + 1] + 1; }"),
        ("for (int i = 0; i < n; i++) { if (*x++ > 0) y[i] = *x; }",
         "for (int i = 0; i < n; i++) { if (x[i] > 0) y[i] = x[i + 1]; }"),
    ],
)  # fmt: skip
def test_moving_pointers_become_subscripts(loop: str, written: str) -> None:
    assert rewritten(f"    {loop}").strip() == written


@pytest.mark.parametrize(
    "loop",
    [
        "while (n-- > 0) { *y++ = *x++; }",
        "while (n--) { *y++ = *x++; }",
        "for (; n > 0; --n) { *y++ = *x++; }",
        "while (n != 0) { n -= 1; *y++ = *x++; }",
    ],
)
def test_what_is_counted_down_becomes_a_bound(loop: str) -> None:
    text = rewritten(f"    {loop}").strip()
    assert text == "for (int i = 0; i < n; ++i) { y[i] = x[i]; }"


def test_a_loop_that_ends_early_may_never_meet_its_bound() -> None:
    body = "{ if (*x > 0) break; ++x; }"
    assert (
        rewritten(f"    while (x != y) {body}")
        .strip()
        .startswith("for (std::ptrdiff_t i = 0; i != y - x;")
    )
    assert rewritten(f"    while (n--) {body}").strip().startswith("for (int i = 0; i != n; ++i)")


def test_a_pointer_to_an_end_that_nobody_knows_is_a_distance() -> None:
    text = rewritten("    for (; c < end; ++c) { c->mass = c[1].mass; }", "Cell* c, Cell* end")
    assert text.strip() == (
        "for (std::ptrdiff_t i = 0; i < end - c; ++i) { c[i].mass = c[i + 1].mass; }"
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("int i; for (i = n; i > 0; i--) y[i] = 1; y[0] = i;", id="read after"),
        pytest.param("int i; for (i = 0; i < n; i++) { y[i] = 1; n--; } y[0] = i;",
                     id="read after, moving bound"),
        pytest.param("int i; for (i = 0; i < 2u * n; i++) y[i] = 1; y[0] = i;",
                     id="read after, mixed"),
        pytest.param("int i; for (i = 0; i < n; i++) if (x[i] > 0) break; y[i] = 1;", id="break"),
        pytest.param("int i; for (i = 0; i < n; i++) { keep(&i); }", id="address"),
        pytest.param("int i; auto g = [&] { return i; }; for (i = 0; i < n; i++) y[i] = g();",
                     id="captured"),
        pytest.param("double a = 0; for (int i = 0; i < n; i++) { y[i] = a; a = x[i]; }",
                     id="carried"),
        pytest.param("double a; for (int i = 0; i < n; i++) { if (x[i] > 0) a = 1; y[i] = a; }",
                     id="set in some iterations"),
        pytest.param("double a; for (int i = 0; i < n; i++) { a = x[i]; touch(a); }",
                     id="by reference"),
        pytest.param("static int i; for (i = 0; i < n; i++) y[i] = 1;", id="static"),
        pytest.param("int i; again: for (i = 0; i < n; i++) if (x[i] > y[i]) goto again;",
                     id="goto"),
        pytest.param("int i;\n#pragma omp parallel for private(i)\nfor (i = 0; i < n; i++) y[i] = 1;",
                     id="directive"),
        pytest.param("int i = 0; while (i < n) { if (x[i] > 0) continue; i++; }", id="continue"),
        pytest.param("int i = 0; while (i < n) { y[i] = 1; i++; y[i] = 2; }", id="not last"),
        pytest.param("int i = 0; while (i < n) { if (x[i] > 0) i++; }", id="conditional step"),
        pytest.param("int i = 0; while (i < n) { y[i] = i; i += 1; } y[0] = i;", id="while, read after"),
        pytest.param("int i = n; do { y[i] = 1; i--; } while (i > 0);", id="do, downwards"),
        pytest.param("unsigned i = 0, m = n; do { y[i] = 1; i++; } while (i < m);",
                     id="do, unsigned"),
        pytest.param("int i = 0; do { y[i] = 1; i++; } while (i < 3000000000u);", id="do, mixed"),
        pytest.param("for (int i = 0; i < n; i++) { if (x[i] > 0) *y++ = x[i]; }",
                     id="pointer of some iterations"),
        pytest.param("double* p = y; for (int i = 0; i < n; i++) { *p++ = 1; } *p = 0;",
                     id="pointer read after"),
        pytest.param("for (int j = 0; j < n; j++) for (int i = 0; i < n; i++) *y++ = x[i];",
                     id="pointer goes on"),
        pytest.param("for (int i = 0; i < n; i++) { if (x[i] < 0) continue; *y++ = x[i]; }",
                     id="pointer left behind"),
        pytest.param("for (int i = 0; i < n; i++) { *y++ = *y + x[i]; }", id="pointer, unordered"),
        pytest.param("for (int i = 3; i < n; i++) { *y++ = x[i]; }", id="pointer, other start"),
        pytest.param("const double* e = x + n; while (x < e) { *y++ = *x++; e--; }",
                     id="moving end"),
        pytest.param("while (n-- > 0) { y[n] = 1; }", id="count down, used"),
        pytest.param("while (n-- > 0) { y[1] += 1; } y[0] = n;", id="count down, read after"),
        pytest.param("while (--n > 0) { y[1] += 1; }", id="one less"),
        pytest.param("while (n > 0) { if (*x > y[1]) continue; y[1] += 1; n--; }",
                     id="count down, continue"),
        pytest.param("while (x[0] > y[0]) { for (int i = 0; i < 3; ++i) { *y++ = 1; } "
                     "if (x[1] > 0) break; y = nullptr; } *y = 2;", id="left before it is set"),
        pytest.param("double** q = &y; while (y < x) { *y++ = 1; **q = 2; }", id="pointer to it"),
    ],
)  # fmt: skip
def test_nothing_moves_where_a_value_is_needed_elsewhere(body: str) -> None:
    parsed = parse(source(body, "int n, const double* x, double* y"))
    assert InductionVariables().variants(parsed) == []
    with pytest.raises(NotApplicable):
        InductionVariables().rewrite(parsed, Options(variant="local"))


def test_the_search_begins_behind_it() -> None:
    parsed = parse(source("    int i;\n    i = 0;\n    while (i < n) { y[i] = x[i]; i++; }",
                          "int n, const std::vector<double>& x, std::vector<double>& y"))  # fmt: skip
    assert ("parallel_loop", "static") not in registry.moves(parsed)
    labels = [label(chain) for chain in openings(parsed)]
    assert labels[0] == "induction_variables-local+parallel_loop-static"
    assert all(name.startswith("induction_variables-local+") for name in labels)


def test_the_search_of_other_kernels_begins_as_before() -> None:
    parsed = parse(source("    for (int i = 0; i < n; ++i) y[i] = x[i];",
                          "int n, const std::vector<double>& x, std::vector<double>& y"))  # fmt: skip
    assert [(c[0].strategy, c[0].variant) for c in openings(parsed)] == registry.moves(parsed)
