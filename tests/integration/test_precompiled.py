"""Precompiled headers: used where they fit, and without a say in what compiles."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from parallel_agent.cache import PRECOMPILED
from parallel_agent.kernel.parsing import FILE_NAME, prelude_arguments, translation_unit
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.precompiling import precompiled

PRELUDE = (
    "#ifndef SHARED\n#define SHARED\n#include <climits>\ninline int two() { return 2; }\n#endif\n"
)
PROGRAM = f"{PRELUDE}int main() {{ return two() - 2 + (INT_MAX < 0); }}\n"


def header(compiler: Compiler, text: str) -> Path | None:
    """Made when it is asked for again, unless a test beside this one is making another."""
    for _ in range(200):
        kept = asked(compiler, text)
        if kept is not None:
            return kept
        time.sleep(0.1)
    return None


def asked(compiler: Compiler, text: str) -> Path | None:
    return precompiled(compiler.cxx, compiler.flags, text, compiler.limits)


@pytest.mark.parametrize("flags", [("-std=c++20", "-O3"), ("-std=c++17", "-O1", "-g", "-static")])
def test_the_compiler_takes_the_precompiled_header(flags: tuple[str, ...], tmp_path: Path) -> None:
    compiler = Compiler.find(flags=(*flags, "-H", "-Winvalid-pch"))
    kept = header(compiler, PRELUDE)
    assert kept is not None
    sources = {"main.cpp": PROGRAM}
    built = compiler.compile(sources, directory=tmp_path, output="main", prelude=PRELUDE)
    assert built.ok
    assert f"! {kept}.gch" in built.stderr, "-H marks so what is taken"


def test_what_fails_with_a_header_is_compiled_without(tmp_path: Path) -> None:
    compiler = Compiler.find(flags=("-std=c++20",))
    clashing = "int main();\nint x = 1;\n"
    assert header(compiler, clashing) is not None
    source = {"main.cpp": "int x = 2;\nint main() { return x - 2; }\n"}
    built = compiler.compile(source, directory=tmp_path, output="main", prelude=clashing)
    assert built.ok
    assert asked(compiler, clashing) is None, "it is not tried again"


def test_an_include_that_is_missing_is_still_missing(tmp_path: Path) -> None:
    compiler = Compiler.find(flags=("-std=c++20",))
    assert header(compiler, PRELUDE) is not None
    source = {"main.cpp": "int main() { std::vector<int> x; return three(); }\n"}
    built = compiler.compile(source, directory=tmp_path, output="main", prelude=PRELUDE)
    assert not built.ok and "vector" in built.stderr


def test_headers_with_errors_are_kept_and_hide_no_error_of_the_source() -> None:
    source = "#include <parallel/algorithm>\nvoid f(int* x) { __gnu_parallel::sort(x, x + 9); }\n"
    for _ in range(200):  # another test may be making one
        arguments = prelude_arguments(source)
        if arguments:
            break
        time.sleep(0.1)
    assert arguments, "GCC's omp.h, which it includes, has attributes that the parser does not know"
    broken = source.replace("x + 9", "missing")
    own = [
        (found.spelling, found.location.line)
        for found in translation_unit(broken).diagnostics
        if found.severity >= 3 and found.location.file.name == FILE_NAME
    ]
    assert own == [("use of undeclared identifier 'missing'", 2)]


def test_a_damaged_header_changes_nothing() -> None:
    source = "#include <vector>\nint f(const std::vector<int>& x) { return x[0]; }\n"
    for _ in range(2):
        arguments = prelude_arguments(source)
    assert arguments
    listed = [cursor.spelling for cursor in translation_unit(source).cursor.get_children()]
    assert "f" in listed and len(listed) < 10, (
        "what the header declares is not listed with the source's own"
    )
    kept = Path(arguments[1])
    whole = kept.read_bytes()
    try:
        kept.write_bytes(whole[: len(whole) // 2])
        unit = translation_unit(source)
        assert "f" in [cursor.spelling for cursor in unit.cursor.get_children()]
        assert not [found for found in unit.diagnostics if found.severity >= 3]
    finally:
        kept.write_bytes(whole)
        PRECOMPILED._given_up.clear()
