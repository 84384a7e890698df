"""Dynamic symbols of programs that a real compiler linked."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.symbols import dynamic_symbols, library_symbols

PROGRAM = """#include <cstdio>
extern "C" int puts(const char*) noexcept(false) { return 0; }
int helper() { return 1; }
int main() { std::fprintf(stderr, "%d", helper()); return puts(""); }
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("program")
    done = Compiler.find().compile({"main.cpp": PROGRAM}, directory=directory, output="program")
    assert done.binary is not None, done.stderr
    return done.binary


def test_what_a_program_takes_and_replaces(program: Path) -> None:
    found = dynamic_symbols(program)
    assert {"fprintf", "stderr", "__libc_start_main"} <= found.imported
    assert "puts" in found.defined  # the C library has one, too
    assert not {"stderr", "helper", "main"} & found.defined
    assert "libc.so.6" in found.libraries


def test_what_a_library_defines(program: Path) -> None:
    path = Compiler.find().library("libc.so.6")
    assert {"puts", "fprintf", "stderr", "memcpy"} <= library_symbols(path)
    with pytest.raises(LookupError, match="does not find libnothing"):
        Compiler.find().library("libnothing.so.1")


def test_files_without_dynamic_symbols(tmp_path: Path) -> None:
    static = Compiler.find(flags=("-static",)).compile(
        {"main.cpp": "int main() {}"}, directory=tmp_path, output="program"
    )
    assert static.binary is not None, static.stderr
    with pytest.raises(ValueError, match="no dynamic symbols"):
        dynamic_symbols(static.binary)
    text = tmp_path / "text"
    text.write_text("no program")
    with pytest.raises(ValueError, match="cut short"):
        dynamic_symbols(text)
