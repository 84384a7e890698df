"""The contest's toolkit in miniature: its problems as a suite, its driver as a judge, its script."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from parallel_agent.suites.adapters.llm4pp import PROBLEMS
from parallel_agent.suites.judges.toolkit import Toolkit, ToolkitError

MINIATURE = Path(__file__).parent.parent / "mini_toolkit"
ROOTS, SOFTEN = "1_reduce_sum_of_roots", "2_transform_soften"
TOTAL, FIRST = "3_scan_running_total", "4_search_first_above"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    pytest.importorskip("prettytable")
    return Path(shutil.copytree(MINIATURE, tmp_path / "checkout"))


def sources(checkout: Path) -> dict[str, str]:
    problems = json.loads((checkout / PROBLEMS).read_text(encoding="utf-8"))
    return {problem["name"]: problem["src_code"] for problem in problems}


def sizes(checkout: Path, **numbers: int) -> Path:
    """Sizes so small that a driver's run takes no time."""
    path = checkout / "sizes.json"
    found = {name: {"omp": str(numbers.get(name, 20000))} for name in sources(checkout)}
    path.write_text(json.dumps(found), encoding="utf-8")
    return path


def test_the_driver_builds_checks_and_times_with_the_threads_and_sizes_given(
    checkout: Path,
) -> None:
    given = sources(checkout)
    one_pass = given[TOTAL].replace("double total = 0.0;", "double total = i ? y[i - 1] : 0.0;")
    one_pass = one_pass.replace("int j = 0; j <= i", "int j = i; j <= i")
    answers = {
        TOTAL: one_pass,
        ROOTS: given[ROOTS].replace("return sum;", "return sum + 1.0;"),
        SOFTEN: given[SOFTEN].replace(
            "void soften", "double clampUnit(double x) { return x; }\nvoid soften"
        ),
        FIRST: given[FIRST].replace("return i;", "return omp_get_max_threads() == 3 ? i : 0;"),
    }
    found = {
        j.kernel: j for j in Toolkit(checkout).judge(answers, threads=3, sizes=sizes(checkout))
    }
    assert list(found) == list(answers)
    assert found[TOTAL].credit > 5.0
    assert found[ROOTS].compiled and not found[ROOTS].correct and found[ROOTS].credit == 1.0
    assert not found[SOFTEN].compiled and "another name" in found[SOFTEN].reason
    assert found[FIRST].correct, "it was given another number of threads"


def test_an_answer_that_the_driver_does_not_come_back_from_is_not_judged(checkout: Path) -> None:
    given = sources(checkout)
    missing = {"no_such_problem": "int f();", ROOTS: given[ROOTS]}
    lost, judged = Toolkit(checkout).judge(missing, threads=1, sizes=sizes(checkout))
    assert not lost.judged and "did not get to it" in lost.reason and lost.credit == 1.0
    assert judged.correct and judged.judged


def test_what_the_toolkit_lacks_is_named_with_the_remedy(checkout: Path) -> None:
    harness = checkout / "model_eval" / "ParEval" / "drivers" / "cpp" / "harness.hpp"
    plain = harness.read_text(encoding="utf-8")
    if _has_format():
        Toolkit(checkout)
    else:
        harness.write_text(f"#include <format>\n{plain}", encoding="utf-8")
        with pytest.raises(ToolkitError, match="<format>") as lacking:
            Toolkit(checkout)
        assert "g++ 13" in lacking.value.hint
        harness.write_text(plain, encoding="utf-8")
    runner = checkout / "model_eval" / "ParEval" / "drivers" / "run-all.py"
    runner.write_text("import no_such_module\n", encoding="utf-8")
    with pytest.raises(ToolkitError, match="needs the Python module no_such_module"):
        Toolkit(checkout)


def _has_format() -> bool:
    command = ["g++", "-std=c++20", "-fsyntax-only", "-x", "c++", "-"]
    return subprocess.run(command, input=b"#include <format>", capture_output=True).returncode == 0


@pytest.mark.long
def test_the_contests_own_script_goes_through_with_one_budget(
    checkout: Path, tmp_path: Path
) -> None:
    problems = checkout / PROBLEMS
    kept = [p for p in json.loads(problems.read_text(encoding="utf-8")) if p["name"] == TOTAL]
    problems.write_text(json.dumps(kept), encoding="utf-8")
    sizes(checkout).replace(checkout / "model_eval" / "ParEval" / "drivers" / "problem-sizes.json")
    script = Path(__file__).parent.parent.parent / "graphs" / "contest.py"
    told = {"PARALLEL_AGENT_EFFORT": "quick", "PARALLEL_AGENT_THREADS": "2"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, script],
        cwd=checkout / "model_eval",
        env={**os.environ, **told, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.replace("|", " ").split() for line in done.stdout.splitlines()]
    (total,) = [row for row in rows if row[:1] == ["all"]]
    assert [float(value) for value in total[1:3]] == [1.0, 1.0]
    assert float(total[3]) > 1.2  # some 10 where nothing else is timed at the same moment
    assert "for 0.00 USD" in done.stdout
    (response,) = json.loads(
        (checkout / "model_eval" / "tmp-pareval-results.json").read_text(encoding="utf-8")
    )["responses"]
    best = checkout / "model_eval" / "parallel-agent-contest" / "kernels" / TOTAL / "best.cpp"
    assert response["submission"]["submitted_code"] == best.read_text(encoding="utf-8")
