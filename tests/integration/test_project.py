"""Kernels inside projects of their own, with make and with CMake: the patch, the gates, the errors."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from parallel_agent import optimize_project, project_spec
from parallel_agent.agent.project.flattening import flattened, text_of
from parallel_agent.agent.project.slicing import sliced
from parallel_agent.agent.project.spec import ProjectError
from project_examples import checkout, checksum, git, recorded

CONTRACT = """kernel = "tides::near_sums"

[dimensions.N]

[parameters.levels]
length = "N"
values = { kind = "integers", low = -1000, high = 1000 }

[parameters.sums]
length = "N"
values = { kind = "integers", low = 0, high = 9 }

[parameters.reach]
values = { kind = "integers", low = 0, high = 40 }
"""
PREFIX_SUMS = """    std::vector<long long> until(levels.size() + 1, 0);
    for (std::size_t i = 0; i < levels.size(); ++i) {
        until[i + 1] = until[i] + levels[i];
    }
    sums.resize(levels.size());
    for (std::size_t here = 0; here < levels.size(); ++here) {
        const bool inside = levels.size() - here - 1 > reach;
        sums[here] = until[inside ? here + reach + 1 : levels.size()] - until[first_near(here, reach)];
    }
"""
ALGEBRA = """            const double steep = east * east + south * south;
            const double turned = south * std::sin(2.36) - east * std::cos(2.36);
            const double lit = 0.7 * (1.0 + turned) / std::sqrt(1.0 + steep);
