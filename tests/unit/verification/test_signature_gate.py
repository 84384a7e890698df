"""The gate that reads a candidate: same signature, and no construct that reaches outside."""

from __future__ import annotations

import os
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
    "statement",
    [
        '// system("ls");\n',
        '/* asm("nop"); exit(1); */',
        'const char* s = "system(1) asm fork()"; (void)s;',
        'const char* s = R"(exit(0); asm)"; (void)s;',
        "int exit_code = 1'000; (void)exit_code;",
        "int early_exit = 0; (void)(early_exit);",
        "int system = 1, abort = system; (void)(abort);",
        "struct { int section, alias, weak; } s; (void)s;",
    ],
)
def test_words_in_comments_strings_and_names_are_fine(statement: str) -> None:
    assert checked(body(statement))


@pytest.mark.parametrize(
    "statement",
    [
        'asm("nop");',
        '__asm__ volatile ("nop");',
        'std::system("ls");',
        'system ("ls");',
        'sys\\\ntem("ls");',
        "int a = 1'0; exit(a); char c = '1';",
        "::_exit(0);",
        "std::_Exit(0);",
        "std::abort();",
        "fork();",
        'execvp("a", 0);',
        "syscall(1);",
        "mmap(0, 0, 0, 0, 0, 0);",
        "raise(9);",
        "parallel_agent_harness::Call* call = nullptr;",
    ],
)
def test_forbidden_calls(statement: str) -> None:
    assert "forbidden construct" in refusal(body(statement))


@pytest.mark.parametrize(
    "declaration",
    [
        "#include <unistd.h>",
        '#include "unistd.h"',
        "#  include  <sys/mman.h>",
        "%:include <signal.h>",
        "#include <fstream>",
        '#include "/etc/shadow"',
        "#include </etc/shadow>",
        '#include "../secrets.h"',
        "#include <../secrets.h>",
        "#include_next <cmath>",
        '#pragma GCC optimize("Ofast")',
        '#pragma GCC optimize "Ofast"',
        "#pragma GCC poison n",
        "__attribute__((constructor)) void g() {}",
        "__attribute__((unused, constructor)) void g() {}",
        "__attribute((__destructor__)) void g() {}",
        '__attribute__((section(".text"))) void g() {}',
        "[[gnu::constructor]] void g() {}",
        'asm("nop");',
    ],
)
def test_forbidden_declarations(declaration: str) -> None:
    assert "forbidden construct" in refusal(f"{declaration}\n{ORIGINAL}")


def test_what_the_original_does_is_not_held_against_a_candidate() -> None:
    original = "#include <cstdlib>\n" + body("if (n < 0) std::abort();")
    assert checked(original, original)
    assert checked(body("if (n < -1) { abort(); }"), original)
    assert "asm" in refusal(body('if (n < 0) std::abort(); asm("nop");'), original)
    assert "forbidden" in refusal(
        body("abort();"), ORIGINAL.replace("{ for", "{ /* abort() */ for")
    )


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
    assert "forbidden" not in refusal(candidate)


def test_another_layout_of_a_struct_is_another_signature() -> None:
    original = "struct P { int a; double b; };\nvoid f(P* p, int n) { while (n) p[n--].a = 0; }\n"
    assert checked(original, original)
    assert "signature" in refusal(original.replace("int a;", "long a;"), original)
    assert "signature" in refusal(
        original.replace("int a; double b;", "double b; int a;"), original
    )


def test_no_file_is_read_before_its_name_is_checked(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.h"
    os.mkfifo(pipe)  # reading it would never end
    assert "forbidden construct" in refusal(f'#include "{pipe}"\n{ORIGINAL}')
