from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.toolchain.compiler import Compiler, CompilerMissing, parse_diagnostics
from parallel_agent.toolchain.objectcode import object_hash

GCC = """In file included from adapter.cpp:4:
kernel.hpp: In function 'void f()':
kernel.hpp:3:12: warning: no return statement [-Wreturn-type]
    3 | int main(){}
      |            ^
kernel.hpp:9:5: error: 'x' was not declared in this scope
kernel.hpp:9:5: note: suggested alternative: 'y'
compilation terminated.
"""
CLANG = """kernel.hpp:1:10: fatal error: 'nothing.h' file not found
#include "nothing.h"
         ^~~~~~~~~~~
1 error generated.
"""


def test_diagnostics_of_gcc() -> None:
    warning, error, note = parse_diagnostics(GCC)
    assert (warning.line, warning.column, warning.severity) == (3, 12, "warning")
    assert (error.file, error.line, error.is_error) == ("kernel.hpp", 9, True)
    assert error.message == "'x' was not declared in this scope"
    assert not note.is_error


def test_diagnostics_of_clang() -> None:
    (only,) = parse_diagnostics(CLANG)
    assert (only.severity, only.line, only.is_error) == ("fatal error", 1, True)


def test_a_line_without_a_column() -> None:
    (only,) = parse_diagnostics("a.cpp:7: error: unterminated #if\n")
    assert (only.line, only.column) == (7, 0)


def test_a_compiler_that_is_not_there() -> None:
    with pytest.raises(CompilerMissing, match="no-such-compiler"):
        Compiler.find("no-such-compiler")


def test_sanitizers_replace_optimization() -> None:
    compiler = Compiler("g++", ("-std=c++20", "-Ofast", "-O2", "-static", "-fopenmp"))
    flags = compiler.mode_flags("sanitized")
    assert [f for f in flags if f.startswith("-O")] == ["-O1"]
    assert "-static" not in flags
    assert "-fopenmp" in flags
    assert compiler.mode_flags("optimized") == compiler.flags


@pytest.mark.parametrize("name", ["../x.cpp", "/tmp/x.cpp", "a/../../x.cpp", "-x.cpp"])
def test_file_names_stay_in_the_directory(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="plain file name"):
        Compiler().compile({name: ""}, directory=tmp_path, output="x")


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"#!/bin/sh\n" + bytes(100)])
def test_only_programs_have_machine_code(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match=r"ELF|cut short"):
        object_hash(tmp_path / "file")
