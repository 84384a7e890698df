"""One request of a run to a model: its place in the run, and what became of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict

from parallel_agent.budget.amount import NOTHING, Amount
from parallel_agent.budget.usage import Usage
from parallel_agent.chat.errors import ChatError
from parallel_agent.chat.messages import ChatReply, ChatRequest
from parallel_agent.chat.model import ChatModel

Ending = Literal[
    "answered", "journal", "never_sent", "refused", "unknown", "not_affordable", "interrupted"
]
"""How a call ended: with an answer, bought now or before (``journal``), or without one, by the fate
of its last attempt (see ``chat.errors``), for want of money, tokens or time, or because it was interrupted."""


class CallRecord(BaseModel):
    """What became of a call, as plain data for an event.

    ``amount`` is what all its ``attempts`` were charged; ``seconds`` are those of the whole call,
    waiting included. ``usage`` is None where the provider tells none to believe.
    ``note`` says what is odd, or why there is no answer.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    scope: str
    node: str
    step: int
    attempt: int
    outcome: Ending
    amount: Amount
    usage: Usage | None
    seconds: float
    attempts: int
    from_journal: bool = False
    note: str = ""


class JournaledReply(BaseModel):
    """What is journaled of a call: the model's reference, and its reply."""

    model_config = ConfigDict(frozen=True)

    model: str
    reply: ChatReply


@dataclass
class Call:
    """A call on its way: what is asked, and what it came to so far."""

    model: ChatModel
    request: ChatRequest
    scope: str
    node: str
    step: int
    attempt: int
    started: float = field(default_factory=time.monotonic)
    attempts: int = 0
    charged: Amount = NOTHING
    failure: ChatError | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Its key in the journal, the same for all its attempts."""
        return f"{self.scope}/{self.node}/{self.step}/{self.attempt}"

    def record(
        self,
        outcome: Ending,
        *,
        usage: Usage | None = None,
        model: str = "",
        note: str = "",
    ) -> CallRecord:
        """The record of its end; ``model`` is given where another one had answered."""
        return CallRecord(
            model=model or self.model.ref,
            scope=self.scope,
            node=self.node,
            step=self.step,
            attempt=self.attempt,
            outcome=outcome,
            amount=self.charged,
            usage=usage,
            seconds=time.monotonic() - self.started,
            attempts=self.attempts,
            from_journal=outcome == "journal",
            note="; ".join(filter(None, (*self.notes, note))),
        )
