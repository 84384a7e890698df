"""The project's own flags: from its compilation database, or as the user gives them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parallel_agent.agent.project.flags import BuiltWith, from_database, read_flags

TREE = Path("/nowhere/tree")


def read(words: str, folder: str = ".") -> BuiltWith:
    return read_flags(words.split(), TREE / folder, TREE)


def test_what_decides_how_the_file_is_read_is_kept_and_the_rest_is_not() -> None:
    found = read(
        "ccache g++ -DREAL=float -D LEVEL -UOLD -std=gnu++17 -O2 -march=x86-64 -funroll-loops -g -Wall "
        "-Werror -fPIC -flto -fsanitize=address -fno-exceptions -MD -MF a.d -o a.o -c src/a.cpp"
    )
    assert found.flags == (
        "-DREAL=float", "-DLEVEL", "-UOLD", "-std=gnu++17", "-O2", "-march=x86-64",
        "-funroll-loops", "-fopenmp",
    )  # fmt: skip
    assert found.macros == ("#define REAL float", "#define LEVEL 1", "#undef OLD")
    assert found.optimized


@pytest.mark.parametrize(
    ("words", "folders", "flags"),
    [
        ("-Iinclude -I ../include", ("build/include", "include"), ()),
        ("-isystem /nowhere/tree/deps -I/usr/include/x", ("deps",), ("-I/usr/include/x",)),
        ("-isystem/opt/y -iquote /nowhere/tree2", (), ("-I/opt/y", "-I/nowhere/tree2")),
    ],
)
def test_folders_of_the_tree_are_flattened_and_others_are_for_the_compiler(
    words: str, folders: tuple[str, ...], flags: tuple[str, ...]
) -> None:
    found = read(words, "build")
    assert found.folders == folders
    assert found.flags == (*flags, "-fopenmp")


def test_a_file_that_is_included_by_flag_comes_first_and_openmp_comes_once() -> None:
    found = read("-include config.hpp -include-pch x.pch -fopenmp=libgomp -O0")
    assert found.forced == ("config.hpp",)
    assert found.flags == ("-fopenmp=libgomp", "-O0")
    assert not found.optimized


def database(tree: Path, *files: str) -> None:
    (tree / "build").mkdir()
    entries = [
        {
            "directory": str(tree / "build"),
            "file": f"../{file}",
            "command": f"g++ -DN={n} -c {file}",
        }
        for n, file in enumerate(files)
    ]
    (tree / "build" / "compile_commands.json").write_text(json.dumps(entries))


def macros(tree: Path, file: str) -> tuple[str, ...] | None:
    found = from_database(tree, file)
    return found and found.macros


def test_a_file_has_its_own_entry_and_a_header_that_of_its_source_or_the_nearest(
    tmp_path: Path,
) -> None:
    database(tmp_path, "lib/far.cpp", "src/shore.cpp", "src/wave.cpp")
    assert macros(tmp_path, "src/wave.cpp") == ("#define N 2",)
    assert macros(tmp_path, "include/wave.hpp") == ("#define N 2",)
    assert macros(tmp_path, "lib/deep/other.hpp") == ("#define N 0",)
    assert macros(tmp_path, "src/none.cpp") is None


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"file": "a.cpp"}]', '[{"directory": 3}]'])
def test_what_is_no_database_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "compile_commands.json").write_text(text)
    assert from_database(tmp_path, "a.cpp") is None


def test_the_compiler_is_the_commands_where_it_is_one() -> None:
    assert read("g++ -c a.cpp").cxx.endswith("/g++")
    assert read("ccache g++ -c a.cpp").cxx.endswith("/g++")
    assert read("nvcc -c a.cu").cxx == ""
    assert read("/nowhere/bin/g++-99 -c a.cpp").cxx == ""
