"""What the forbidden gate finds in texts, tokens and declarations, and what it leaves alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parallel_agent.verification.constructs import in_text, in_tokens, included
from parallel_agent.verification.declarations import examine, survives_parsing
from parallel_agent.verification.reading import tokens

HEAD = "void f(double* x, int n) { "


def found(source: str) -> str:
    """All that is found in a source without macros, by all three readings."""
    declared = [finding.what for finding in examine(source).findings]
    return "; ".join([*in_text(source), *in_tokens(tokens(source)), *declared])


@pytest.mark.parametrize(
    "statement",
    [
        '// system("ls");\n',
        '/* asm("nop"); exit(1); */',
        'const char* s = "system(1) asm fork()"; (void)s;',
        'const char* s = R"(exit(0); asm)"; (void)s;',
        "int exit_code = 1'000; (void)exit_code;",
        "int system = 1, abort = system; (void)(abort);",
        "struct { int section, alias, weak; } s; (void)s;",
        "\n#pragma omp parallel for if (n > 300)\n",
        "\n#pragma GCC ivdep\n",
        "static const double table[] = {1, 2}; static constexpr int k = 3; (void)table; (void)k;",
        "static const char* const names[] = {nullptr}; (void)names;",
        "auto read = [](int i) { return i; }; x[0] = read(n);",
        "int count = 0; auto next = [&]() mutable { return ++count; }; next();",
        "[[maybe_unused]] int a[2] = {}; a[n] = 0; x[a[0]] = 1;",
    ],
)
def test_ordinary_code_is_left_alone(statement: str) -> None:
    assert found(f"{HEAD}{statement} }}") == ""


@pytest.mark.parametrize(
    "declaration",
    [
        "#include <vector>\n#include <cmath>\n#include <omp.h>\n#include <parallel/algorithm>",
        "namespace h { inline int helper(int read) { return read; } }",
        "struct Key { int k; }; template <> struct std::hash<Key> { };",
        "__attribute__((always_inline)) inline int g() { return 1; }",
        '__attribute__((target_clones("avx2", "default"))) int g() { return 1; }',
        '__attribute__((target("avx2"))) int g();\nbool h() { return __builtin_cpu_supports("avx2"); }',
        "#define restrict __restrict__",
        "#ifdef __GNUC__\n#define PURE __attribute__((pure))\n#endif",
        "constexpr auto square = [](double x) { return x * x; };",
        "template <class T> constexpr T kTwo = 2;",
    ],
)
def test_ordinary_declarations_are_left_alone(declaration: str) -> None:
    headers = "#include <functional>\n" if "std::" in declaration else ""
    assert found(f"{headers}{declaration}\n") == ""


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("#include <unistd.h>", "unistd.h"),
        ("#  include  <sys/mman.h>", "sys/mman.h"),
        ("%:include <signal.h>", "signal.h"),
        ('#include "/etc/shadow"', "/etc/shadow"),
        ("#include <../secrets.h>", "../secrets.h"),
        ("#include NAME", "of a macro"),
        ("#inc\\\nlude <fcntl.h>", "fcntl.h"),
        ("#include_next <cmath>", "include_next"),
        ('#line 3 "other"', "#line"),
        ('# 3 "other"', "#3"),
        ("#define double float", "#define double"),
        ("#undef main", "#undef main"),
        ('#pragma GCC optimize("Ofast")', "#pragma GCC optimize"),
        ("#pragma GCC poison n", "#pragma GCC poison"),
        ("#pragma omp target", "#pragma omp target"),
        ("??=include <fcntl.h>", "a trigraph"),
        ("int g() { return __clang_major__; }", "__clang_major__"),
        ("//" + "x" * (1 << 20), "KiB of source"),
    ],
)
def test_texts_that_reach_outside(text: str, what: str) -> None:
    assert what in "; ".join(in_text(text + "\n"))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('asm("nop");', "inline assembler"),
        ("__attribute__((unused, constructor)) void g() {}", "the attribute constructor"),
        ("__attribute((__destructor__)) void g() {}", "the attribute __destructor__"),
        ('[[gnu::section(".text")]] void g() {}', "the attribute section"),
        ("[[using gnu: hot, constructor]] void g() {}", "the attribute constructor"),
        ('int g() __attribute__((alias("f")));', "the attribute alias"),
        ('__attribute__((target("avx2,fma"))) void g() {}', "instructions of avx2"),
        ("struct S { mutable int n; };", "a mutable member"),
        ("parallel_agent_harness::Call* call;", "the harness's name"),
        ("auto p = __builtin_return_address(0);", "__builtin_return_address"),
    ],
)
def test_tokens_that_reach_outside(text: str, what: str) -> None:
    assert what in "; ".join(in_tokens(tokens(text)))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("static int calls;", "'calls', which keeps state"),
        ("int f() { static int calls = 0; return ++calls; }", "'calls', which keeps state"),
        ("int f() { thread_local int calls = 0; return ++calls; }", "'calls', which keeps state"),
        ("static int* const place = new int(0);", "'place', which keeps state"),
        ("struct S { int* p; }; static const S s{new int};", "'s', which keeps state"),
        ("struct S { static inline int n = 0; };", "'n', which keeps state"),
        ("template <class T> T calls{};", "keeps state"),
        ("struct S { int a, b; }; static auto [a, b] = S{};", "keeps state"),
        ("extern char** environ;", "'environ', which keeps state"),
        ("int g() { return 1; } const int n = g();", "before the program begins"),
        ('extern "C" int fork(); int f() { return fork(); }', "the function fork"),
        ('extern "C" void exit(int); auto leave = &exit;', "exit"),
        ("#include <chrono>\nauto f() { return std::chrono::steady_clock::now(); }", "a clock"),
        ("void f(const int& n) { const_cast<int&>(n) = 1; }", "takes const away"),
        ("void f(const int* n) { *(int*)n = 1; }", "takes const away"),
        ("namespace std { int mine(); }", "namespace std"),
        ("void f() { undeclared = 1; }", "cannot be parsed"),
        ("void f() {} namespace inside {", "cannot be parsed"),
        ("void f() {} }", "cannot be parsed"),
    ],
)
def test_declarations_that_reach_outside(text: str, what: str) -> None:
    assert what in "; ".join(finding.what for finding in examine(text + "\n").findings)


def test_what_a_class_does_when_it_is_made_or_read() -> None:
    plain = examine("struct P { double a; double norm() const { return a; } };").hooks
    busy = examine("struct P { double a = 1; P() {} P* operator&() { return this; } };").hooks
    assert list(plain.values()) == [set()]
    assert [len(members) for members in busy.values()] == [3]


def test_the_names_of_all_included_files() -> None:
    assert included('#include <a.h>\n#if 0\n# include "b/c.h"\n#endif\n// #include <d>\n') == [
        "a.h",
        "b/c.h",
    ]


def test_no_file_is_read_before_its_name_is_checked(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.h"
    os.mkfifo(pipe)  # reading it would never end
    assert "pipe.h" in "; ".join(in_text(f'#include "{pipe}"\n'))


def test_a_text_that_parses() -> None:
    assert survives_parsing("#include <vector>\nint f();\n")
