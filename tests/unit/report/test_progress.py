from __future__ import annotations

import io

import pytest
from rich.console import Console

from parallel_agent.agent.events import Event
from parallel_agent.budget.amount import Amount, Cap
from parallel_agent.report import console as console_module
from parallel_agent.report.live import LiveView
from parallel_agent.report.progress import (
    Progress,
    milliseconds,
    plain_line,
    sentence,
    sizes_text,
)
from parallel_agent.report.run_view import run_view

BRANCH = "reduction-parallel"
RECORD = {"step": 1}


def recorded() -> list[Event]:
    """A run in short: a guard after a first step that loses, one branch rejected, one pruned."""
    first, second = {"branch": BRANCH, "candidate": "aa"}, {"branch": BRANCH, "candidate": "ab"}
    other = {"branch": "loop", "candidate": "bb"}
    told = [
        Event(kind="stage", message="reading the source"),
        Event(kind="note", message="<bits/stdc++.h> was added"),
        Event(kind="contract", message="contract inferred"),
        Event(kind="stage", message="timing the original against itself"),
        Event(kind="original", data={"sizes": {"n": 512}, "seconds": 0.00169}),
        Event(kind="round", message="round 1: reduction-parallel, loop"),
        Event(kind="candidate", message="step 1: sum is a sum", **first, data={"record": RECORD}),
        Event(kind="candidate", message="step 1: free", **other, data={"record": RECORD}),
        Event(kind="gate", message="compile: passed,\n-O3", **first, data=gate("compile", True)),
        Event(kind="gate", message="races: rejected, x", **other, data=gate("races", False)),
        Event(kind="critique", message="stop: it races", **other, data=said("stop", "it races")),
        Event(kind="stage", message="timing", **first),
        Event(kind="profile", message="0.90 times", **first, data=profile(0.9, False)),
        Event(kind="critique", message="refine: small", **first, data=said("refine", "small")),
        Event(kind="candidate", message="step 2", **second, data={"record": {"step": 2}}),
        Event(kind="profile", message="1.87 times", **second, data=profile(1.87, True)),
        Event(kind="critique", message="stop: done", **second, data=said("stop", "done")),
        Event(kind="pruned", message="nothing better", branch="simd"),
        Event(kind="ended", message="the same source as loop step 1", branch="last"),
        Event(kind="finished", message="improved"),
    ]
    return [event.model_copy(update={"at": 1000.0 + 0.5 * i}) for i, event in enumerate(told)]


def gate(name: str, passed: bool) -> dict[str, object]:
    return {"name": name, "passed": passed}


def said(decision: str, why: str) -> dict[str, object]:
    return {"decision": decision, "why": why}


def profile(speedup: float, better: bool) -> dict[str, object]:
    return {"speedup": speedup, "better": better}


GOLDEN = """\
    0.0 s  reading the source
    0.5 s  <bits/stdc++.h> was added
    1.0 s  contract inferred
    1.5 s  timing the original against itself
    2.0 s  timing the original: 1.69 ms at n=512
    2.5 s  round 1: reduction-parallel, loop
    3.0 s  reduction-parallel: step 1: sum is a sum
    3.5 s  loop: step 1: free
    4.0 s  reduction-parallel: compile: passed, -O3
    4.5 s  loop: races: rejected, x
    5.0 s  loop: stop: it races
    5.5 s  reduction-parallel: timing
    6.0 s  reduction-parallel: 0.90 times
    6.5 s  reduction-parallel: refine: small
    7.0 s  reduction-parallel: step 2
    7.5 s  reduction-parallel: 1.87 times
    8.0 s  reduction-parallel: stop: done
    8.5 s  simd: pruned: nothing better
    9.0 s  last: the same source as loop step 1
    9.5 s  improved
"""


def test_plain_lines_are_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    with console_module.progress() as listener:
        for event in recorded():
            listener(event)
    told = capsys.readouterr()
    assert told.err == GOLDEN
    assert told.out == ""


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with console_module.progress(quiet=True) as listener:
        for event in recorded():
            listener(event)
    assert capsys.readouterr() == ("", "")


def test_a_line_names_the_kernel_of_a_suite() -> None:
    event = Event(kind="stage", message="timing", branch="loop", at=3.0)
    assert plain_line(event, 1.0, kernel="saxpy") == "    2.0 s  saxpy: loop: timing"


def test_every_event_has_a_sentence() -> None:
    assert sentence(Event(kind="finished")) == "finished"
    bare = Event(kind="original", data={"sizes": {}, "seconds": 2.0})
    assert sentence(bare) == "timing the original: 2000 ms at its only size"


