"""The HTTP client for servers that are not to be trusted with our time, memory or keys."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from functools import cache, partial
from typing import Any

import httpx
from pydantic import SecretStr

MAX_REPLY_BYTES = 16 * 1024 * 1024
"""Far above any answer: a reply that goes on beyond it is given up."""

CONNECT_SECONDS = 10.0
"""How long a connection may take, TLS included."""

# The last is how OpenAI's library tells itself what to make of the answer.
_PLAIN_HEADERS = frozenset(
    {
        "host",
        "connection",
        "accept",
        "accept-encoding",
        "content-type",
        "content-length",
        "x-stainless-raw-response",
    }
)


class ReplyRefused(Exception):
    """The reply is larger than ``MAX_REPLY_BYTES``, or packed so that its size cannot be known."""


def bounded_client(
    *, proxy: str | None = None, only_key: SecretStr | None = None, direct: bool = False
) -> httpx.AsyncClient:
    """A client that follows no redirect, reads bounded replies and uses a connection once.

    Once, because a server may close a kept connection at the moment we write to it: nobody could
    say then whether the request was read. Proxies come from the environment, as everywhere, unless it is ``direct``. With
    ``only_key`` that key alone is sent, and no header that tells of the user or of other servers.
    """
    hooks: dict[str, list[Callable[..., Any]]] = {"response": [_bound]}
    if only_key is not None:
        hooks["request"] = [partial(_strip, only_key)]
    return httpx.AsyncClient(
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},
        limits=httpx.Limits(max_keepalive_connections=0),
        event_hooks=hooks,
        proxy=proxy,
        trust_env=not direct,
        verify=_certificates(),
    )


@cache
def unused_client() -> httpx.Client:
    """For OpenAI's library, which makes a client for synchronous calls whether or not any come."""
    return httpx.Client(verify=_certificates())


@cache
def _certificates() -> ssl.SSLContext:
    """Made once: to read the certificates takes longer than all else about a request."""
    return httpx.create_ssl_context()


def limits_of(timeout: float) -> httpx.Timeout:
    """The timeouts of a request that has ``timeout`` seconds in all.

    To connect it has less, so that a failure to connect is known as one when the time is up.
    """
    return httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout / 2))


async def _strip(key: SecretStr, request: httpx.Request) -> None:
    # OpenAI's library adds organization, project and custom headers from the environment.
    for name in set(request.headers) - _PLAIN_HEADERS:
        del request.headers[name]
    request.headers["Authorization"] = f"Bearer {key.get_secret_value()}"


async def _bound(response: httpx.Response) -> None:
    packing = response.headers.get("Content-Encoding", "identity")
    if packing != "identity":
        raise ReplyRefused(f"the reply is packed with {packing}, which was not asked for")
    assert isinstance(response.stream, httpx.AsyncByteStream)
    response.stream = _BoundedStream(response.stream)


class _BoundedStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MAX_REPLY_BYTES
        async for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise ReplyRefused(f"the reply is larger than {MAX_REPLY_BYTES} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
