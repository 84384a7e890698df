"""Any chat model of LangChain as one of ours: one request, bounded in time, its fate known."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from parallel_agent.budget.prices import Price
from parallel_agent.chat import event_loop
from parallel_agent.chat.errors import ChatError
from parallel_agent.chat.failures import read_failure
from parallel_agent.chat.messages import ChatReply, ChatRequest
from parallel_agent.chat.secrets import Scrubber
from parallel_agent.chat.usage_metadata import read_usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

# How providers say that an answer ended, or was cut at the cap, in the words of OpenAI.
_ENDINGS = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
}


class Build(Protocol):
    """Makes LangChain's client for one request, without retries of its own."""

    def __call__(self, request: ChatRequest, timeout: float) -> BaseChatModel:
        """Make it; the output cap and the time limit are among its parameters."""
        ...


class LangChainModel:
    """A chat model of LangChain. ``scrub`` takes the keys out of what a provider says."""

    def __init__(self, ref: str, name: str, price: Price, build: Build, scrub: Scrubber) -> None:
        self.ref = ref
        self.name = name
        self.price = price
        self._build = build
        self._scrub = scrub

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.ref!r})"

    def complete(self, request: ChatRequest, *, key: str, timeout: float) -> ChatReply:
        """Ask once; the request is cancelled when the time is up or the caller is interrupted.

        Raises ChatError.
        """
        # Made here, not on the loop that others wait for: the first one imports LangChain.
        client = self._client(request, timeout)
        outcome = event_loop.run(self._answer(client, request, timeout))
        # Raised here, where the client's own exception, which may hold a key, is no context of it.
        if isinstance(outcome, ChatError):
            raise outcome
        return outcome

    def _client(self, request: ChatRequest, timeout: float) -> BaseChatModel:
        try:
            return self._build(request, timeout)
        except Exception as error:
            problem = type(error).__name__  # its words may show parameters, the key among them
        raise ChatError(f"{self.ref}: LangChain makes no client: {problem}", "never_sent")

    async def _answer(
        self, client: BaseChatModel, request: ChatRequest, timeout: float
    ) -> ChatReply | ChatError:
        # A timeout of the client is for one piece of the reply; this one is for all of it.
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                messages = [(message.role, message.content) for message in request.messages]
                return self._read(await client.ainvoke(messages))
        except Exception as error:
            if limit.expired():
                return ChatError(f"{self.ref}: no whole answer within {timeout:g} s", "unknown")
            return read_failure(error, self.ref, self._scrub)

    def _read(self, message: AIMessage) -> ChatReply:
        about: Mapping[str, Any] = message.response_metadata
        text = self._plain(message.text)
        usage, note = read_usage(message.usage_metadata, answered=bool(text))
        return ChatReply(
            text=text,
            usage=usage,
            finish_reason=self._plain(_ending(about)),
            model=self._plain(about.get("model_name") or self.name),
            reasoning=self._plain(message.additional_kwargs.get("reasoning_content") or ""),
            note=self._plain(note),
        )

    def _plain(self, text: object) -> str:
        r"""The text without keys, and able to be written to a file.

        A server may repeat what it was sent, and JSON may hold half a letter (``"\ud800"``).
        """
        return self._scrub(str(text).encode("utf-8", "replace").decode())


def _ending(about: Mapping[str, Any]) -> str:
    if about.get("incomplete_details"):
        return "length"
    said = str(about.get("finish_reason") or about.get("stop_reason") or "stop")
    return _ENDINGS.get(said.lower(), said)
