"""A model on this machine: asked through its server, and never for more than its context holds."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import ceil
from typing import Protocol

from parallel_agent.budget.price import MESSAGE_OVERHEAD
from parallel_agent.budget.prices import Price
from parallel_agent.chat.errors import ChatError
from parallel_agent.chat.langchain_model import LangChainModel
from parallel_agent.chat.messages import ChatReply, ChatRequest
from parallel_agent.chat.openai_protocol import server_build
from parallel_agent.chat.secrets import Scrubber

BYTES_PER_TOKEN = 3.0
"""Of prompts with code, rather too few: models make 3.2 to 4 of them."""
_LEAST_ANSWER = 16
"""Tokens, below which there is no use in asking."""


@dataclass(frozen=True)
class Address:
    """Where a server takes requests, the model's name there, and the context of one request."""

    base_url: str
    model: str
    context: int | None


class Endpoint(Protocol):
    """The server of a model, whichever process it is by now."""

    def asking(self) -> AbstractContextManager[Address]:
        """Where to ask, while the block lasts. Raises ChatError where there is no server any more."""
        ...

    def abandoned(self) -> None:
        """Tell that an answer was given up, which the server may still be at."""
        ...


class LocalModel:
    """A chat model whose server is on this machine."""

    def __init__(
        self, ref: str, name: str, price: Price, endpoint: Endpoint | None, scrub: Scrubber
    ) -> None:
        """Without an endpoint it is known by name and price, and cannot be asked."""
        self.ref = ref
        self.name = name
        self.price = price
        self._endpoint = endpoint
        self._scrub = scrub

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.ref!r})"

    def complete(self, request: ChatRequest, *, key: str, timeout: float) -> ChatReply:
        """Ask once. Raises ChatError."""
        if self._endpoint is None:
            raise ChatError(f"{self.ref}: no server was started for it", "never_sent")
        with self._endpoint.asking() as address:
            fitted = fit(request, address.context, self.ref)
            build = server_build(address.model, None, address.base_url, direct=True)
            asked = LangChainModel(self.ref, address.model, self.price, build, self._scrub)
            try:
                return asked.complete(fitted, key=key, timeout=timeout)
            except ChatError as error:
                if error.fate == "unknown" and error.status is None:
                    self._endpoint.abandoned()
                raise


def fit(request: ChatRequest, context: int | None, ref: str) -> ChatRequest:
    """The request with an answer no longer than what its prompt leaves of the context.

    How many tokens a prompt is only its server knows, and is not asked: it is taken to be rather
    many. Raises ChatError where it leaves no room for an answer.
    """
    if context is None:
        return request
    prompt = ceil(request.prompt_bytes / BYTES_PER_TOKEN)
    room = context - prompt - MESSAGE_OVERHEAD * (len(request.messages) + 1)
    if room < _LEAST_ANSWER:
        raise ChatError(
            f"{ref}: a prompt of about {prompt} tokens leaves no room for an answer in a context of "
            f"{context}",
            "never_sent",
        )
    if room >= request.max_output_tokens:
        return request
    return request.model_copy(update={"max_output_tokens": room})
