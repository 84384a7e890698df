"""The folder that builds and times original and best again, with make alone."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from parallel_agent.agent.reproduce import MAX_INPUT_BYTES, write_reproduction
from parallel_agent.agent.subject import OriginalAtSize
from parallel_agent.kernel.contract import Contract, Dimension, ParameterContract
from parallel_agent.kernel.source import parse
from parallel_agent.toolchain.runner import OPENMP_ENVIRONMENT

ORIGINAL = """#include <cmath>
#include <string>
#include <vector>
double norm(std::vector<double>& x, std::string const& label, int n) {
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        x[i] = std::sqrt(std::abs(x[i]));
        sum += x[i] * x[i];
    }
    return sum + label.size();
}
"""
PARALLEL = ORIGINAL.replace("    for", "    #pragma omp parallel for reduction(+ : sum)\n    for")


def size(n: int, instances: int = 1) -> OriginalAtSize:
    return OriginalAtSize(sizes={"N": n}, seconds=1e-3, bytes=8 * n, instances=instances, noise=0.0)


def write(
    directory: Path, best: str, *sizes: OriginalAtSize, flags: tuple[str, ...] = (), least: int = 0
) -> None:
    write_reproduction(
        directory,
        signature=parse(ORIGINAL).kernel.signature,
        contract=Contract(
            kernel="norm",
            dimensions={"N": Dimension(minimum=least)},
            parameters={"x": ParameterContract(length="N"), "n": ParameterContract(equals="N")},
        ),
        original=ORIGINAL,
        best=best,
        cxx="g++",
        cxxflags=("-std=c++20", "-O2", "-fopenmp", *flags),
        sizes=sizes or (size(100, 64), size(5000)),
        seed=7,
        threads=2,
    )


def make(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make as a user would: no variable of ours leads it."""
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    return subprocess.run(
        ["make", *arguments], cwd=directory, env=env, capture_output=True, text=True, check=False
    )


def rows(output: str) -> list[list[str]]:
    lines = [line for line in output.splitlines() if line.startswith("inputs-")]
    return [re.split(r"\s{2,}", line) for line in lines]


def test_make_builds_both_and_prints_times_ratio_and_agreement(tmp_path: Path) -> None:
    write(tmp_path / "reproduce", ORIGINAL + "// the same\n", flags=('-DNOTE="a $(b) # c"',))
    done = make(tmp_path / "reproduce", "ROUNDS=3")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert '-DNOTE="a $(b) # c"' in done.stdout
    found = rows(done.stdout)
    assert [row[0] for row in found] == ["inputs-1.bin", "inputs-2.bin"]
    for name, original, best, ratio, results in found:
        assert float(original) > 0 and float(best) > 0
        assert float(ratio) == pytest.approx(float(original) / float(best), abs=0.006)
        assert results.startswith("identical to the last bit (N="), name


def test_what_differs_is_said_and_leads_to_the_tolerance(tmp_path: Path) -> None:
    wrong = ORIGINAL.replace("return sum +", "return 1e-12 + sum +")
    write(tmp_path, wrong, size(100))
    (row,) = rows(make(tmp_path, "ROUNDS=1").stdout)
    assert "differ: the tolerance is in contract.toml" in row[4]
    assert "under `[comparison]` of its `contract.toml`." in (tmp_path / "README.md").read_text()


def test_every_repetition_has_fresh_arguments(tmp_path: Path) -> None:
    # A kernel that changes its inputs: run again on what it left it would answer differently.
    write(tmp_path, ORIGINAL, size(50))
    assert make(tmp_path, "time_original").returncode == 0
    outputs = []
    for calls, repetitions in ((1, 1), (3, 4)):
        out = tmp_path / f"{calls}.out"
        arguments = ["./time_original", "inputs-1.bin", out.name, str(calls), str(repetitions)]
        subprocess.run(arguments, cwd=tmp_path, check=True, capture_output=True)
        outputs.append(out.read_bytes())
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) > 50 * 8


def test_threads_and_their_places_are_those_of_the_run(tmp_path: Path) -> None:
    write(tmp_path, PARALLEL, size(10))
    command = make(tmp_path, "-n", "compare", "THREADS=3").stdout.splitlines()[-1]
    given = dict(part.split("=") for part in command.split(" sh ")[0].split())
    assert given == {**OPENMP_ENVIRONMENT, "OMP_NUM_THREADS": "3"}


def test_a_broken_input_file_ends_with_a_word_and_status_1(tmp_path: Path) -> None:
    write(tmp_path, ORIGINAL, size(50))
    inputs = tmp_path / "inputs-1.bin"
    inputs.write_bytes(inputs.read_bytes()[:-8])
    make(tmp_path, "time_original")
    arguments = ["./time_original", "inputs-1.bin", "a.out", "1", "1"]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cut short" in done.stderr or "too large" in done.stderr


def test_a_program_that_fails_ends_the_comparison(tmp_path: Path) -> None:
    write(tmp_path, ORIGINAL.replace("double sum", "throw 1; double sum"), size(50))
    done = make(tmp_path)
    assert done.returncode != 0
    assert rows(done.stdout) == []


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_writing_twice_writes_the_same_and_leaves_nothing_old(tmp_path: Path) -> None:
    write(tmp_path / "a", PARALLEL)
    write(tmp_path / "b", PARALLEL, size(1), size(2), size(3))
    (tmp_path / "b" / "time_best").write_text("an old program")
    write(tmp_path / "b", PARALLEL)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_for_large_inputs_a_smaller_size_stands_in(tmp_path: Path) -> None:
    most = MAX_INPUT_BYTES // 8
    write(tmp_path, PARALLEL, size(10), size(most + 1), size(6 * most))
    readme = (tmp_path / "README.md").read_text()
    assert f"larger than 8 MiB: N={most + 1}; N={6 * most}." in readme
    assert f"Instead there is N={6 * most // 8}," in readme
    assert [p.name for p in sorted(tmp_path.glob("*.bin"))] == ["inputs-1.bin", "inputs-2.bin"]
    assert max(p.stat().st_size for p in tmp_path.glob("*.bin")) <= MAX_INPUT_BYTES
    assert (tmp_path / "inputs.txt").read_text().splitlines()[1].split() == [
        "inputs-2.bin",
        "1",
        f"N={6 * most // 8}",
    ]
    write(tmp_path, PARALLEL, size(10))
    assert "Left out" not in (tmp_path / "README.md").read_text()


def test_a_contract_without_smaller_sizes_keeps_its_own(tmp_path: Path) -> None:
    large = MAX_INPUT_BYTES // 8 + 1
    write(tmp_path, PARALLEL, size(large), least=large)
    assert (tmp_path / "inputs-1.bin").stat().st_size > MAX_INPUT_BYTES


def test_an_unchanged_outcome_is_written_too(tmp_path: Path) -> None:
    write(tmp_path, ORIGINAL)
    assert "found nothing better" in (tmp_path / "README.md").read_text()
    assert (tmp_path / "best.hpp").read_text() == ORIGINAL
