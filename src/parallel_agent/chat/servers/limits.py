"""The context and the slots that a server gets."""

from __future__ import annotations

import json

from parallel_agent.chat.servers.adapter import Adapter, Limits
from parallel_agent.chat.servers.target import Target

PROMPT_TOKENS = 16_384
"""Room for a prompt: kernels, and what was tried, in tokens."""


def limits_for(
    target: Target, adapter: Adapter, *, memory: int | None, answer: int, slots: int
) -> tuple[Limits, int | None]:
    """The largest limits of use, and what the server is expected to take with them, in bytes."""
    told = json.loads((target.path / "config.json").read_text()) if target.kind == "folder" else {}
    most = told.get("max_position_embeddings") or 10**9
    return Limits(min(most, PROMPT_TOKENS + answer), slots, memory), None