"""


def sliced_text(root: Path, kernel: str, *files: str) -> str:
    sources = {str(path.relative_to(root)): path.read_text() for path in root.rglob("*.?pp")}
    return text_of(sliced(flattened(sources, files), kernel)[0])


def optimize(
    command: list[str], root: Path, *arguments: object
) -> subprocess.CompletedProcess[str]:
    line = [*command, "optimize", *arguments, "--effort", "quick", "--threads", "2", "--json"]
    return subprocess.run(
        list(map(str, line)), cwd=root, capture_output=True, text=True, check=False
    )


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["kind"] == kind]


@pytest.fixture(scope="module")
def tides(tmp_path_factory: pytest.TempPathFactory, command: list[str]) -> dict[str, Any]:
    """One run on the project with make: a model answers with a wrong version, then with a right one."""
    folder = tmp_path_factory.mktemp("tides")
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    root = checkout("tides", folder)
    # A change that is not committed, in the file that is optimized.
    source = root / "src" / "smooth.cpp"
    source.write_text(source.read_text().replace('"%lld\\n"', '"%lld mm\\n"'))
    text = sliced_text(root, "near_sums", "src/journal.cpp", "src/smooth.cpp")
    start = text.index("    sums.assign(")
    right = text[:start] + PREFIX_SUMS + text[text.index("\n}\n", start) + 1 :]
    model = recorded(folder / "a.jsonl", right.replace("    ++series_smoothed;\n", ""), right)
    (folder / "contract.toml").write_text(CONTRACT)
    before = checksum(root)
    done = optimize(
        command, root, "src/smooth.cpp", "--kernel", "near_sums", "--with", "src/journal.cpp",
        "--build", "make -j2", "--test", "make test", "--bench", "./build/bench_smooth",
        "--metric", "([0-9]+) readings", "--higher-is-better", "--same-output",
        "--contract", folder / "contract.toml", "--size", 2000, "--out", folder / "run",
        "--model", f"replay:{model}", "--price", "free", "--branch", "faster",
        "--answers", 2, "--branches", 1,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {"root": root, "run": folder / "run", "outcome": json.loads(done.stdout), "sum": before}


def test_what_breaks_the_users_test_is_rejected_though_all_other_gates_accept(
    tides: dict[str, Any],
) -> None:
    rejected = [e for e in events(tides["run"], "gate") if not e["data"]["passed"]]
    (by_test,) = [event for event in rejected if event["data"]["name"] == "project_test"]
    assert "FAILED: every series is in the journal" in by_test["data"]["detail"]
    verdict = json.loads(
        (tides["run"] / "candidates" / by_test["candidate"] / "verdict.json").read_text()
    )
    passed = [gate["name"] for gate in verdict["gates"] if gate["passed"]]
    assert {"differential", "history", "sanitizers", "repetition"} <= set(passed)
    assert tides["outcome"]["rejected"]["project_test"] == 1


def test_the_speedup_is_the_benchmarks(tides: dict[str, Any]) -> None:
    outcome, project = tides["outcome"], tides["outcome"]["project"]
    assert outcome["status"] == "improved"
    assert outcome["speedup"] > 3.0
    assert project["candidate"] / project["original"] > 3.0, "readings per second"
    assert project["unit"] == "/([0-9]+) readings/, higher is better"
    assert project["checked_by"] == "gates and test"
    assert outcome["reasons"][0].startswith("by your benchmark, ")


def test_the_patch_applies_and_the_users_test_passes_on_it(
    tides: dict[str, Any], tmp_path: Path
) -> None:
    assert tides["outcome"]["project"]["files"] == ["src/smooth.cpp"]
    copy = tmp_path / "tides"
    shutil.copytree(tides["root"], copy)
    git(copy, "apply", tides["outcome"]["diff"])
    text = (copy / "src" / "smooth.cpp").read_text()
    assert "until[i + 1]" in text
    assert "print_series" in text, "what the kernel does not need is still there"
    subprocess.run(["make", "-j2", "test"], cwd=copy, check=True, capture_output=True)


def test_the_branch_has_one_commit_and_the_users_tree_is_untouched(tides: dict[str, Any]) -> None:
    root = tides["root"]
    assert checksum(root) == tides["sum"]
    assert git(root, "branch", "--show-current") == "main"
    assert git(root, "rev-list", "--count", "main..faster") == "1"
    assert git(root, "diff", "--name-only", "main", "faster") == "src/smooth.cpp"
    assert "%lld mm" not in git(root, "show", "faster:src/smooth.cpp"), "nobody committed that"
    assert tides["outcome"]["project"]["commit"] == git(root, "rev-parse", "faster")


def test_the_copies_are_gone_and_the_evidence_is_there(tides: dict[str, Any]) -> None:
    left = sorted(path.name for path in (tides["run"] / "project").iterdir())
    assert left == ["project.json", "state.json"]
    assert (tides["run"] / "reproduce" / "Makefile").is_file()


@pytest.mark.long
@pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed")
def test_where_the_function_cannot_be_run_by_itself_the_test_alone_decides_if_it_may(
    tmp_path: Path, command: list[str]
) -> None:
    root = checkout("hillshade", tmp_path)
    text = sliced_text(root, "shade", "src/shade.cpp")
    start, end = (
        text.index("            const double slope"),
        text.index("            light[here] ="),
    )
    faster = text[:start] + ALGEBRA + text[end:]
    wrong = faster.replace("    ++maps_shaded;\n", "")
    model = recorded(tmp_path / "a.jsonl", wrong, faster)
    before = checksum(root)
    line = (
        "src/shade.cpp", "--kernel", "shade",
        "--build", "cmake -S . -B build && cmake --build build -j2",
        "--test", "ctest --test-dir build --output-on-failure", "--bench", "build/bench_shade",
        "--metric", "shade: ([0-9.]+) ms", "--model", f"replay:{model}", "--price", "free",
        "--answers", 2, "--branches", 1,
    )  # fmt: skip

    done = optimize(command, root, *line, "--out", tmp_path / "run", "--trust-test")

    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["project"]["checked_by"] == "test only"
    assert outcome["notes"][0].startswith("checked by your test only")
    assert outcome["rejected"].get("project_test") == 1
    assert outcome["status"] == "improved"
    git(root, "apply", "--check", outcome["diff"])
    assert checksum(root) == before


SMALL = """#include <cstdio>
#include <vector>
double total(const std::vector<double>& x) {
    double sum = 0.0;
    for (double each : x) sum += each;
    return sum;
}
int main() { std::printf("took %.1f ms\\n", total({1.0, 2.0})); }
"""


@pytest.mark.parametrize(
    ("options", "wrong", "advice"),
    [
        ({"build": "c++ -c missing.cpp"}, "build fails: status 1: ", "--readable"),
        ({"build": "true"}, "bench fails: status 127: ", "status 0"),
        ({"test": "test -d nowhere"}, "test fails: status 1", "as it is"),
        ({"metric": "spent ([0-9.]+)"}, "--metric matches nowhere", "matches once"),
        ({"build": "g++ -O1 small.cpp -o small"}, "without OpenMP", "-fopenmp"),
        ({"build": "cp /bin/true small", "metric": ""}, "does not compile small.cpp", "Give the"),
        ({"test": "cat /etc/shadow"}, "test fails: ", "as it is"),
        ({"bench": ""}, "--bench is missing", "--build"),
    ],
)
def test_what_is_wrong_with_a_project_is_said_before_anything_is_bought(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, str],
    wrong: str,
    advice: str,
) -> None:
    (tmp_path / "small.cpp").write_text(SMALL)
    monkeypatch.chdir(tmp_path)
    given = {"build": "g++ -O1 -fopenmp small.cpp -o small", "test": "true", "bench": "./small"}
    given |= {"metric": "took ([0-9.]+)", **options}

    with pytest.raises(ProjectError) as raised:
        optimize_project(project_spec("small.cpp", **given), kernel="total", out=Path("run"))

    assert wrong in str(raised.value)
    assert advice in raised.value.hint
    assert not (tmp_path / "run").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.cpp"]


def test_a_function_that_cannot_be_run_by_itself_is_refused_in_two_lines(
    tmp_path: Path, command: list[str]
) -> None:
    source = SMALL.replace("double total(", "double each_of(double);\ndouble total(")
    (tmp_path / "small.cpp").write_text(source.replace("sum += each", "sum += each_of(each)"))
    (tmp_path / "other.cpp").write_text("double each_of(double x) { return x; }\n")

    done = optimize(
        command, tmp_path, "small.cpp", "--kernel", "total", "--out", "run", "--bench", "./small",
        "--build", "g++ -O1 -fopenmp small.cpp other.cpp -o small", "--test", "true",
    )  # fmt: skip

    assert done.returncode == 2
    error, help_ = done.stderr.splitlines()[-2:]
    assert error.startswith("error: total cannot be checked by itself: ")
    assert "undefined reference to `each_of(double)'" in error
    assert "--with FILE" in help_
    assert "--trust-test" in help_
    assert not (tmp_path / "run").exists()
