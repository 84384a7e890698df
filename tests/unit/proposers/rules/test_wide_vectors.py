from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.registry import write
from parallel_agent.proposers.rules.strategy import NotApplicable, Options
from parallel_agent.proposers.rules.wide_vectors import WideVectors

AXPY = """void axpy(double* y, const double* x, int n) {
    for (int i = 0; i < n; ++i) {
        y[i] += 2 * x[i];
    }
}
"""
CHAIN = "void f(double* y, int n) { for (int i = 1; i < n; ++i) y[i] = y[i - 1] * 2; }"


def test_the_kernel_as_it_is_in_two_builds() -> None:
    parsed = parse(AXPY)
    assert WideVectors().variants(parsed) == ["avx2"]
    text = write(parsed, "wide_vectors", Options(variant="avx2")).source
    assert text.count("y[i] += 2 * x[i];") == 2
    assert '    if (__builtin_cpu_supports("avx2")) {\n        axpy_avx2(y, x, n);\n' in text


def test_nothing_without_vector_loops() -> None:
    assert WideVectors().variants(parse(CHAIN)) == []
    with pytest.raises(NotApplicable, match="independent"):
        WideVectors().rewrite(parse(CHAIN), Options(variant="avx2"))