def test_progress_follows_the_branches_gate_by_gate() -> None:
    progress, events = Progress(), recorded()
    for event in events[:12]:
        progress.take(event)
    loop, reduction = progress.branches["loop"], progress.branches[BRANCH]
    assert (loop.status, loop.doing, loop.gates) == ("stopped", "it races", {"races": False})
    assert (reduction.status, reduction.gates) == ("working", {"compile": True})
    assert progress.best is None
    assert progress.timing
    for event in events[12:]:
        progress.take(event)
    assert progress.best == pytest.approx(1.87)
    assert progress.best_branch == BRANCH
    assert (reduction.status, reduction.step, reduction.gates) == ("better", 2, {})
    assert progress.branches["last"].status == "stopped"
    assert progress.pruned == 1
    assert "simd" not in progress.branches
    assert not progress.timing


def test_the_best_stays_the_best() -> None:
    progress = Progress()
    for speedup, branch in ((1.5, "a"), (2.5, "b"), (2.0, "c"), (9.0, "d")):
        better = branch != "d"
        progress.take(Event(kind="profile", branch=branch, data=profile(speedup, better)))
    assert (progress.best, progress.best_branch) == (2.5, "b")


def test_what_was_spent_is_the_last_that_was_told() -> None:
    progress = Progress()
    progress.take(Event(kind="round", data={"spent_usd": "0.07"}))
    progress.take(Event(kind="stage", message="reading"))
    assert progress.spent == Amount(7 * 10**7)


def drawn(progress: Progress, width: int, rows: int = 20) -> list[str]:
    console = Console(record=True, force_terminal=True, width=width, file=io.StringIO())
    console.print(run_view(progress, cap=Cap(25 * 10**7), now=1075.0, rows=rows))
    return console.export_text().splitlines()


@pytest.mark.parametrize("width", [80, 40])
@pytest.mark.parametrize("taken", [0, 1, 6, 12, 20])
def test_the_view_fits_the_terminal_at_any_moment(width: int, taken: int) -> None:
    progress = Progress()
    for event in recorded()[:taken]:
        progress.take(event)
    lines = drawn(progress, width)
    assert max(len(line.rstrip()) for line in lines) <= width
    assert len([line for line in lines if line.startswith(("reduc", "loop"))]) == len(
        set(progress.branches) & {BRANCH, "loop"}
    )


def test_the_view_shows_gates_best_money_and_time() -> None:
    progress = Progress(title="saxpy")
    for event in recorded()[:-1]:
        progress.take(event)
    text = "\n".join(drawn(progress, 100))
    assert "saxpy: round 1" in text
    assert "best 1.87 times as fast (reduction-parallel)" in text
    assert "0.00 of 0.25 USD" in text
    assert "1:15" in text
    assert "✗" in text
    assert "reduction-parallel (step 2)" in text
    assert "1 pruned" in text


def test_the_last_branches_stay_in_view() -> None:
    progress = Progress()
    for name in "abcdefg":
        progress.take(Event(kind="candidate", branch=f"branch-{name}", data={"record": RECORD}))
    lines = drawn(progress, 60, rows=2)
    shown = [line[:8] for line in lines if line.startswith("branch-")]
    assert shown == ["branch-f", "branch-g"]
    assert any("5 more above" in line for line in lines)


def test_square_brackets_in_messages_are_no_markup() -> None:
    progress = Progress()
    progress.take(Event(kind="ended", branch="loop", message="a[i] = [bold]b[/bold][/x]"))
    assert any("a[i] = [bold]b[/bold][/x]" in line for line in drawn(progress, 80))


def test_the_live_view_draws_and_leaves_nothing_behind() -> None:
    file = io.StringIO()
    console = Console(force_terminal=True, width=60, height=20, file=file)
    with LiveView(console, Cap(25 * 10**7)) as live:
        for event in recorded():
            live(event)
    assert "reduction-parallel" in file.getvalue()
    assert file.getvalue().rstrip("\r\n").endswith("\x1b[2K")  # the last line was wiped


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.0, "2000"),
        (0.1234, "123"),
        (0.01234, "12.3"),
        (0.001234, "1.23"),
        (0.0001234, "0.123"),
        (0.00001234, "0.0123"),
        (0.0, "0.0000"),
    ],
)
def test_milliseconds_have_three_digits_and_no_exponent(seconds: float, text: str) -> None:
    assert milliseconds(seconds) == text


def test_sizes_are_named() -> None:
    assert sizes_text({"M": 3, "N": 4}) == "M=3, N=4"
