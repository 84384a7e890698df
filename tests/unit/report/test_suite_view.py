from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from parallel_agent.agent.events import Event
from parallel_agent.budget.amount import Cap
from parallel_agent.report.live import LiveView
from parallel_agent.report.suite_view import SuiteProgress


def drawn(suite: SuiteProgress, now: float, rows: int = 20) -> list[str]:
    console = Console(record=True, force_terminal=True, width=100, file=io.StringIO())
    console.print(suite.view(now, rows))
    return [" ".join(line.split()) for line in console.export_text().splitlines()]


def ended(kernel: str, message: str = "free: 1 of 3 done, 0.02 of 0.05 USD left") -> Event:
    return Event(kind="suite", message=message, at=100.0, data={"kernel": kernel})


def said(kind: Any, message: str, at: float = 160.0, branch: str = "", **data: Any) -> Event:
    return Event(kind=kind, message=message, at=at, branch=branch, data=data)


def test_each_kernel_at_work_has_a_line_until_its_step_ends() -> None:
    suite = SuiteProgress()
    suite.take(ended(""), "")
    suite.take(said("stage", "finding the contract"), "saxpy")
    suite.take(said("stage", "reading the source", at=170.0), "gather")
    suite.take(said("stage", "timing", branch="scan-static"), "gather")
    suite.take(said("profile", "2.50 times", branch="scan", better=True, speedup=2.5), "saxpy")
    suite.take(said("funding", "promising"), "bought")
    assert drawn(suite, 185.0) == [
        "1:25 free: 1 of 3 done, 0.02 of 0.05 USD left",
        "saxpy 2.50 0:25 scan: 2.50 times",
        "gather 0:15 scan-static: timing",
    ]
    assert suite.timing
    suite.take(ended("gather"), "")
    assert not suite.timing
    assert drawn(suite, 185.0)[1].startswith("saxpy: ")  # alone at work: with all its branches
    suite.take(ended("saxpy"), "")
    assert len(drawn(suite, 185.0)) == 1


def test_more_kernels_than_fit_are_cut_off() -> None:
    suite = SuiteProgress()
    for name in "abcdefgh":
        suite.take(said("stage", "reading the source"), name)
    assert [line[0] for line in drawn(suite, 160.0, rows=3)] == ["f", "g", "h"]


def test_the_live_view_of_a_suite_shows_the_suite() -> None:
    file = io.StringIO()
    console = Console(force_terminal=True, width=60, height=20, file=file)
    with LiveView(console, Cap(25 * 10**7)) as live:
        live(ended(""))
        live(said("stage", "reading the source"), "saxpy")
        live(said("stage", "finding the contract"), "gather")
    assert "1 of 3 done" in file.getvalue()
    assert "gather" in file.getvalue() and "finding the contract" in file.getvalue()
