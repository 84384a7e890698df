from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.loop_peeling import LoopPeeling
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal

HEADERS = "#include <algorithm>\n#include <cstddef>\n#include <vector>\n"
GRID = "void f(std::vector<float> const& a, std::vector<float>& b, int rows, int cols, int m) {\n"
NEST = "    for (int r = 0; r < rows; ++r) {\n        for (int c = 0; c < cols; ++c) {\n"
END = "        }\n    }\n}\n"


def grid(body: str) -> str:
    return f"{HEADERS}{GRID}{NEST}            {body}\n{END}"


def line(body: str) -> str:
    return (
        f"{HEADERS}void f(std::vector<float> const& a, std::vector<float>& b, unsigned n) {{\n"
        f"    for (unsigned i = 0; i < n; ++i) {{\n        {body}\n    }}\n}}\n"
    )


def rewritten(source: str, variant: str = "simd") -> Proposal:
    return LoopPeeling().rewrite(parse(source), Options(variant=variant))


def test_rows_and_columns_inside_need_no_tests() -> None:
    source = grid("b[r * cols + c] = r > 0 && c < cols - 1 ? a[(r - 1) * cols + c + 1] : 0;")
    text = rewritten(source, "parallel_simd").source
    assert "    #pragma omp parallel for schedule(static)\n    for (int r = 0" in text
    assert "const bool inside = cols > 1 && r > 0;" in text
    assert (
        "            #pragma omp simd\n"
        "            for (int c = 0; c < cols - 1; ++c) {\n"
        "                b[r * cols + c] = a[(r - 1) * cols + c + 1];\n"
    ) in text
    assert "if (inside && c == 0) {\n                c = cols - 1;\n            }" in text
    assert text.count("r > 0 && c < cols - 1 ?") == 1


def test_the_border_is_as_wide_as_the_neighbourhood() -> None:
    body = (
        "float s = 0;\n"
        "            for (int d = -2; d <= 3; ++d) {\n"
        "                int k = c + d;\n"
        "                if (k < 0 || k >= cols) continue;\n"
        "                s += a[r * cols + k];\n"
        "            }\n"
        "            b[r * cols + c] = s;"
    )
    text = rewritten(grid(body)).source
    assert "const bool inside = cols > 5;" in text
    assert "for (int c = 2; c < cols - 3; ++c) {" in text
    inside = text[text.index("c = 2") : text.index("for (int c = 0")]
    assert "continue" not in inside


def test_neighbours_that_wrap_or_stop_are_plain_inside() -> None:
    body = (
        "b[r * cols + c] = a[(r + rows - 1) % rows * cols + c] +"
        " a[r * cols + std::min(c + 1, cols - 1)] + a[r * cols + (c == 0 ? cols - 1 : c - 1)];"
    )
    text = rewritten(grid(body)).source
    assert (
        "b[r * cols + c] = a[(r - 1) * cols + c] + a[r * cols + (c + 1)] + a[r * cols + (c - 1)];"
    ) in text
    assert "const bool inside = cols > 2 && r > 0;" in text


def test_an_unsigned_position_that_wraps_around_is_border() -> None:
    """``i - 1 < n`` is false for i = 0, although 0 - 1 is less than n."""
    text = rewritten(line("b[i] = i - 1 < n ? a[i - 1] : 0;")).source
    assert "for (unsigned i = 1; i < n; ++i) {\n            b[i] = a[i - 1];" in text
    assert "if (inside && i == 1) {\n            break;" in text


def test_the_position_keeps_the_width_of_the_loop_s_variable() -> None:
    body = "int j = i + 1;\n        if (j < n) b[i] = a[j]; else b[i] = 0;"
    text = rewritten(line(body)).source
    assert "unsigned j = i + 1;\n            b[i] = a[j];" in text
    shown = "int j = i + 1;\n        if (j < n) b[i] = a[j] * (j - 5); else b[i] = 0;"
    assert "unsigned j" not in rewritten(line(shown)).source


def test_what_is_tested_at_the_whole_body_leaves_one_branch() -> None:
    body = (
        "if (r == 0 || c == 0) {\n                b[r * cols + c] = 1;\n                continue;\n"
        "            }\n            b[r * cols + c] = a[(r - 1) * cols + c - 1];"
    )
    text = rewritten(grid(body), "plain").source
    inside = text[text.index("c = 1") : text.index("for (int c = 0")]
    assert "if" not in inside and "#pragma" not in text
    assert LoopPeeling().variants(parse(text)) == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("b[r * cols + c] = a[r * cols + c];", id="no test"),
        pytest.param("if (c < m) b[r * cols + c] = 1;", id="a border anywhere"),
        pytest.param("if (a[r * cols + c] > 0) b[r * cols + c] = 1;", id="a test of the data"),
        pytest.param("if (c > r) b[r * cols + c] = 1;", id="a triangle"),
        pytest.param("if (c > 0) b[r * cols + c] += b[r * cols + c - 1];", id="carried"),
        pytest.param("if (c > 0) b[r * cols + c] = c++;", id="moves by itself"),
        pytest.param("if (c / 2 > 0) b[r * cols + c] = 1;", id="not a polynomial"),
        pytest.param("if (c >= 100) b[r * cols + c] = 1;", id="far inside"),
    ],
)
def test_other_nests_are_left_alone(body: str) -> None:
    parsed = parse(grid(body))
    assert LoopPeeling().variants(parsed) == []
    with pytest.raises(NotApplicable):
        LoopPeeling().rewrite(parsed, Options(variant="simd"))
