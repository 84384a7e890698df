"""The project's benchmark as the clock: what it must not be fooled by."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.agent.project.flattening import text_of
from parallel_agent.agent.project.opening import open_project, project_files
from parallel_agent.agent.project.run import project_spec
from parallel_agent.agent.project.timing import time_project
from parallel_agent.agent.project.workshop import ORIGINAL, REWRITTEN, Workshop
from parallel_agent.measurement.plan import TimingPlan
from parallel_agent.measurement.timing import MismatchError
from parallel_agent.settings import load_settings

# What it prints as its time is what the kernel answers.
GULLIBLE = """#include <cstdio>
#include <vector>
double total(const std::vector<double>& x) {
    double sum = 0.0;
    for (double each : x) sum += each;
    return sum;
}
int main() { std::printf("took %.1f ms\\n", total({1.0, 2.0})); }
"""
PLAN = TimingPlan(min_pairs=5, max_pairs=5, warmup=0)


def opened(folder: Path, monkeypatch: pytest.MonkeyPatch, **commands: str) -> Workshop:
    root = folder / "tree"
    root.mkdir()
    (root / "small.cpp").write_text(GULLIBLE)
    monkeypatch.chdir(root)
    told = {"build": "g++ -O1 -fopenmp small.cpp -o small", "test": "true", "bench": "./small"}
    spec = project_spec("small.cpp", **{**told, "metric": "took ([0-9.]+)", **commands})
    workshop = Workshop(folder / "run", spec, 2)
    workshop.folder.mkdir()
    given = load_settings(kernel="total", effort="quick", threads=2)
    open_project(workshop, project_files(spec), given, lambda stage: None)
    return workshop


def test_a_number_that_says_faster_where_the_clock_says_slower_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop = opened(tmp_path, monkeypatch)
    known = workshop.known()
    assert known.writes == {"test": False, "bench": False}
    lying = text_of(known.slice).replace(
        "return sum;",
        "for (volatile long idle = 0; idle < 400000000; ++idle) { }\n    return sum / 3.0;",
    )
    with pytest.raises(
        MismatchError, match=r"3\.00 times as fast, and took .* as long on the clock"
    ):
        time_project(workshop, lying, PLAN)


def test_a_benchmark_that_writes_finds_its_tree_as_it_was_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop = opened(
        tmp_path,
        monkeypatch,
        bench="touch seen-$$ && echo there are $(ls | grep -c seen)",
        metric="there are ([0-9]+)",
        test="test ! -e tested && touch tested",
    )
    assert workshop.known().writes == {"test": True, "bench": True}
    with workshop.built({}):
        workshop.test(1)
        workshop.test(2)
        times = workshop.time(PLAN)
    assert {run.value for run in (*times.original, *times.candidate)} == {1.0}


def test_both_copies_have_paths_of_the_same_length() -> None:
    assert len(ORIGINAL) == len(REWRITTEN)
