"""The maintainers' program that compares policies: evaluated once, then simulated."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[2] / "tools" / "policy_simulation.py"
SOURCE = """#include <vector>
long total(const std::vector<int>& x) {
    long sum = 0;
    for (int value : x) sum += value;
    return sum;
}
"""
RIGHT = SOURCE.replace("    for", "    #pragma omp parallel for reduction(+ : sum)\n    for")
CONTRACT = 'kernel = "total"\n[dimensions.n]\n[parameters.x]\nlength = "n"\n'


def run(*arguments: object, cwd: Path, expected: Sequence[int] = (0,)) -> str:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode in expected, done.stderr
    return done.stdout


def simulated(cwd: Path, *arguments: object) -> dict[str, Any]:
    """Chance may have it that the default loses: the exit status says so."""
    found: dict[str, Any] = json.loads(
        run("simulate", "--json", *arguments, cwd=cwd, expected=(0, 1))
    )
    return found


def test_made_up_answers(tmp_path: Path) -> None:
    arguments = ("--synthetic", 3, "--seeds", 3, "--budgets", 0.01, 0.05)
    found = simulated(tmp_path, *arguments)
    assert found == simulated(tmp_path, *arguments, "--jobs", 2)
    assert "SIMULATED" in found["about"]
    assert found["assumed"]["dear"]["output_price"] == 10.0
    names = ["default", "best_of_n", "sequential", "uniform"]
    assert [(row["budget_usd"], row["policy"]) for row in found["rows"]] == [
        (budget, name) for budget in (0.01, 0.05) for name in names
    ]
    for row in found["rows"]:
        mean, low, high = row["score"]
        assert 1.0 <= low <= mean <= high
        assert 0.5 * row["budget_usd"] < row["spent_usd"] <= row["budget_usd"]
        assert ("lead" in row) == (row["policy"] != "default")


def test_the_plot(tmp_path: Path) -> None:
    arguments = ("--synthetic", 3, "--seeds", 2, "--budgets", 0.01, 0.02, "--plot", "plot.svg")
    simulated(tmp_path, *arguments)
    assert "SIMULATED" in (tmp_path / "plot.svg").read_text()


def test_without_the_file_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert run("evaluate", "nowhere.json", "--cache", "cache.json", cwd=tmp_path) == ""
    assert run("simulate", "--cache", "cache.json", cwd=tmp_path) == ""


@pytest.mark.long
def test_recorded_answers_are_evaluated_once(tmp_path: Path) -> None:
    completions = [
        {"code": code, "count": 5, "built": True, "judged": "PASS", "output_tokens_estimate": 90}
        for code in (RIGHT, "wrong", "nothing")
    ]
    known = [  # as tools/verify_recorded.py left it: nothing goes through the gates again
        {"name": "total", "completion": i, "accepted": i == 0, "gate": "seen", "detail": "before"}
        for i in range(3)
    ]
    kernel = {"name": "total", "source": SOURCE, "completions": completions}
    (tmp_path / "recorded.json").write_text(json.dumps([kernel]))
    (tmp_path / "verified" / "contracts").mkdir(parents=True)
    (tmp_path / "verified" / "contracts" / "total.toml").write_text(CONTRACT)
    (tmp_path / "verified" / "results.jsonl").write_text("\n".join(map(json.dumps, known)))
    command = ("evaluate", "recorded.json", "--cache", "cache.json", "--verified", "verified",
               "--threads", 2, "--effort", "quick")  # fmt: skip
    assert "1 kernels are evaluated whole, of 1" in run(*command, cwd=tmp_path)
    first = (tmp_path / "cache.json").read_text()
    run(*command, cwd=tmp_path)
    assert (tmp_path / "cache.json").read_text() == first
    answers = json.loads(first)["kernels"]["total"]["answers"]
    assert [answers[str(i)]["accepted"] for i in range(3)] == [True, False, False]
    assert answers["0"]["speedup"] > 0.0
    assert answers["1"]["detail"] == "seen: before"
    assert json.loads(first)["studies"]["total"]["threads"] == 2
    arguments = ("--cache", "cache.json", "--seeds", 2, "--budgets", 0.01)
    assert "1 kernels" in simulated(tmp_path, *arguments)["about"]
