"""What the analysis proves, doubts and refuses, loop by loop."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from parallel_agent.kernel.source import ParsedSource, parse
from parallel_agent.proposers.rules.analysis import LoopReport, analyse

HEADERS = """#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>
struct Body { double x, v; };
"""


PARAMETERS = (
    "std::vector<double>& a, const std::vector<double>& b, std::vector<int>& k, "
    "std::vector<bool>& flags, std::vector<std::vector<double>>& rows, "
    "std::vector<Body>& bodies, double* p, const double* q, double& out, int m, int n"
)


@functools.cache
def parsed_together() -> tuple[ParsedSource, dict[str, Any]]:
    """All the bodies of this file as functions of one source, which is parsed once."""
    bodies = [*INDEPENDENT.values(), *REDUCING, *BITWISE, *NOT_REDUCING]
    bodies += [body for body, _ in (*SPECULATIVE.values(), *REFUSED.values())]
    functions = "".join(f"void f{i}({PARAMETERS}) {{ {b} }}\n" for i, b in enumerate(bodies))
    parsed = parse(HEADERS + functions, name="f0")
    found = {c.spelling: c for c in parsed.unit.cursor.get_children()}
    return parsed, {body: found[f"f{i}"] for i, body in enumerate(bodies)}


def loops(body: str, before: str = "") -> list[LoopReport]:
    parsed, functions = parsed_together()
    if before or body not in functions:
        parsed = parse(f"{HEADERS}{before}void f({PARAMETERS}) {{ {body} }}", name="f")
    else:
        parsed = ParsedSource(parsed.kernel, parsed.unit, functions[body])
    return list(analyse(parsed).all_loops())


INDEPENDENT = {
    "own element": "for (int i = 0; i < n; ++i) a[i] = 2 * b[i + 1];",
    "read neighbours elsewhere": "for (int i = 1; i < n; i += 1) a[i] = b[i - 1] + b[i];",
    "down": "for (int i = n - 1; i >= 0; --i) a[i] += 1;",
    "row-major": "for (int i = 0; i < m; ++i) for (int j = 0; j < n; ++j) a[i * n + j] = i + j;",
    "inside the rim": (
        "for (int i = 1; i < m - 1; ++i) for (int j = 1; j < n - 1; ++j) {"
        " const int p = i * n + j; a[p] = b[p - n] + b[p + n]; }"
    ),
    "triangle": "for (int i = 0; i < n; ++i) for (int j = i; j < n; ++j) a[i * n + j] = 0;",
    "column-major": "for (int i = 0; i < m; ++i) for (int j = 0; j < n; ++j) a[j * m + i] = i;",
    "below the pivot": "for (int i = m + 1; i < n; ++i) a[i] -= a[m];",
    "two halves": "for (int i = 0; i < n / 2; ++i) { a[i] = b[i]; a[i + n / 2] = -b[i]; }",
    "even and odd": "for (int i = 0; i < n; ++i) { a[2 * i] = 0; a[2 * i + 1] = 1; }",
    "odd from even": "for (int i = 1; i < n; i += 2) a[i] = a[i - 1];",
    "nested vectors": "for (int i = 0; i < n; ++i) { auto& row = rows[i]; row[0] = row[1]; }",
    "own row by pointer": (
        "for (int i = 0; i < m; ++i) { double* row = a.data() + i * n;"
        " for (int j = 0; j < n; ++j) row[j] = j; }"
    ),
    "other field": "for (int i = 1; i < n; ++i) bodies[i].x += bodies[i - 1].v;",
    "elements": "for (auto& x : a) x = std::sqrt(x);",
    "break of an inner loop": (
        "for (int i = 0; i < n; ++i) { int c = 0;"
        " for (int j = 0; j < n; ++j) { if (b[j] > 3) break; c += j; } a[i] = c; }"
    ),
    "own workspace": (
        "for (int i = 0; i < n; ++i) { std::vector<double> t; t.push_back(i); a[i] = t[0]; }"
    ),
    "one pointer": "for (int i = 0; i < n; ++i) p[i] *= 2;",
    "bits of different rows": (
        "std::vector<std::vector<bool>> grid(n); for (int i = 0; i < n; ++i) grid[i][0] = true;"
    ),
    "swap of own elements": "for (int i = 0; i < n; ++i) std::swap(a[2 * i], a[2 * i + 1]);",
}


@pytest.mark.parametrize("body", INDEPENDENT.values(), ids=INDEPENDENT)
def test_the_outermost_loop_is_proved_independent(body: str) -> None:
    report = loops(body)[0]
    assert report.verdict == "independent", report.objections


SPECULATIVE = {
    "pointers": ("for (int i = 0; i < n; ++i) p[i] = q[i];", "p is written and could overlap"),
    "scatter": ("for (int i = 0; i < n; ++i) a[k[i]] = i;", "a[k[i]]"),
    "unknown width": (
        "for (int i = 0; i < 9; ++i) for (int j = 0; j < n; ++j) a[i * m + j] = 0;",
        "reach into each other",
    ),
    "iterator": ("auto it = b.begin(); for (int i = 0; i < n; ++i) a[i] = *it;", "cannot be foll"),
}


@pytest.mark.parametrize(("body", "doubt"), SPECULATIVE.values(), ids=SPECULATIVE)
def test_what_cannot_be_proved_is_speculative_and_says_why(body: str, doubt: str) -> None:
    report = loops(body)[0]
    assert report.verdict == "speculative"
    assert any(doubt in reason for reason in report.doubts), report.doubts


REFUSED = {
    "carried": ("for (int i = 1; i < n; ++i) a[i] += a[i - 1];", "meet in a"),
    "one element": ("for (int i = 0; i < n; ++i) a[m] = b[i] - a[m] / 2;", "meet in a"),
    "same row": ("for (int i = 0; i < n; ++i) for (int j = 0; j < n; ++j) a[j] = i;", "meet in a"),
    "other order": ("for (int i = 0; i < n; ++i) a[i * n + m] = a[m * n + i];", "meet in a"),
    "shifted pointer": (
        "const double* before = a.data() - 1; for (int i = 1; i < n; ++i) a[i] = before[i];",
        "meet in a",
    ),
    "field": ("for (int i = 1; i < n; ++i) bodies[i].x = bodies[i - 1].x;", "meet in bodies"),
    "break": ("for (int i = 0; i < n; ++i) { if (b[i] < 0) break; a[i] = 1; }", "breaks out"),
    "return": ("for (int i = 0; i < n; ++i) { if (b[i] < 0) return; a[i] = 1; }", "returns"),
    "vector<bool>": ("for (int i = 0; i < n; ++i) flags[i] = b[i] > 0;", "share a byte"),
    "push_back": ("for (int i = 0; i < n; ++i) a.push_back(b[i]);", "push_back"),
    "output": ('for (int i = 0; i < n; ++i) { a[i] = 0; printf("%d", i); }', "printf"),
    "random": ("for (int i = 0; i < n; ++i) a[i] = rand();", "rand"),
    "moving pointer": ("double* r = p; for (int i = 0; i < n; ++i) *r++ = 0;", "cannot be foll"),
    "lambda": (
        "double s = 0; auto add = [&](double x) { s += x; return s; };"
        " for (int i = 0; i < n; ++i) a[i] = add(b[i]);",
        "writes to something outside",
    ),
    "running sum": (
        "double s = 0; for (int i = 0; i < n; ++i) { s += b[i]; a[i] = s; }",
        "carries s",
    ),
    "kept value": (
        "double s = 0; for (int i = 0; i < n; ++i) { if (b[i] > 0) s = b[i]; a[i] = s; }",
        "carries s",
    ),
    "own counter": ("int c = 0; for (int i = 0; i < n; ++i) { a[c] = 1; c += 2; }", "carries c"),
    "moving bound": ("for (int i = 0; i < n; ++i) { a[i] = 0; n -= k[i]; }", "changes n"),
    "growing": ("for (size_t i = 0; i < a.size(); ++i) a.resize(i);", "resize"),
    "moving variable": ("for (int i = 0; i < n; ++i) { a[i] = 0; i += k[i]; }", "changes i"),
    "while": ("int i = 0; while (i < n) { a[i] = 0; ++i; }", "canonical"),
    "two conditions": ("for (int i = 0; i < n && b[i] > 0; ++i) a[i] = 0;", "condition"),
    "variable read later": (
        "int i; for (i = 0; i < n; ++i) a[i] = 0; out = i;",
        "is read after the loop",
    ),
    "complex sum": (
        "std::complex<double> s = 0; for (int i = 0; i < n; ++i) s += b[i];",
        "carries s",
    ),
}


@pytest.mark.parametrize(("body", "objection"), REFUSED.values(), ids=REFUSED)
def test_what_must_stay_sequential_is_refused_with_the_reason(body: str, objection: str) -> None:
    report = loops(body)[0]
    assert report.verdict == "carried"
    assert any(objection in reason for reason in report.objections), report.objections


def test_a_called_function_is_judged_by_its_body() -> None:
    body = "for (int i = 0; i < n; ++i) a[i] = g(b[i]);"
    pure = "double h(double x) { return std::exp(x); }\ndouble g(double x) { return 2 * h(x); }\n"
    counting = "int calls;\ndouble g(double x) { ++calls; return x; }\n"
    static = "double g(double x) { static double last; last = x; return last; }\n"
    assert loops(body, pure)[0].verdict == "independent"
    assert loops(body, counting)[0].verdict == "carried"
    assert loops(body, static)[0].verdict == "carried"


def test_a_function_that_may_write_its_argument_is_refused() -> None:
    before = "void g(std::vector<double>& v, int i) { v[0] += i; }\n"
    (report,) = loops("for (int i = 0; i < n; ++i) g(a, i);", before)
    assert "can write to its argument v" in report.objections[0]


REDUCTIONS = {
    "+": ["out += b[i];", "out = out + b[i];", "out = b[i] + out - 1;", "out -= b[i];", "++out;"],
    "*": ["out *= b[i];", "out = b[i] * out;", "out /= b[i];"],
    "max": [
        "out = std::max(out, b[i]);",
        "if (b[i] > out) out = b[i];",
        "if (out < b[i]) { out = b[i]; }",
        "out = b[i] > out ? b[i] : out;",
        "out = out > b[i] ? out : b[i];",
        "out = std::fmax(b[i], out);",
    ],
    "min": [
        "out = std::min<double>(b[i], out);",
        "if (b[i] <= out) out = b[i];",
        "out = out < b[i] ? out : b[i];",
    ],
}


LOOP = "for (int i = 0; i < n; ++i) {{ {} }}"
REDUCING = {LOOP.format(form): op for op, forms in REDUCTIONS.items() for form in forms}


@pytest.mark.parametrize("body", REDUCING)
def test_every_spelling_of_a_reduction_is_seen(body: str) -> None:
    (report,) = loops(body)
    assert report.reductions == {REDUCING[body]: ["out"]}
    assert report.verdict == "independent"


BITWISE = {
    f"int s = 0; {LOOP.format(f's = s {op} k[i];')}": op for op in ("&", "|", "^", "&&", "||")
}


@pytest.mark.parametrize("body", BITWISE)
def test_bit_and_logical_reductions_are_seen(body: str) -> None:
    (report,) = loops(body)
    assert report.reductions == {BITWISE[body]: ["s"]}


NOT_REDUCING = [
    LOOP.format(statement)
    for statement in (
        "out = b[i] - out;",
        "out += out * b[i];",
        "out += b[i]; a[i] = out;",
        "out += b[i]; out *= 2;",
        "if (b[i] > out) out = b[i] + 1;",
        "if (b[i] > out) out = b[i]; else a[i] = 0;",
        "out = std::max(out, out + b[i]);",
        "auto shifted = [&](double x) { return x + out; }; a[i] = shifted(b[i]); out += b[i];",
        "out += std::count_if(b.begin(), b.end(), [&](double x) { return ++m > x; });",
    )
]


@pytest.mark.parametrize("body", NOT_REDUCING)
def test_what_only_looks_like_a_reduction_is_refused(body: str) -> None:
    (report,) = loops(body)
    assert report.verdict == "carried"


def test_scalars_written_before_they_are_read_are_private() -> None:
    outer, inner = loops(
        "double t; int j; for (int i = 0; i < n; ++i) {"
        " t = b[i]; for (j = 0; j < 3; ++j) t += j; a[i] = t; }"
    )
    assert outer.private == ["t", "j"]
    assert inner.reductions == {"+": ["t"]}


def test_a_private_scalar_that_is_read_later_is_lastprivate() -> None:
    (report,) = loops("double t = 0; for (int i = 0; i < n; ++i) { t = b[i]; a[i] = t; } out = t;")
    assert report.lastprivate == ["t"]
    (report,) = loops("for (int i = 0; i < n; ++i) { out = b[i]; a[i] = out; }")
    assert report.lastprivate == ["out"]


def test_updates_of_shared_elements_are_told_from_other_collisions() -> None:
    (report,) = loops("for (int i = 0; i < n; ++i) a[k[i]] += b[i];")
    assert [(u.name, u.operator) for u in report.array_updates] == [("a", "+")]
    assert not report.obstacles


def test_an_update_whose_value_is_used_depends_on_the_order() -> None:
    (report,) = loops("for (int i = 0; i < n; ++i) a[k[i]++] = b[i];")
    assert report.array_updates == []
    (report,) = loops("for (int i = 0; i < n; ++i) { int place = k[m]++; a[i] = place; }")
    assert not report.parallel
    (report,) = loops("for (int i = 0; i < n; ++i) if (b[i] > 0) k[m]++;")
    assert [(u.name, u.operator) for u in report.array_updates] == [("k", "+")]
