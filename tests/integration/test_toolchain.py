"""The real compiler: programs, diagnostics, and the identity of machine code."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.adapter import AdapterParameter, AdapterSpec, adapter_sources
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.objectcode import object_hash
from parallel_agent.toolchain.sandbox import Limits

COMPILER = Compiler.find()


def test_the_compiler_is_found_and_named() -> None:
    assert Path(COMPILER.cxx).is_absolute()
    assert "g++" in COMPILER.version()


def test_several_units_make_one_program(tmp_path: Path) -> None:
    sources = {
        "main.cpp": '#include "deep/value.hpp"\n#include <cstdio>\nint main() { std::puts(name()); }',
        "deep/value.hpp": "const char* name();",
        "value.cpp": '#include "deep/value.hpp"\nconst char* name() { return "linked"; }',
    }
    done = COMPILER.compile(sources, directory=tmp_path, output="program")
    assert done.ok
    assert done.binary == tmp_path / "program"
    assert done.diagnostics == ()
    ran = sandbox.run([done.binary], cwd=tmp_path, limits=Limits(wall_seconds=20))
    assert ran.stdout == "linked\n"


def test_flags_reach_the_compiler(tmp_path: Path) -> None:
    source = "#ifndef _OPENMP\n#error none\n#endif\nint main() { return EXTRA; }"
    done = COMPILER.compile(
        {"a.cpp": source}, directory=tmp_path, output="a", extra_flags=("-DEXTRA=0",)
    )
    assert done.ok, done.stderr


def test_an_error_has_its_place_and_leaves_no_program(tmp_path: Path) -> None:
    assert COMPILER.compile({"a.cpp": "int main() {}"}, directory=tmp_path, output="a").ok
    broken = "int main() {\n  return missing;\n}"
    done = COMPILER.compile({"a.cpp": broken}, directory=tmp_path, output="a")
    assert not done.ok
    assert done.binary is None
    assert not (tmp_path / "a").exists()
    (error,) = done.errors
    assert (error.file, error.line, error.column) == ("a.cpp", 2, 10)
    assert "missing" in error.message


def test_what_the_linker_misses_is_an_error_too(tmp_path: Path) -> None:
    source = "void missing();\nint main() { missing(); }"
    done = COMPILER.compile({"a.cpp": source}, directory=tmp_path, output="a")
    assert [d.line for d in done.errors] == [0]
    assert "undefined reference to `missing()'" in done.errors[0].message


def test_a_compilation_without_end_is_ended(tmp_path: Path) -> None:
    endless = """
    template <unsigned N> struct Slow { static constexpr unsigned value =
        Slow<N - 1>::value + Slow<N * 2 + 1>::value; };
    int main() { return Slow<5>::value; }"""
    impatient = Compiler("g++", ("-ftemplate-depth=1000000",), Limits(wall_seconds=0.5))
    done = impatient.compile({"a.cpp": endless}, directory=tmp_path, output="a")
    assert not done.ok
    assert done.errors[-1].message == "the compiler took longer than 0.5 s"


def test_syntax_is_checked_without_a_program(tmp_path: Path) -> None:
    assert COMPILER.check_syntax("int f() { return 1; }", directory=tmp_path) is None
    error = COMPILER.check_syntax("int f() {\n return 1 }", directory=tmp_path)
    assert error
    assert (error.file, error.line) == ("kernel.cpp", 2)


SPEC = AdapterSpec("f", (AdapterParameter("v", "std::vector<double>", "reference"),), "double")
PLAIN = """#include <cmath>
#include <vector>
static double twice(double value) { return 2 * value; }
double f(std::vector<double>& v) {
    static double table[3] = {1, 2, 3};
    double sum = 0;
    #pragma omp parallel for reduction(+ : sum)
    for (std::size_t i = 0; i < v.size(); ++i) sum += std::sin(twice(v[i])) * table[i % 3];
    return sum;
}
"""


def code(directory: Path, kernel: str, flags: tuple[str, ...] = ()) -> str:
    done = COMPILER.compile(
        adapter_sources(SPEC, kernel), directory=directory, output="worker", extra_flags=flags
    )
    assert done.binary, done.stderr
    return object_hash(done.binary)


def test_machine_code_does_not_depend_on_names_and_layout(tmp_path: Path) -> None:
    same = code(tmp_path, PLAIN)
    other = tmp_path / "somewhere else"
    other.mkdir()
    renamed = PLAIN.replace("sum", "total").replace("table", "weights").replace("twice", "doubled")
    assert code(other, "// a comment\n\n" + renamed.replace("    ", "  ")) == same
    assert code(other, PLAIN, ("-g",)) == same


@pytest.mark.parametrize(
    ("old", "new"), [("std::sin", "std::cos"), ("{1, 2, 3}", "{1, 2, 4}"), ("2 * value", "value")]
)
def test_machine_code_depends_on_what_is_computed(tmp_path: Path, old: str, new: str) -> None:
    assert code(tmp_path, PLAIN) != code(tmp_path, PLAIN.replace(old, new))
