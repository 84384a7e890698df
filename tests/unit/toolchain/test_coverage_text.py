"""Reading what gcov prints, and finding the gcov of a compiler."""

from __future__ import annotations

import json
from pathlib import Path

from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.coverage import gcov_of, parse_counts


def branch(count: int, *, throw: bool = False) -> dict[str, object]:
    return {"count": count, "throw": throw, "fallthrough": not throw}


def test_branches_of_exceptions_are_left_out_with_their_opposites() -> None:
    branches = [branch(8), branch(0, throw=True), branch(5), branch(3)]
    lines = [{"line_number": 7, "function_name": "f", "count": 8, "branches": branches}]
    other = [{"line_number": 1, "function_name": "g", "count": 1, "branches": []}]
    files = [
        {"file": "kernel.hpp", "lines": lines},
        {"file": "/usr/include/vector", "lines": other},
    ]
    found = parse_counts(json.dumps({"files": files}) + "\n")
    assert found == {(7, "f", -1): 8, (7, "f", 0): 5, (7, "f", 1): 3}


def test_what_is_no_coverage() -> None:
    assert parse_counts("") is None
    assert parse_counts("kernel.gcno:cannot open notes file\n") is None


def test_the_gcov_of_a_compiler(tmp_path: Path) -> None:
    for name in ("g++-13", "gcov-13", "clang++"):
        (tmp_path / name).touch()
    assert gcov_of(Compiler(str(tmp_path / "g++-13"))) == str(tmp_path / "gcov-13")
    assert gcov_of(Compiler(str(tmp_path / "clang++"))) is None
