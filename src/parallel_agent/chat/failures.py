"""What an exception of a provider's client says of the fate of a request, and of its cost.

The clients differ; below all of them lie an HTTP status, or an error of the connection.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from parallel_agent.chat.errors import ChatError, Fate

_LONGEST_MESSAGE = 300
_RETRYABLE = (408, 409, 429)
# What a proxy says when one side went away: the provider behind it may have done the work.
_UNKNOWN_4XX = (408, 499)
# Statuses of a server too busy to begin, if the provider itself says so.
_BUSY = (503, 529)
_BUSY_WORDS = ("overloaded", "slow down", "loading model")
# What the libraries below the clients raise before the first byte of a request leaves.
_HTTPX = ("ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol")
_BEFORE_SENDING = {"httpx": _HTTPX, "httpx2": _HTTPX, "aiohttp": ("ClientConnectorError",)}
_TRANSPORT = {
    "httpx": ("TransportError",),
    "httpx2": ("TransportError",),
    "aiohttp": ("ClientError",),
}
_TIMEOUT = {"httpx": ("TimeoutException",), "httpx2": ("TimeoutException",)}
# OpenAI answers 400 after a model has thought up to the cap without beginning its answer.
_SPENT_WORDS = ("could not finish the message",)


def read_failure(error: BaseException, ref: str, scrub: Callable[[str], str]) -> ChatError:
    """The error in our own words; ``scrub`` takes keys out of the provider's.

    Only what proves that nothing was done is not ``unknown``.
    """
    causes = list(_causes(error))
    answer = next(filter(None, map(_Answer.of, causes)), None)
    if answer is None:
        return _without_answer(causes, ref, scrub)
    wait = "" if answer.retry_after is None else f"; try again after {answer.retry_after:g} s"
    return ChatError(
        f"{ref}: HTTP {answer.status}: {_short(answer.text, scrub)}{wait}",
        answer.fate,
        retryable=answer.retryable,
        retry_after=answer.retry_after,
        status=answer.status,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from, outermost first."""
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__


def _without_answer(
    causes: list[BaseException], ref: str, scrub: Callable[[str], str]
) -> ChatError:
    innermost = causes[-1]
    transport = next((c for c in causes if isinstance(c, _classes(_TRANSPORT))), None)
    told = transport or innermost
    text = f"{type(told).__name__}: {innermost}" if str(innermost) else type(told).__name__
    if isinstance(transport, _classes(_BEFORE_SENDING)):
        return ChatError(
            f"{ref}: no connection: {_short(text, scrub)}", "never_sent", retryable=True
        )
    # A request that had all its time would take it again.
    again = transport is not None and not isinstance(transport, _classes(_TIMEOUT))
    return ChatError(f"{ref}: {_short(text, scrub)}", "unknown", retryable=again)


def _classes(names: Mapping[str, tuple[str, ...]]) -> tuple[type, ...]:
    """The classes of these names in those of the libraries that are in use."""
    return tuple(
        getattr(sys.modules[library], name)
        for library, names_in_it in names.items()
        if library in sys.modules
        for name in names_in_it
    )


@dataclass(frozen=True)
class _Answer:
    """An answer with an HTTP status that is not success."""

    status: int
    text: str
    words: str
    retry_after: float | None

    @classmethod
    def of(cls, error: BaseException) -> _Answer | None:
        response = getattr(error, "response", None)
        if response is None:  # a status that the client made up, for a reply that broke off
            return None
        # The client of Google calls it ``code``.
        found = (
            getattr(response, "status_code", None),
            getattr(error, "status_code", None),
            getattr(error, "code", None),
        )
        status = next((number for number in found if type(number) is int), 0)
        if not 300 <= status <= 599:
            return None
        told = _error_object(getattr(error, "body", None))
        words = " ".join(str(told.get(name) or "") for name in ("type", "code", "message"))
        text = str(told.get("message") or "") or str(error)
        if status < 400:
            text = f"it redirects to {_header(response, 'location')}: give that address"
        return cls(status, text, words.lower(), _retry_after(response))

    @property
    def fate(self) -> Fate:
        """``refused`` where the provider tells that it did nothing."""
        busy = self.status in _BUSY and any(word in self.words for word in _BUSY_WORDS)
        spent = any(word in self.words for word in _SPENT_WORDS)
        if busy or (self.status < 500 and self.status not in _UNKNOWN_4XX and not spent):
            return "refused"
        return "unknown"

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        if "insufficient_quota" in self.words:
            return False
        return self.status in _RETRYABLE or self.status >= 500


def _error_object(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        return {}
    inner = body.get("error")
    return inner if isinstance(inner, Mapping) else body


def _header(response: object, name: str) -> str:
    headers = getattr(response, "headers", None)
    return str(headers.get(name, "")) if headers is not None else ""


def _retry_after(response: object) -> float | None:
    """Seconds from now: the header holds seconds, or a date."""
    text = _header(response, "retry-after")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(seconds, 0.0) if seconds == seconds else None


def _short(text: str, scrub: Callable[[str], str]) -> str:
    """One line without keys, of bounded length and of letters that can be printed."""
    line = " ".join(scrub(text).split()).encode("utf-8", "replace").decode()
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE]}..."
