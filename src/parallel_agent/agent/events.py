"""The typed stream of events that the live view, the report and ``events.jsonl`` all read."""

from __future__ import annotations

import time
from typing import Any, Literal

from pydantic import BaseModel, Field

Kind = Literal[
    "note",
    "stage",
    "contract",
    "original",
    "estimate",
    "funding",
    "call",
    "round",
    "candidate",
    "gate",
    "profile",
    "critique",
    "ended",
    "pruned",
    "confirmed",
    "finished",
    "suite",
]


VERSION = 1
"""Of the stream. It changes where something goes or means something else, not where something is new."""


class Event(BaseModel):
    """Something that happened in a run.

    ``at`` is seconds since the epoch, ``branch`` is empty for what concerns the whole run, and
    ``data`` is JSON data whose keys depend on the kind (docs/reference/events.md).
    """

    v: int = VERSION
    kind: Kind
    message: str = ""
    branch: str = ""
    candidate: str = ""
    at: float = Field(default_factory=time.time)
    data: dict[str, Any] = Field(default_factory=dict)
