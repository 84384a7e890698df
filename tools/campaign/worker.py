"""A process of the campaign: it asks through the door, and notes what it was told."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaign.plan import Plan
from parallel_agent.budget.errors import CapExceeded
from parallel_agent.chat.catalog import ChatModel
from parallel_agent.chat.errors import ChatError
from parallel_agent.chat.messages import ChatRequest, Message
from parallel_agent.chat.metered import Door

_NODE = "coder"
_SENTENCE = "Here stands a kernel that is to be made faster. "


@dataclass(frozen=True, slots=True)
class Call:
    """A logical request of one process: where it belongs, and how the provider knows it."""

    scope: str
    step: int
    label: str

    @property
    def key(self) -> str:
        """What the journal knows it by."""
        return f"{self.scope}/{_NODE}/{self.step}/1"

    def request(self, plan: Plan) -> ChatRequest:
        """What is sent; the label stands in the prompt."""
        system = Message(role="system", content="You speed up kernels.")
        user = Message(role="user", content=f"[[label:{self.label}]] {_SENTENCE * plan.padding}")
        return ChatRequest(messages=(system, user), max_output_tokens=plan.max_output_tokens)


def calls_of(plan: Plan, process: int, scope: str) -> list[Call]:
    """The requests of one process; the same after each of its deaths."""
    return [Call(scope, step, f"{plan.seed}/{process}/{step}") for step in range(plan.calls)]


def work(plan: Plan, calls: Sequence[Call], door: Door, model: ChatModel, notes: Path) -> None:
    """Make all calls, so many at once, and append what came of each to the file ``notes``."""

    def ask(call: Call) -> None:
        note = {"label": call.label} | _outcome(plan, call, door, model)
        os.write(file, (json.dumps(note) + "\n").encode())

    file = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    with ThreadPoolExecutor(plan.threads) as pool:
        list(pool.map(ask, calls))


def _outcome(plan: Plan, call: Call, door: Door, model: ChatModel) -> dict[str, Any]:
    try:
        reply = door.ask(
            model, call.request(plan), scope=call.scope, node=_NODE, step=call.step, attempt=1
        )
    except CapExceeded:
        return {"outcome": "no money"}
    except ChatError as error:
        return {"outcome": "failed", "fate": error.fate}
    except Exception:
        return {"outcome": "crashed", "what": traceback.format_exc()}
    return {"outcome": "answered", "text": reply.text}
