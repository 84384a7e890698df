"""What is said of an error: what is wrong, what to do, and the exit status."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass

BAD_REQUEST = 2
BAD_MACHINE = 3
NOT_AFFORDABLE = 4
INTERNAL = 70
"""EX_SOFTWARE of sysexits.h: a bug of ours, told apart from everything a user can do."""
INTERRUPTED = 130


@dataclass(frozen=True)
class Explanation:
    """What is wrong, what to do about it, and the exit status; ``appendix`` is printed after."""

    message: str
    help: str
    status: int
    appendix: str = ""

    @property
    def text(self) -> str:
        """The two lines for people, and the appendix where there is one."""
        lines = f"error: {_one_line(self.message)}\n  help: {_one_line(self.help)}\n"
        return f"{lines}\n{self.appendix}" if self.appendix else lines

    @property
    def json(self) -> str:
        """One JSON object on one line."""
        plain = {"error": self.message, "help": self.help, "status": self.status}
        if self.appendix:
            plain["appendix"] = self.appendix
        return json.dumps(plain)


class Explained(Exception):
    """An error that brings its explanation, for what is above the report and so unknown to it."""

    def __init__(self, explanation: Explanation) -> None:
        super().__init__(explanation.message)
        self.explanation = explanation


def report_error(error: BaseException, *, as_json: bool) -> int:
    """Tell the user of an error, on stderr and as JSON on stdout too; returns the exit status.

    A bug of ours has its traceback where PARALLEL_AGENT_DEBUG is set in the environment.
    """
    explanation = (
        error.explanation if isinstance(error, Explained) else _usage(error) or _explained(error)
    )
    if explanation is None:
        if os.environ.get("PARALLEL_AGENT_DEBUG"):
            raise error
        explanation = Explanation(
            f"internal error: {type(error).__name__}: {error}",
            "Run again with PARALLEL_AGENT_DEBUG=1 for the traceback, and report it",
            INTERNAL,
        )
    sys.stderr.write(explanation.text)
    if as_json:
        sys.stdout.write(explanation.json + "\n")
    return explanation.status


def _explained(error: BaseException) -> Explanation | None:
    # Here, because a slip in a flag should not wait for all that can fail to be imported.
    try:
        from parallel_agent.report.explain import explain
    except ImportError:  # a broken installation, which the error is about then
        return None
    return explain(error)


def _usage(error: BaseException) -> Explanation | None:
    """A slip on the command line. Typer has no public class for it, only this public method."""
    message = getattr(error, "format_message", None)
    if message is None:
        return None
    context = getattr(error, "ctx", None)
    command = "parallel-agent" if context is None else context.command_path
    return Explanation(message(), f"See: {command} --help", BAD_REQUEST)


def _one_line(text: str) -> str:
    return " ".join(text.split())
