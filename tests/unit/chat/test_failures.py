"""What exceptions say of a fate, where no server on loopback can raise them."""

from __future__ import annotations

import httpx
import pytest

from parallel_agent.chat.failures import read_failure


class BrokenOff(Exception):
    """As aiohttp has one for half a reply: with a status, and nobody who answered it."""

    code = 400


def failed(error: Exception, cause: Exception | None = None) -> tuple[str, bool]:
    error.__cause__ = cause
    read = read_failure(error, "ref", str)
    return read.fate, read.retryable


def test_a_status_that_nobody_answered_is_no_refusal() -> None:
    assert failed(BrokenOff("not enough data")) == ("unknown", False)


def test_a_context_is_not_a_cause() -> None:
    """An earlier connection that failed says nothing of the request that was sent later."""
    error = RuntimeError("later")
    error.__context__ = httpx.ConnectError("earlier")
    assert failed(error) == ("unknown", False)


@pytest.mark.parametrize(
    ("cause", "fate", "retryable"),
    [
        (httpx.ConnectTimeout(""), "never_sent", True),
        (httpx.PoolTimeout(""), "never_sent", True),
        (httpx.ProxyError("503"), "never_sent", True),
        (httpx.ReadTimeout(""), "unknown", False),
        (httpx.WriteTimeout(""), "unknown", False),
        (httpx.WriteError(""), "unknown", True),
        (httpx.LocalProtocolError(""), "unknown", True),
    ],
)
def test_errors_of_a_connection(cause: Exception, fate: str, retryable: bool) -> None:
    assert failed(RuntimeError("Connection error."), cause) == (fate, retryable)


def test_a_message_is_one_short_line() -> None:
    text = str(read_failure(RuntimeError("a\n\n" + "b" * 1000 + "\ud800"), "ref", str))
    assert text.startswith("ref: RuntimeError: a bbb")
    assert len(text) < 400
    assert text.encode()
