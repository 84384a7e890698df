"""The live view of a suite: how far it is, and a line for each kernel at work."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from parallel_agent.agent.events import Event
from parallel_agent.report.progress import Progress
from parallel_agent.report.run_view import run_view

_ABOUT = ("note", "funding")
"""What is told of a kernel when nothing works on it."""


class SuiteProgress:
    """Which kernels of a suite are at work, by its events; feed it those of the suite itself, too."""

    def __init__(self) -> None:
        self._said: Event | None = None
        self._began: float | None = None
        self._all: dict[str, Progress] = {}
        self._at_work: dict[str, Progress] = {}

    def take(self, event: Event, kernel: str) -> None:
        """Bring everything up to date: a kernel is at work from its first event to the suite's of it."""
        self._began = event.at if self._began is None else self._began
        if event.kind == "suite":
            self._said = event
            self._at_work.pop(event.data.get("kernel", ""), None)
        elif kernel:
            progress = self._all.setdefault(kernel, Progress(title=kernel))
            progress.take(event)
            if event.kind not in _ABOUT:
                self._at_work[kernel] = progress

    @property
    def timing(self) -> bool:
        """Whether something is being timed, or waits to be."""
        return any(progress.timing for progress in self._at_work.values())

    def view(self, now: float, rows: int) -> RenderableType:
        """The suite as it stands ``now`` (seconds since the epoch): the one kernel, or a line for each."""
        lines: list[RenderableType] = []
        if self._said is not None:
            lines.append(Text(f"{_clock(now, self._began)}  {self._said.message}", style="bold"))
        if len(self._at_work) == 1:
            [progress] = self._at_work.values()
            lines.append(run_view(progress, now=now, rows=rows))
        elif self._at_work:
            lines.append(_table(self._at_work, now, rows))
        return Group(*lines)


def _table(at_work: Mapping[str, Progress], now: float, rows: int) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True, ratio=2, overflow="ellipsis")
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, ratio=5, overflow="ellipsis")
    for name, progress in list(at_work.items())[-rows:]:
        best = "" if progress.best is None else f"{progress.best:.2f}"
        table.add_row(Text(name), best, _clock(now, progress.started), Text(progress.doing))
    return table


def _clock(now: float, began: float | None) -> str:
    seconds = 0 if began is None else max(0, int(now - began))
    return f"{seconds // 60}:{seconds % 60:02d}"
