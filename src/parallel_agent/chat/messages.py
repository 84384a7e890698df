"""What is sent to a model and what comes back, as plain data."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from parallel_agent.budget.usage import Usage


class Message(BaseModel):
    """One message of a chat."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: str


class ChatRequest(BaseModel):
    """A chat to be answered with at most ``max_output_tokens``, reasoning included.

    ``json_schema`` asks for a JSON object of that schema, where the provider can promise one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    messages: tuple[Message, ...] = Field(min_length=1)
    max_output_tokens: int = Field(ge=1)
    temperature: float | None = None
    json_schema: dict[str, Any] | None = None

    @property
    def prompt_bytes(self) -> int:
        """UTF-8 bytes of all that is sent as a prompt: no tokenizer makes more tokens of them."""
        schema = "" if self.json_schema is None else json.dumps(self.json_schema)
        return sum(len(m.content.encode()) for m in self.messages) + len(schema.encode())


class ChatReply(BaseModel):
    """A model's answer. ``usage`` is None where the provider does not tell.

    ``finish_reason`` is ``stop``, ``length`` where the answer was cut at the cap, or what else the
    provider says; ``model`` is the name that the provider gives the model. ``note`` says what is
    odd about the usage: impossible, or estimated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    usage: Usage | None
    finish_reason: str = "stop"
    model: str = ""
    reasoning: str = ""
    note: str = ""
