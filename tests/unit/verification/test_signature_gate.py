"""The gate that parses a candidate: the same signature."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import parse
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.sandbox import Limits
from parallel_agent.verification.gate import Examination, Rejection
from parallel_agent.verification.reference import Reference
from parallel_agent.verification.signature import SignatureGate

ORIGINAL = "void f(double* x, const int* y, int n) { for (int i = 0; i < n; ++i) x[i] = y[i]; }\n"


def checked(candidate: str, original: str = ORIGINAL) -> str:
    """What the gate says; it never touches the binary or the compiler."""
    kernel = parse(original).kernel
    reference = Reference(
        signature=kernel.signature,
        contract=Contract(kernel=kernel.name),
        binary=Path("original"),
        limits=Limits(wall_seconds=1.0),
    )
    examination = Examination(
        kernel=kernel,
        source=candidate,
        reference=reference,
        compiler=Compiler(),
        directory=Path(),
        threads=2,
    )
    return SignatureGate().check(examination)


def refusal(candidate: str, original: str = ORIGINAL) -> str:
    with pytest.raises(Rejection) as caught:
        checked(candidate, original)
    return str(caught.value)


def body(text: str) -> str:
    """The original with a statement more."""
    return ORIGINAL.replace("{ for", "{ " + text + " for")


def test_the_original_itself_passes() -> None:
    assert "same signature" in checked(ORIGINAL)
    assert checked("#include <cmath>\nnamespace h { int helper(); }\n" + ORIGINAL)
    assert checked(body("\n#pragma omp parallel for if (n > 300)\n"))


@pytest.mark.parametrize(
    "candidate",
    [
        ORIGINAL.replace("double* x", "float* x"),
        ORIGINAL.replace("const int*", "int*"),
        ORIGINAL.replace("int n", "long n"),
        ORIGINAL.replace("int n", "int m, int n"),
        ORIGINAL.replace("double* x, const int* y", "const int* y, double* x"),
        ORIGINAL.replace("void f", "int f"),
        ORIGINAL.replace("void f", "void g"),
        "namespace other { " + ORIGINAL + "}",
        "template <int> " + ORIGINAL,
        ORIGINAL + "void f(double) { for (;;); }",
        ORIGINAL.partition("{")[0] + ";",
        "",
        "not C++ at all",
    ],
)
def test_another_signature_is_refused(candidate: str) -> None:
    assert refusal(candidate)


def test_another_layout_of_a_struct_is_another_signature() -> None:
    original = "struct P { int a; double b; };\nvoid f(P* p, int n) { while (n) p[n--].a = 0; }\n"
    assert checked(original, original)
    assert "signature" in refusal(original.replace("int a;", "long a;"), original)
    assert "signature" in refusal(
        original.replace("int a; double b;", "double b; int a;"), original
    )
