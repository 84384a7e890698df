"""Runs as users start them: `optimize`, `aoptimize` and `resume`, with a report at their end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from parallel_agent.agent import run as running
from parallel_agent.agent.awaiting import RunControl, awaited
from parallel_agent.agent.events import Event
from parallel_agent.agent.outcome import Outcome
from parallel_agent.agent.run import Interrupted, Listener
from parallel_agent.budget.ledger import Ledger
from parallel_agent.report.html.written import report_of
from parallel_agent.settings import Settings


def _ignore(event: Event) -> None:
    """Listen to nothing."""


def optimize(
    source: str | Path,
    *,
    given: Settings | None = None,
    listener: Listener = _ignore,
    ledger: Ledger | None = None,
    scope: str | None = None,
    control: RunControl | None = None,
    **overrides: Any,
) -> Outcome:
    """Optimize the kernel in a C++ file; the outcome names the best source and its evidence.

    ``overrides`` are settings by name (``threads=2, budget="0.25"``), used where no ``given``
    settings come. ``listener`` is called with every event. With a ``ledger`` and a ``scope`` all
    spending goes there, else to an account in the run folder with ``budget`` as its cap. At the end
    ``report.html`` lies in the run folder. Asked through ``control`` the run ends after its running
    step, and Ctrl-C is the caller's then.

    Raises SettingsError, SourceError, ContractError, ContractNeeded, FolderError, CompilerMissing,
    SandboxUnavailable, BuildError or WorkerError when there is nothing to optimize, UnknownModel or
    PriceUnknown for a model that cannot be asked, CapExceeded where the budget does not pay one
    answer, and Interrupted on Ctrl-C or where ``control`` asks.
    """
    with _reported(listener):
        outcome = running.optimize(
            source,
            given=given,
            listener=listener,
            ledger=ledger,
            scope=scope,
            control=control,
            **overrides,
        )
    report_of(Path(outcome.run), listener)
    return outcome


async def aoptimize(source: str | Path, **arguments: Any) -> Outcome:
    """`optimize` for code that awaits: the run has a thread of its own.

    Where the task is cancelled, the run ends after its running step, and then the cancellation goes
    through. `resume` goes on with what is in its folder.
    """
    return await awaited(lambda control: optimize(source, control=control, **arguments))


def resume(
    run: str | Path,
    *,
    budget: Decimal | str | None = None,
    memory: str | None = None,
    server: str | None = None,
    listener: Listener = _ignore,
    ledger: Ledger | None = None,
    scope: str | None = None,
    control: RunControl | None = None,
) -> Outcome:
    """Go on with a run that was interrupted or killed; a finished one gives its outcome again.

    No candidate that was examined or timed is examined or timed again, and no answer that was paid
    for is bought again. A ``budget`` above the one of before, in US dollars, raises the cap of the
    run's own account; a finished run then goes on, too, and so it does with another ``memory`` or
    ``server`` for models on this machine. At the end its report is written anew. Raises FolderError if there is no run in the folder or another process is at work in it, CapTooLow for a
    budget below what is spent, and what `optimize` raises.
    """
    with _reported(listener):
        outcome = running.resume(
            run,
            budget=budget,
            memory=memory,
            server=server,
            listener=listener,
            ledger=ledger,
            scope=scope,
            control=control,
        )
    report_of(Path(run), listener)
    return outcome


@contextmanager
def _reported(listener: Listener) -> Iterator[None]:
    """What was interrupted has a report, too, of what there is."""
    try:
        yield
    except Interrupted as interrupted:
        report_of(interrupted.run, listener)
        raise
