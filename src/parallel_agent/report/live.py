"""The live view of a run or a suite in a terminal, painted while it lasts."""

from __future__ import annotations

import threading
import time

from rich.console import Console, RenderableType
from rich.live import Live

from parallel_agent.agent.events import Event
from parallel_agent.budget.amount import Cap
from parallel_agent.report.progress import Progress
from parallel_agent.report.run_view import run_view
from parallel_agent.report.suite_view import SuiteProgress

REFRESH_SECONDS = 0.5
QUIET_REFRESH_SECONDS = 2.0
"""While something is timed: drawing takes the interpreter from the thread that holds the clock."""

_HEADER_LINES = 5


class LiveView:
    """Shows a run or a suite while it is entered; call it with every event, from any thread."""

    def __init__(self, console: Console, cap: Cap) -> None:
        self._console = console
        self._cap = cap
        self._progress = Progress()
        self._suite: SuiteProgress | None = None
        self._changing = threading.RLock()  # a signal handler may report, too
        self._leaving = threading.Event()
        self._painter = threading.Thread(target=self._paint, name="live-view", daemon=True)
        # Painted by a thread of our own, whose pace depends on what the run does. What a library
        # writes to stdout must stay there: with --json, or in a pipe, it is not for the terminal.
        self._live = Live(
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            get_renderable=self._render,
        )

    def __call__(self, event: Event, kernel: str = "") -> None:
        """Take in an event of the kernel of a suite, or of the only one; shows when refreshed."""
        with self._changing:
            if self._suite is None and (kernel or event.kind == "suite"):
                self._suite = SuiteProgress()
            if self._suite is not None:
                self._suite.take(event, kernel)
            else:
                self._progress.take(event)

    def __enter__(self) -> LiveView:
        self._live.start()
        self._painter.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._leaving.set()
        self._painter.join()
        self._live.stop()

    def _paint(self) -> None:
        while not self._leaving.wait(QUIET_REFRESH_SECONDS if self._quiet() else REFRESH_SECONDS):
            self._live.refresh()

    def _quiet(self) -> bool:
        with self._changing:
            return (self._suite or self._progress).timing

    def _render(self) -> RenderableType:
        with self._changing:
            rows = max(3, self._console.height - _HEADER_LINES)
            if self._suite is not None:
                return self._suite.view(now=time.time(), rows=rows)
            return run_view(self._progress, cap=self._cap, now=time.time(), rows=rows)
