"""`profile` from the command line: with real compilers, workers and clocks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from parallel_agent.cli import run
from parallel_agent.measurement.bounds import Peak
from parallel_agent.measurement.remarks import loop_remarks
from parallel_agent.toolchain.compiler import Compiler

ORIGINAL = """#include <cstddef>
#include <vector>
void settle(std::vector<double>& heat, const std::vector<double>& source) {
    for (std::size_t cell = 0; cell < heat.size(); ++cell) {
        double value = heat[cell];
        for (int step = 0; step < 40; ++step) {
            if (value > 1.0) break;
            value = value * 0.5 + source[cell];
        }
        heat[cell] = value;
    }
}
"""
CONTRACT = """kernel = "settle"
[dimensions.n]
[parameters.heat]
length = "n"
[parameters.source]
length = "n"
"""
CANDIDATE = ORIGINAL.replace(
    "    for (std::size_t", "#pragma omp parallel for\n    for (std::size_t"
)
LOOPS = """#include <cmath>
void each(double* y, const double* x, const int* at, int n) {
    for (int i = 0; i < n; ++i) y[i] = x[i] + 1;
    for (int i = 1; i < n; ++i) y[i] = y[i - 1] * x[i];
    for (int i = 0; i < n; ++i) y[at[i]] += x[i];
    for (int i = 0; i < n; ++i) y[i] = std::sin(x[i]);
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "original.cpp").write_text(ORIGINAL)
    (tmp_path / "original.toml").write_text(CONTRACT)
    (tmp_path / "candidate.cpp").write_text(CANDIDATE)
    (tmp_path / "wrong.cpp").write_text(CANDIDATE.replace("0.5 +", "0.5 -"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_candidate_is_timed_by_size_and_by_thread(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "profile original.cpp candidate.cpp --threads 2 --size 20000 --effort quick --json"
    assert run([*command.split(), "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    (size,) = told["sizes"]
    assert size["sizes"] == {"n": 20000}
    assert size["bytes"] >= 2 * 8 * 20000
    assert 0 < size["read_seconds"] < size["original_seconds"]
    low, high = size["interval"]
    assert low <= size["speedup"] <= high
    assert [at["threads"] for at in told["scaling"]["points"]] == [1, 2]
    assert told["peak_flops"] > 1e8
    assert [loop["line"] for loop in told["loops"]] == [7]
    assert told["conclusions"]
    assert json.loads((Path(told["run"]) / "profile.json").read_text()) == told


def test_a_candidate_that_answers_otherwise_has_no_times(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "profile original.cpp wrong.cpp --threads 2 --size 2000 --effort quick --quiet"
    assert run(command.split()) == 1
    assert "the candidate is no match: heat[" in capsys.readouterr().out


def test_what_is_no_request_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "candidate.cpp").write_text("int nothing;\n")
    assert run(["profile", "original.cpp", "nowhere.cpp"]) == 2
    assert run(["profile", "original.cpp", "--size", "m=3"]) == 2
    assert "--size: 'm=3' must give n" in capsys.readouterr().err
    assert not list(folder.glob(".parallel-agent/runs/*"))


@pytest.mark.parametrize("cxx", ["g++", "clang++-19"])
def test_compilers_say_what_they_made_of_each_loop(cxx: str, tmp_path: Path) -> None:
    if shutil.which(cxx) is None:
        pytest.skip(f"{cxx} is not installed")
    remarks = loop_remarks(Compiler.find(cxx), LOOPS, tmp_path)
    assert [(remark.line, remark.vectorized) for remark in remarks] == [
        (3, True),
        (4, False),
        (5, False),
        (6, False),
    ]
    _, carried, indirect, call = (remark.reason for remark in remarks)
    assert carried == "an iteration reads what an earlier one wrote"
    assert indirect == "subscripts that come from memory"
    assert call.startswith("a call that has no form for vectors")


def test_more_threads_compute_no_less(tmp_path: Path) -> None:
    one, two = (Peak("g++", tmp_path, threads).flops() for threads in (1, 2))
    assert 1e8 < one < 1e13
    assert two > 0.5 * one
