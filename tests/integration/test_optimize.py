"""One real run through the library: the outcome and the evidence that it leaves."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from ladder import LADDER
from parallel_agent import Event, Outcome, aoptimize, optimize, resume
from parallel_agent.agent.run_folder import FolderError, RunFolder
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import SourceError
from parallel_agent.measurement.scaling import Scaling

SOURCE = """#include <cmath>
#include <cstddef>
#include <vector>

double sumOfRoots(std::vector<double> const& x) {
    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        sum += std::sqrt(2.0 + std::sin(x[i]) * std::cos(x[i]));
    }
    return sum;
}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, list[Event], Path]:
    """One run at quick effort, shared by the tests of this file."""
    folder = tmp_path_factory.mktemp("optimize")
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    source = folder / "roots.cpp"
    source.write_text(SOURCE, encoding="utf-8")
    events: list[Event] = []
    outcome = optimize(
        source,
        out=folder / "run",
        effort="quick",
        threads=2,
        size="64 50000",
        listener=events.append,
    )
    return outcome, events, folder / "run"


def test_the_outcome_says_what_was_found(run: tuple[Outcome, list[Event], Path]) -> None:
    outcome, _, folder = run
    assert outcome.kernel == "sumOfRoots"
    assert outcome.candidates >= 2
    assert outcome.interval[0] <= outcome.speedup <= outcome.interval[1]
    assert [size.sizes for size in outcome.sizes] == [{"n": 64}, {"n": 50000}]
    assert (outcome.spent_usd, outcome.cap_usd) == ("0.00", "0.00")
    best, original = (folder / "best.cpp").read_text(), (folder / "original.cpp").read_text()
    if outcome.status == "improved":
        assert outcome.speedup > 1.0
        assert best != original
        assert "+" in (folder / "best.diff").read_text()
    else:
        assert best == original
        assert outcome.speedup == 1.0


def test_no_size_of_an_improved_outcome_is_slower(run: tuple[Outcome, list[Event], Path]) -> None:
    outcome, _, _ = run
    for size in outcome.sizes:
        assert size.speedup >= 1.0 / (1.0 + size.noise)


def test_the_tolerance_is_calibrated_with_its_evidence(
    run: tuple[Outcome, list[Event], Path],
) -> None:
    text = (run[2] / "contract.toml").read_text()
    assert text.startswith("# ")  # how the contract was found is still there
    tolerance = Contract.from_toml(text).comparison.results["return"]
    assert "last-bit noise" in tolerance.evidence
    # Terms from 1.2 to 1.7: nothing cancels in their sum.
    for n in (64, 50_000):
        bound = tolerance.at({"n": n})
        assert 0 < bound.relative * 1.4 * n + bound.absolute < 1e-11 * n
    assert not (run[2] / "original" / "rebuilt").exists()


def test_the_run_folder_holds_the_evidence(run: tuple[Outcome, list[Event], Path]) -> None:
    outcome, events, folder = run
    for name in ("original.cpp", "contract.toml", "best.cpp", "best.diff", "ledger.sqlite"):
        assert (folder / name).is_file(), name
    for name in ("checkpoint.sqlite", "events.jsonl", "reproduce/Makefile", "report.html"):
        assert (folder / name).is_file(), name
    logged = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert len(logged) == len(events)
    judged = [path.parent.name for path in folder.glob("candidates/*/screening.json")]
    assert len(judged) == outcome.candidates
    for candidate in judged:
        assert (folder / "candidates" / candidate / "candidate.cpp").is_file()


def test_every_candidate_went_through_the_ledger(run: tuple[Outcome, list[Event], Path]) -> None:
    outcome, _, folder = run
    with sqlite3.connect(folder / "ledger.sqlite") as db:
        rows = db.execute("SELECT kind, count(*) FROM entries GROUP BY kind").fetchall()
    counted = dict(rows)
    assert counted["settled"] >= outcome.candidates
    assert counted["reserved"] == sum(count for kind, count in rows if kind != "reserved")


def test_all_gates_are_in_the_verdict_of_what_is_handed_back(tmp_path: Path) -> None:
    """Without mispredicted branches it is many times as fast, however busy the machine is."""
    source = tmp_path / "grades.cpp"
    source.write_text(LADDER, encoding="utf-8")
    outcome = optimize(source, out=tmp_path / "run", effort="quick", threads=2, size=("300000",))
    assert outcome.status == "improved"
    best = Path(outcome.best_source).read_text(encoding="utf-8")
    [winner] = [
        path.parent
        for path in tmp_path.glob("run/candidates/*/candidate.cpp")
        if path.read_text(encoding="utf-8") == best
    ]
    verdict = json.loads((winner / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["accepted"] and (winner / "confirmation.json").is_file()
    names = [gate["name"] for gate in verdict["gates"]]
    assert names == [
        "forbidden", "signature", "compile", "duplicate", "linkage", "differential", "history",
        "sanitizers", "races", "timing size", "repetition",
    ]  # fmt: skip
    scaling = Scaling.model_validate_json((winner / "scaling.json").read_text(encoding="utf-8"))
    assert [point.threads for point in scaling.points] == [1, 2]
    assert all(point.speedup > 1.0 for point in scaling.points)
    report = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert f"{outcome.speedup:.2f} times as fast" in report
    assert "Speedup by number of threads" in report


def test_a_finished_run_gives_its_outcome_again(run: tuple[Outcome, list[Event], Path]) -> None:
    outcome, _, folder = run
    assert resume(folder) == outcome


def test_the_reproduction_builds_and_runs_elsewhere(
    run: tuple[Outcome, list[Event], Path], tmp_path: Path
) -> None:
    _, _, folder = run
    shutil.copytree(folder / "reproduce", tmp_path / "copy")
    done = subprocess.run(["make", "-s"], cwd=tmp_path / "copy", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "original" in done.stdout


def test_a_second_run_in_the_same_folder_is_refused(
    run: tuple[Outcome, list[Event], Path], sum_of_roots: Path
) -> None:
    _, _, folder = run
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(FolderError, match="holds a run already"):
        optimize(sum_of_roots, out=folder)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_folder_in_use_is_refused(tmp_path: Path, sum_of_roots: Path) -> None:
    folder = RunFolder.create(tmp_path / "busy", "x")
    with pytest.raises(FolderError, match="another run is at work"):
        optimize(sum_of_roots, out=folder.root)
    folder.unlock()


def test_a_source_that_does_not_compile_leaves_nothing_behind(tmp_path: Path) -> None:
    source = tmp_path / "broken.cpp"
    source.write_text("#include <vector>\nvoid f(std::vector<int>& x) {\n    x[0] = y;\n}\n")
    with pytest.raises(SourceError, match="line 3"):
        asyncio.run(aoptimize(source, out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()
