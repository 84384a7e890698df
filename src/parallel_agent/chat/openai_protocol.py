"""Clients for OpenAI, and for every server that speaks its chat protocol."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from parallel_agent.chat.http_client import bounded_client, limits_of, unused_client
from parallel_agent.chat.messages import ChatRequest

if TYPE_CHECKING:
    import httpx
    from langchain_openai import ChatOpenAI

    from parallel_agent.chat.langchain_model import Build


OPENAI_URL = "https://api.openai.com/v1"


def openai_build(name: str, key: SecretStr, environ: Mapping[str, str]) -> Build:
    """Clients for OpenAI, or for the server in ``OPENAI_API_BASE`` or ``OPENAI_BASE_URL``."""
    elsewhere = environ.get("OPENAI_API_BASE") or environ.get("OPENAI_BASE_URL")
    client = partial(_client, bounded_client(proxy=environ.get("OPENAI_PROXY")), name, key)
    if elsewhere:
        return partial(client, base_url=elsewhere, use_responses_api=False)
    # A project may have been set to a dearer tier; prices are those of the default one. The
    # address is said, because LangChain would send requests through a gateway that it is told of.
    return partial(client, base_url=OPENAI_URL, service_tier="default")


def server_build(name: str, key: SecretStr | None, base_url: str, *, direct: bool = False) -> Build:
    """Clients for a server at ``base_url``; without a key of its own it is sent none of ours.

    ``direct`` is for one on this machine, which no proxy is between.
    """
    only_key = key or SecretStr("none")
    return partial(
        _client,
        bounded_client(only_key=only_key, direct=direct),
        name,
        only_key,
        base_url=base_url,
        use_responses_api=False,
        both_caps=True,
    )


def _client(
    http: httpx.AsyncClient,
    name: str,
    key: SecretStr,
    request: ChatRequest,
    timeout: float,
    *,
    both_caps: bool = False,
    **options: Any,
) -> ChatOpenAI:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(
        model=name,
        api_key=key,
        max_tokens=request.max_output_tokens,  # sent as max_completion_tokens
        temperature=request.temperature,
        timeout=limits_of(timeout),
        max_retries=0,
        http_client=unused_client(),
        http_async_client=http,
        openai_proxy=None,
        cache=False,
        disable_streaming=True,
        extra_body=_extra_body(name, request, both_caps) or None,
        **options,
    )


def _extra_body(name: str, request: ChatRequest, both_caps: bool) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if both_caps:  # some servers know only the older name
        extra["max_tokens"] = request.max_output_tokens
    # As an option of the client it would raise for an answer that is cut, and lose its usage. The
    # models of that name are spoken to in another protocol, where it is called something else.
    if request.json_schema is not None and "codex" not in name:
        closed = request.json_schema.get("additionalProperties") is False
        schema = {"name": "answer", "schema": request.json_schema, "strict": closed}
        extra["response_format"] = {"type": "json_schema", "json_schema": schema}
    return extra
