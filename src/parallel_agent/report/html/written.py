"""The report at the end of a run: it never fails one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from parallel_agent.agent.events import Event
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.report.html.page import write_run_report


def report_of(
    root: Path,
    listener: Callable[[Event], None],
    write: Callable[[Path], Path] = write_run_report,
) -> Path | None:
    """Write the report of a run, or with ``write`` of something else; None where it cannot be drawn.

    Then an event says so, to the listener and in ``events.jsonl``: nothing of the run is lost.
    """
    try:
        return write(root)
    except Exception as error:  # whatever it is, the run itself is done and stays good
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        event = Event(kind="note", message=f"the report could not be drawn: {reason}")
        with suppress(OSError):
            RunFolder(root).log(event)
        listener(event)
        return None
