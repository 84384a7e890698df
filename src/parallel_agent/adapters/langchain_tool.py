"""A LangChain tool that optimizes C++ kernels, or verifies candidates, for somebody else's agent."""

from __future__ import annotations

import contextvars
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from langchain_core.tools import StructuredTool, ToolException
from pydantic import BaseModel

from parallel_agent.adapters import telling
from parallel_agent.adapters.desk import Desk, Listener
from parallel_agent.adapters.requests import OptimizeRequest, Request, VerifyRequest
from parallel_agent.agent.awaiting import RunControl, awaited
from parallel_agent.agent.events import Event
from parallel_agent.agent.outcome import Outcome
from parallel_agent.settings import Settings, load_settings

What = Literal["optimize", "verify"]
_SAID = {
    "optimize": "Write, check and time parallel versions of a sequential C++ function, and hand back "
    "the fastest that is right, or the original. Takes minutes. Spends at most what is left of {cap} "
    "USD, in all calls together.",
    "verify": "Say whether a candidate C++ function can take the place of an original: compiled, run "
    "on edge cases and random inputs under sanitizers, and searched for races. Costs no money.",
}


def as_tool(
    what: What = "optimize",
    *,
    budget: Decimal | str | None = None,
    root: str | Path = ".",
    given: Settings | None = None,
    listener: Listener = lambda event: None,
    **overrides: Any,
) -> StructuredTool:
    """`optimize`, or `verify`, as a LangChain tool, to be called and to be awaited.

    ``budget`` in US dollars is for all calls of this tool together; neither it nor a model is among
    the arguments that the calling model writes. Files that it names lie below ``root``. The other
    settings are as for `optimize`: ``given``, or ``overrides`` by name; ``out`` is the folder of the
    account, and a tool that is made with the same again goes on with what was spent.

    The tool's answer is a few lines of text with the diff; its artifact is the `Outcome` or the
    `Verification`. What a caller can do something about is answered in two lines. An awaited call
    that is cancelled ends after the running step, and `resume` goes on with its folder.

    Raises what `Desk.open` raises.
    """
    if budget is not None:
        overrides["budget"] = budget
    chosen = {} if given is None else given.model_dump()
    desk = Desk.open(load_settings(**{**chosen, **overrides}), root)
    calls = _Calls(desk, what, listener)
    return StructuredTool(
        name=f"{what}_cpp_kernel",
        description=_SAID[what].format(cap=desk.budget().cap_usd),
        args_schema=_REQUESTS[what],
        func=calls.call,
        coroutine=calls.acall,
        response_format="content_and_artifact",
        handle_tool_error=True,
        handle_validation_error=lambda error: _in_two_lines(error),
        metadata={"account": str(desk.ledger.path)},
    )


_REQUESTS: dict[What, type[Request]] = {"optimize": OptimizeRequest, "verify": VerifyRequest}
_Answer = tuple[str, BaseModel]


class _Calls:
    """The two ways to call a tool; events come one at a time, from whichever thread."""

    def __init__(self, desk: Desk, what: What, listener: Listener) -> None:
        self._desk = desk
        self._what = what
        self._listener = listener
        self._telling = threading.Lock()

    def call(self, **arguments: Any) -> _Answer:
        """Wait for the answer in this thread."""
        # Without the caller's context variables: see `awaited`.
        return contextvars.Context().run(self._answer, arguments, RunControl())

    async def acall(self, **arguments: Any) -> _Answer:
        """Await the answer."""
        return await awaited(lambda control: self._answer(arguments, control))

    def _answer(self, arguments: dict[str, Any], control: RunControl) -> _Answer:
        try:
            asked = _REQUESTS[self._what].model_validate(arguments)
            if isinstance(asked, OptimizeRequest):
                outcome = self._desk.optimize(asked, self._tell, control)
                return _with_diff(outcome), outcome
            assert isinstance(asked, VerifyRequest)
            verification = self._desk.verify(asked, self._tell, control)
            return telling.verification_text(verification), verification
        except Exception as error:
            raise ToolException(_in_two_lines(error)) from error

    def _tell(self, event: Event) -> None:
        with self._telling:
            self._listener(event)


def _with_diff(outcome: Outcome) -> str:
    text, diff = telling.outcome_text(outcome), Path(outcome.diff).read_text(encoding="utf-8")
    return f"{text}\n\n{diff}" if 0 < len(diff) <= telling.MOST_TEXT else text


def _in_two_lines(error: BaseException) -> str:
    return telling.explained(error).text.rstrip("\n")
