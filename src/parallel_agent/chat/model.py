"""What every chat model can do, wherever its answers come from."""

from __future__ import annotations

from typing import Protocol

from parallel_agent.budget.prices import Price
from parallel_agent.chat.messages import ChatReply, ChatRequest


class ChatModel(Protocol):
    """A model behind the door.

    ``ref`` is the reference as the user wrote it, without a role; ``name`` the model's own name.
    """

    @property
    def ref(self) -> str:
        """The reference, such as ``openai:NAME``."""
        ...

    @property
    def name(self) -> str:
        """The name that the provider knows it by."""
        ...

    @property
    def price(self) -> Price:
        """What its tokens cost."""
        ...

    def complete(self, request: ChatRequest, *, key: str, timeout: float) -> ChatReply:
        """Answer within ``timeout`` seconds, with one request and no hidden second one.

        ``key`` tells requests of a run apart (scope, node, step and attempt); nobody but a replay
        answers by it.

        Raises ChatError, which says what the request may have cost.
        """
        ...
