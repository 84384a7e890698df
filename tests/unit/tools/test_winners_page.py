"""The page on what wins on each kernel of a suite, from the folders of its runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import winners_page
from parallel_agent.agent.outcome import ChainStep, Outcome
from parallel_agent.suites.suite import SuiteKernel

SOURCE = "int twice(int n) { return 2 * n; }\n"
DIFF = "--- original.cpp\n+++ best.cpp\n@@ -1 +1 @@\n-slow\n+fast\n"


def outcome(**fields: object) -> Outcome:
    given = {
        "status": "improved", "kernel": "twice", "speedup": 2.125, "interval": (2.0, 2.25),
        "threads": 2, "noise_floor": 0.02, "sizes": (), "spent_usd": "0", "cap_usd": "0",
        "candidates": 3, "rejected": {}, "not_faster": 0, "pruned": [],
        "best_source": "/home/me/best.cpp", "diff": "/home/me/best.diff", "run": "/home/me",
        "proposer": "rules", "strategy": "reduction parallel", "reasons": [], "notes": [],
        "seconds": 7.0, **fields,
    }  # fmt: skip
    return Outcome.model_validate(given)


UNCHANGED = outcome(status="unchanged", speedup=1.0, interval=(1.0, 1.0), strategy="")


@pytest.fixture
def kernels(tmp_path: Path) -> list[SuiteKernel]:
    found = []
    for name, category in (("sums", "reduce"), ("peaks", "reduce"), ("ridges", "scan")):
        path = tmp_path / f"{name}.cpp"
        path.write_text(SOURCE)
        found.append(SuiteKernel(name, category, path))
    return found


def write_run(suite: Path, name: str, given: Outcome | None, diff: str = "") -> None:
    root = suite / "kernels" / name
    root.mkdir(parents=True)
    (root / "original.cpp").write_text(SOURCE)
    (root / "best.diff").write_text(diff)
    if given is not None:
        (root / "outcome.json").write_text(given.model_dump_json())


def test_a_winner_shows_its_speedup_its_steps_and_its_change(
    tmp_path: Path, kernels: list[SuiteKernel]
) -> None:
    steps = (
        ChainStep(name="fuse_passes contract", speedup=1.5),
        ChainStep(name="the original unless n >= 99", speedup=None),
    )
    write_run(tmp_path, "sums", outcome(chain=steps), DIFF)
    text = winners_page.page([tmp_path], kernels[:1])
    assert text.endswith(
        "## reduce\n\n### sums\n\n**2.12 times as fast** (2.00 to 2.25) on 2 threads.\n\n"
        "1. [`fuse_passes`](fuse_passes.md) `contract`: 1.50\n2. `the original unless n >= 99`\n\n"
        f"```diff\n{DIFF}```\n"
    )
    assert "`python tools/winners_page.py FOLDER...`" in text
    assert "on 2 threads. 1 of 1 kernels came back faster" in text
    assert "/home/me" not in text and str(tmp_path) not in text


def test_without_a_chain_the_strategy_is_the_only_step(
    tmp_path: Path, kernels: list[SuiteKernel]
) -> None:
    write_run(tmp_path, "sums", outcome(strategy="pipelined sums"), DIFF)
    assert "\n\n1. `pipelined sums`\n\n```diff" in winners_page.page([tmp_path], kernels)


def test_what_came_back_unchanged_says_why_in_one_line(
    tmp_path: Path, kernels: list[SuiteKernel]
) -> None:
    reasons = ["a[i] * 2 is\nrejected", "vector<bool>", "loop_order", "scan", "tiling", "reduction"]
    write_run(tmp_path, "sums", UNCHANGED.model_copy(update={"reasons": reasons}))
    write_run(tmp_path, "peaks", UNCHANGED)
    text = winners_page.page([tmp_path], kernels)
    said = r"a\[i\] \* 2 is rejected; vector&lt;bool>; loop\_order; scan; and 2 more"
    assert f"### sums\n\nUnchanged: {said}.\n" in text
    assert "### peaks\n\nUnchanged: nothing was faster.\n" in text
    assert "```diff" not in text


def test_kernels_stand_in_the_order_of_the_suite_under_their_categories(
    tmp_path: Path, kernels: list[SuiteKernel]
) -> None:
    for kernel in reversed(kernels):
        write_run(tmp_path, kernel.name, UNCHANGED)
    headings = [
        line for line in winners_page.page([tmp_path], kernels).splitlines() if line[:2] == "##"
    ]
    assert headings == ["## reduce", "### sums", "### peaks", "## scan", "### ridges"]


def test_of_several_folders_the_first_with_a_finished_run_counts(
    tmp_path: Path, kernels: list[SuiteKernel]
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write_run(first, "sums", None)
    write_run(second, "sums", outcome(speedup=3.0), DIFF)
    write_run(first, "peaks", outcome(speedup=4.0), DIFF)
    write_run(second, "peaks", outcome(speedup=5.0), DIFF)
    text = winners_page.page([first, second], kernels)
    assert "3.00 times" in text and "4.00 times" in text and "5.00 times" not in text
    assert "Without a finished run: ridges.\n" in text


def test_a_run_of_an_older_source_does_not_count(
    tmp_path: Path, kernels: list[SuiteKernel]
) -> None:
    write_run(tmp_path, "sums", outcome(), DIFF)
    kernels[0].path.write_text(SOURCE.replace("2 *", "3 *"))
    with pytest.raises(LookupError, match="no finished run"):
        winners_page.page([tmp_path], kernels)


def test_runs_on_different_numbers_of_threads_make_no_page(
    tmp_path: Path, kernels: list[SuiteKernel]
) -> None:
    write_run(tmp_path, "sums", outcome(threads=1), DIFF)
    write_run(tmp_path, "peaks", outcome(threads=2), DIFF)
    with pytest.raises(ValueError, match=r"\[1, 2\]"):
        winners_page.page([tmp_path], kernels)


def test_a_file_that_is_no_outcome_is_named(tmp_path: Path, kernels: list[SuiteKernel]) -> None:
    write_run(tmp_path, "sums", outcome(), DIFF)
    path = tmp_path / "kernels" / "sums" / "outcome.json"
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"outcome\.json is not the outcome of a run"):
        winners_page.page([tmp_path], kernels)


def test_folders_without_runs_are_told_in_two_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["winners_page.py", str(tmp_path)])
    assert winners_page.main() == 2
    said = capsys.readouterr().err
    assert said.startswith("error: there is no finished run") and said.count("\n") == 2
