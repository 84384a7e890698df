"""Whether a candidate can take the original's place for those who call and link it."""

from __future__ import annotations

import pytest

from parallel_agent.kernel.source import SourceError, parse
from parallel_agent.verification.interface import mismatch

BODY = "{ for (int i = 0; i < n; ++i) x[i] = p.a; }\n"
STRUCT = "struct P { int a; int b; };\n"
ORIGINAL = STRUCT + "void f(double* x, P p, int n) " + BODY
IN_C = STRUCT + 'extern "C" void f(double* x, P p, int n) ' + BODY


def found(candidate: str, original: str = ORIGINAL) -> str | None:
    return mismatch(parse(original).kernel, candidate)


@pytest.mark.parametrize(
    "candidate",
    [
        ORIGINAL,
        ORIGINAL.replace("double* x", "double* const x").replace("int n)", "const int n)"),
        ORIGINAL.replace("double* x", "double x[]"),
        "using Real = double;\n" + ORIGINAL.replace("double*", "Real*"),
        STRUCT + "typedef P Point;\nvoid f(double* y, const Point q, int m) "
        "{ for (int i = 0; i < m; ++i) y[i] = q.a; }",
        "static int helper() { return 1; }\n" + ORIGINAL,
        ORIGINAL + "int main() { return 0; }",
    ],
)
def test_what_makes_no_difference_to_a_caller(candidate: str) -> None:
    assert found(candidate) is None


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (ORIGINAL.replace("int n)", "long n)"), "'void (double *, P, long)' instead of"),
        (ORIGINAL.replace("P p,", "P& p,"), "'void (double *, P &, int)' instead of"),
        (ORIGINAL.replace("int b;", "long b;"), "another layout"),
        (ORIGINAL.replace("void f", "static void f"), "static"),
        (STRUCT + "namespace { " + ORIGINAL.partition(STRUCT)[2] + "}", "nameless namespace"),
        (ORIGINAL.replace("void f", "inline void f"), "inline"),
        (IN_C, "links as 'f'"),
    ],
)
def test_what_callers_would_miss(candidate: str, said: str) -> None:
    assert said in (found(candidate) or "accepted")


def test_an_original_that_nobody_else_links_may_become_visible() -> None:
    assert found(ORIGINAL, ORIGINAL.replace("void f", "static void f")) is None
    assert found(ORIGINAL, ORIGINAL.replace("void f", "inline void f")) is None
    assert "links as" in (found(ORIGINAL, IN_C) or "")


def test_several_functions_of_the_name() -> None:
    with pytest.raises(SourceError, match="several functions"):
        found(ORIGINAL + "void f(double) {}")
