"""What is seen of a training while it lasts: a bar in a terminal, else a line now and then; on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_EVERY_SECONDS = 20.0


class View(Protocol):
    """Shows how far a training is."""

    def stage(self, text: str) -> None:
        """Something else begins."""
        ...

    def at(self, done: int, of: int, said: str = "") -> None:
        """So much of the stage is done."""
        ...

    def stop(self) -> None:
        """Show no more: another view begins."""
        ...


@contextmanager
def viewing(*, quiet: bool) -> Iterator[View]:
    """A view on stderr for as long as the block lasts."""
    console = Console(stderr=True, emoji=False)
    if quiet:
        yield _Nothing()
    elif console.is_terminal and not console.is_dumb_terminal:
        with _bar(console) as bar:
            yield _Bar(bar)
    else:
        yield _Lines()


class _Nothing:
    def stage(self, text: str) -> None:
        """Show nothing."""

    def at(self, done: int, of: int, said: str = "") -> None:
        """Show nothing."""

    def stop(self) -> None:
        """Nothing was shown."""


class _Lines:
    def __init__(self) -> None:
        self._text, self._next = "", 0.0

    def stage(self, text: str) -> None:
        """A line."""
        self._text, self._next = text, time.monotonic() + _EVERY_SECONDS
        sys.stderr.write(f"{text}\n")

    def at(self, done: int, of: int, said: str = "") -> None:
        """A line at most every so many seconds, and for the last one."""
        if done < of and time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_SECONDS
        sys.stderr.write(f"{self._text}: {done} of {of}{said and ', '}{said}\n")

    def stop(self) -> None:
        """Lines stay."""


class _Bar:
    def __init__(self, bar: Progress) -> None:
        self._bar, self._task = bar, bar.add_task("", total=None, said="")

    def stage(self, text: str) -> None:
        """An empty bar with another title."""
        self._bar.reset(self._task, description=text, total=None, said="")

    def at(self, done: int, of: int, said: str = "") -> None:
        """Fill the bar."""
        self._bar.update(self._task, completed=done, total=of, said=said)

    def stop(self) -> None:
        """Take the bar away."""
        self._bar.stop()


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[said]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
