from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from parallel_agent.agent.outcome import ChainStep, Outcome, OutcomeAtSize, ProjectOutcome
from parallel_agent.report.closing import bill, counts, headline, print_outcome
from parallel_agent.report.console import show_outcome


def outcome(**changes: object) -> Outcome:
    size = OutcomeAtSize(
        sizes={"n": 1024},
        original_seconds=0.00374,
        candidate_seconds=0.002,
        speedup=1.87,
        interval=(1.82, 1.93),
        noise=0.021,
    )
    plain = Outcome(
        status="improved",
        kernel="saxpy",
        speedup=1.87,
        interval=(1.82, 1.93),
        threads=2,
        noise_floor=0.021,
        sizes=(size,),
        spent_usd="0.00",
        cap_usd="0.25",
        candidates=7,
        rejected={"compile": 1, "races": 1},
        not_faster=3,
        pruned=[{"branch": "simd", "why": "nothing better"}],
        best_source="/a/very/long/path" * 8 + "/best.cpp",
        diff="/r/best.diff",
        run="/r",
        proposer="rules",
        strategy="loop parallel",
        reasons=["y[i] is written [once] in each iteration"],
        cautions=["next may overlap with current"],
        notes=["the machine was busy"],
        seconds=41.7,
    )
    return plain.model_copy(update=changes)


def printed(result: Outcome) -> str:
    console = Console(file=io.StringIO(), width=80, markup=False, highlight=False, record=True)
    print_outcome(result, console)
    return console.export_text()


def test_the_closing_lines_of_an_improved_kernel() -> None:
    text = printed(outcome(best_source="/r/best.cpp"))
    assert "\n".join(line.rstrip() for line in text.splitlines()) == (
        "saxpy: 1.87 times as fast (1.82 to 1.93) with 2 threads, by loop parallel (rules)\n"
        "  y[i] is written [once] in each iteration\n"
        "\n"
        "size     original ms   best ms   speedup   95 % interval   noise\n"
        "────────────────────────────────────────────────────────────────\n"
        "n=1024          3.74      2.00      1.87    1.82 to 1.93    2.1%\n"
        "\n"
        "all                                 1.87    1.82 to 1.93    2.1%\n"
        "\n"
        "7 candidates, 2 rejected (compile 1, races 1), 3 not faster, 1 move pruned\n"
        "spent 0.00 of 0.25 USD in 42 s\n"
        "caution: next may overlap with current\n"
        "note: the machine was busy\n"
        "\n"
        "best  /r/best.cpp\n"
        "diff  /r/best.diff\n"
        "run   /r"
    )


def test_a_chain_of_strategies_says_what_each_brought() -> None:
    chain = (
        ChainStep(name="fuse_passes loop", speedup=1.25),
        ChainStep(name="reduction parallel_simd (chunk 8)", speedup=4.0),
        ChainStep(name="the original unless n >= 99", speedup=None),
    )
    text = printed(outcome(chain=chain))
    assert (
        "step by step, times as fast as the original at first sight:\n"
        "  1. fuse_passes loop: 1.25\n"
        "  2. reduction parallel_simd (chunk 8): 4.00\n"
        "  3. the original unless n >= 99\n"
    ) in text
    assert "step by step" not in printed(outcome(chain=chain[:1]))


def test_the_bound_is_shown_where_it_is_known() -> None:
    (size,) = outcome().sizes
    known = size.model_copy(update={"sizes": {"n": 2048}, "bound_seconds": 0.00123})
    text = printed(outcome(sizes=(size, known)))
    assert "noise   bound ms\n" in text
    assert "2.1%       1.23\n" in text
    assert "bound ms" not in printed(outcome())


def test_a_project_says_who_judged_and_how_its_patch_is_applied() -> None:
    project = ProjectOutcome(
        root="/home/me/tree", files=["a.cpp"], unit="seconds on the clock", original=2.0,
        candidate=1.0, checked_by="test only", branch="faster", commit="0123456789abcdef",
    )  # fmt: skip
    text = printed(outcome(project=project))
    assert "(rules), checked by your test only\n" in text
    assert "your benchmark" in text
    assert "apply cd /home/me/tree && git apply /r/best.diff" in text
    assert "branch faster (0123456789ab)" in text
    judged = project.model_copy(update={"checked_by": "gates and test"})
    assert "test only" not in headline(outcome(project=judged))


def test_an_unchanged_kernel_says_why_and_shows_no_speedup() -> None:
    reasons = [f"strategy {i}: 0.90 times as fast" for i in range(15)]
    text = printed(outcome(status="unchanged", speedup=1.0, reasons=reasons, threads=1))
    assert "saxpy: unchanged, nothing was faster with 1 thread\n" in text
    assert "strategy 11: " in text
    assert "strategy 12: " not in text
    assert "and 3 more" in text
    assert "interval" not in text
    assert "1.87" not in text


def test_a_long_path_stays_on_one_line() -> None:
    result = outcome()
    assert f"best  {result.best_source}\n" in printed(result)


def test_counts_and_bill_leave_out_what_there_was_not() -> None:
    assert counts(outcome(candidates=1, rejected={}, not_faster=0, pruned=[])) == "1 candidate"
    assert bill(outcome(spent_usd="0.07")) == "spent 0.07 of 0.25 USD in 42 s"
    assert headline(outcome(threads=1)).startswith("saxpy: 1.87 times as fast")


@pytest.mark.parametrize("quiet", [True, False])
def test_json_is_alone_on_stdout(capsys: pytest.CaptureFixture[str], quiet: bool) -> None:
    show_outcome(outcome(), as_json=True, quiet=quiet)
    told = capsys.readouterr()
    assert json.loads(told.out)["interval"] == [1.82, 1.93]
    assert told.out.count("\n") == 1
    assert ("times as fast" in told.err) is not quiet


def test_the_table_is_on_stdout_also_when_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    show_outcome(outcome(), as_json=False, quiet=True)
    told = capsys.readouterr()
    assert "1.87 times as fast" in told.out
    assert told.err == ""
