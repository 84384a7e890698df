"""The console: progress on stderr while a run lasts, then its result on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console

from parallel_agent.agent.contracting import FoundContract
from parallel_agent.agent.events import Event
from parallel_agent.agent.outcome import Outcome
from parallel_agent.budget.amount import Cap
from parallel_agent.report.closing import print_outcome
from parallel_agent.report.live import LiveView
from parallel_agent.report.progress import plain_line

_WIDE = 200
"""Columns of the tables where no terminal bounds them."""


NO_MONEY = Cap(0)


class Listener(Protocol):
    """Takes in the events of a run, or of the runs of a suite, each with its ``kernel``."""

    def __call__(self, event: Event, kernel: str = "") -> None:
        """Take in one event."""
        ...


@contextmanager
def progress(*, quiet: bool = False, cap: Cap = NO_MONEY) -> Iterator[Listener]:
    """A listener that shows events on stderr: a live view in a terminal, else a line for each."""
    console = Console(stderr=True, emoji=False)
    if quiet:
        yield _ignore
    elif console.is_terminal and not console.is_dumb_terminal:
        with LiveView(console, cap) as view:
            yield view
    else:
        yield _PlainLines(sys.stderr.write)


def show_outcome(outcome: Outcome, *, as_json: bool, quiet: bool) -> None:
    """The result on stdout: for people, or as one JSON object; then people read on stderr."""
    if as_json:
        sys.stdout.write(outcome.model_dump_json() + "\n")
    if not (as_json and quiet):
        console = Console(stderr=as_json, highlight=False, markup=False, emoji=False)
        if not console.is_terminal:  # for grep and the like: a row is a line
            console.width = max(console.width, _WIDE)
        print_outcome(outcome, console)


def show_contract(found: FoundContract, *, as_json: bool) -> None:
    """A contract on stdout, as TOML or, with the evidence, as one JSON object."""
    if not as_json:
        sys.stdout.write(found.toml)
        return
    evidence = None if found.evidence is None else found.evidence.model_dump(mode="json")
    told = {**found.contract.model_dump(mode="json"), "evidence": evidence}
    sys.stdout.write(json.dumps(told) + "\n")


def _ignore(event: Event, kernel: str = "") -> None:
    """Show nothing."""


class _PlainLines:
    """One line for every event, written whole."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._started: float | None = None

    def __call__(self, event: Event, kernel: str = "") -> None:
        """Write the line."""
        if self._started is None:
            self._started = event.at
        self._write(plain_line(event, self._started, kernel) + "\n")
