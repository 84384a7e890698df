"""What goes wrong between us and a model, told by what it may have cost."""

from __future__ import annotations

from typing import Literal

from parallel_agent.budget.usage import Usage

Fate = Literal["never_sent", "refused", "unknown"]
"""``never_sent``: proved not to have left this machine, costs nothing. ``refused``: the provider
answered that it did nothing for it, costs nothing. ``unknown``: it may be billed."""


class ChatError(RuntimeError):
    """A request that was not answered.

    ``retryable`` says whether the same request may succeed later, ``retry_after`` after how many
    seconds by the provider's word; ``status`` is the HTTP status, if there was one; ``usage`` is
    what the provider says it took all the same. The message holds no key.
    """

    def __init__(
        self,
        message: str,
        fate: Fate,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(message)
        self.fate = fate
        self.retryable = retryable
        self.retry_after = retry_after
        self.status = status
        self.usage = usage


class ServerGone(ChatError):
    """The server of a model on this machine is gone for good; nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "never_sent")


class UnknownModel(ValueError):
    """A reference to a model, or its price, that cannot be used; ``hint`` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint
