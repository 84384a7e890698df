"""How candidates of stored runs are ranked: by their last timing, and by the worst that is known."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from parallel_agent.agent.run_folder import FolderError
from parallel_agent.report.pairs import pairs
from parallel_agent.training.standings import RankedKernel, Standing, ranked_kernels
from report_samples import BEST, ORIGINAL, outcome, write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with a verified version, 1.9 times as fast, and a wrong one."""
    return write_run(tmp_path / "run", outcome(tmp_path / "run"))


def changed(run: Path, candidate: str, **fields: Any) -> None:
    path = run / "candidates" / candidate / "record.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, **fields}), encoding="utf-8")


def profiled(run: Path, speedup: float, low: float, high: float, **fields: Any) -> None:
    """Let the verified version's last timing be another one."""
    path = run / "candidates" / "good" / "confirmation.json"
    profile = json.loads(path.read_text(encoding="utf-8"))
    timed = {"speedup": speedup, "interval": [low, high]}
    profile["sizes"][0] |= timed
    path.write_text(json.dumps({**profile, **timed, **fields}), encoding="utf-8")


def only(*runs: Path) -> RankedKernel:
    [kernel] = ranked_kernels(runs)
    return kernel


def outcomes(kernel: RankedKernel) -> list[str]:
    return [standing.outcome for standing in kernel.standings]


def test_the_fastest_verified_comes_first_and_what_was_rejected_last(run: Path) -> None:
    kernel = only(run)
    assert outcomes(kernel) == ["faster", "unchanged", "wrong"]
    best, original, wrong = kernel.standings
    assert (best.pair.tgt_code, best.speedup, best.interval) == (BEST, 1.9, (1.8, 2.0))
    assert original.pair.tgt_code == ORIGINAL and original.counted == 1.0
    assert wrong.gate == "differential" and wrong.detail.startswith("level[3]")
    assert wrong.counted == 1.0 and wrong.speedup is None


@pytest.mark.parametrize(
    ("timing", "expected", "counted"),
    [
        ((1.4, 1.3, 1.5), "faster", 1.4),
        ((1.01, 0.97, 1.05), "unchanged", 1.0),
        ((0.5, 0.4, 0.6), "slower", 0.5),
    ],
)
def test_the_last_timing_counts(
    run: Path, timing: tuple[float, float, float], expected: str, counted: float
) -> None:
    profiled(run, *timing)
    found = next(each for each in only(run).standings if each.pair.tgt_code == BEST)
    assert (found.outcome, found.counted) == (expected, counted)


def test_a_timing_that_ended_early_gives_no_speedup(run: Path) -> None:
    profiled(run, 3.0, 0.9, 3.1, complete=False)
    found = next(each for each in only(run).standings if each.pair.tgt_code == BEST)
    assert (found.outcome, found.speedup, found.interval) == ("unchanged", None, None)


def test_what_was_only_screened_is_not_verified(run: Path) -> None:
    changed(run, "good", accepted=False, better=False)
    assert outcomes(only(run))[0] == "unproved"
    assert not list(pairs([run]))


def test_what_did_not_hold_up_in_the_users_benchmark_is_not_faster(run: Path) -> None:
    changed(run, "good", better=False)
    assert "faster" not in outcomes(only(run))


def test_the_worst_that_is_known_of_a_text_counts(run: Path, tmp_path: Path) -> None:
    second = write_run(tmp_path / "second", outcome(tmp_path / "second"))
    assert outcomes(only(run, second)) == ["faster", "unchanged", "wrong"]
    changed(second, "good", failed_gate="races", detail="a data race at line 4", accepted=False)
    assert sorted(outcomes(only(run, second))) == ["racy", "unchanged", "wrong"]


def test_a_duplicate_says_nothing(run: Path) -> None:
    changed(run, "bad", failed_gate="duplicate")
    assert outcomes(only(run)) == ["faster", "unchanged"]


def test_what_was_measured_elsewhere_is_not_compared(run: Path, tmp_path: Path) -> None:
    other = write_run(tmp_path / "other", outcome(tmp_path / "other"))
    study = other / "original" / "study.json"
    study.write_text(study.read_text(encoding="utf-8").replace("A processor", "Another one"))
    assert len(ranked_kernels([run, other])) == 2


def test_a_kernel_that_only_its_project_judged_is_passed_over(run: Path) -> None:
    (run / "contract.toml").unlink()
    assert ranked_kernels([run]) == []
    assert list(pairs([run])) == []


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="there is no run in"):
        ranked_kernels([tmp_path])


def test_ranks_are_by_what_counts(run: Path) -> None:
    ranked: list[Standing] = list(only(run).standings)
    assert ranked[0].counted > ranked[1].counted
    assert math.isclose(ranked[0].counted, 1.9)
