"""An answer as bytes: one JSON object, or a stream of server-sent events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from chat_provider.asked import Asked
from chat_provider.billing import Tokens
from chat_provider.work import Reply

_PIECES = 12
"""A streamed text comes in about so many events."""


def error_body(message: str, kind: str, code: str | None = None) -> bytes:
    """An error as the protocol has it."""
    return _json({"error": {"message": message, "type": kind, "param": None, "code": code}})


def models_body(names: list[str]) -> bytes:
    """The list of models."""
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "loopback"} for name in names]
    return _json({"object": "list", "data": data})


def completion_body(asked: Asked, reply: Reply, request: str, *, usage: bool) -> bytes:
    """The whole answer as one object."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.tool_calls:
        message["tool_calls"] = _tool_calls(reply, request)
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    body = _head(asked, request, "chat.completion") | {"choices": [choice]}
    return _json(body | ({"usage": usage_of(reply.reported)} if usage else {}))


def completion_events(asked: Asked, reply: Reply, request: str, *, usage: bool) -> list[bytes]:
    """The answer as events, the usage in one of its own, and ``[DONE]``."""
    head = _head(asked, request, "chat.completion.chunk")
    events = []
    for delta, reason in _deltas(reply, request):
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        events.append(_event(head | {"choices": [choice]}))
    if usage and asked.include_usage:
        events.append(_event(head | {"choices": [], "usage": usage_of(reply.reported)}))
    return [*events, b"data: [DONE]\n\n"]


def usage_of(tokens: Tokens) -> dict[str, Any]:
    """The usage under the protocol's names."""
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning, "audio_tokens": 0},
    }


def _head(asked: Asked, request: str, kind: str) -> dict[str, Any]:
    return {"id": request, "object": kind, "created": int(time.time()), "model": asked.model}


def _deltas(reply: Reply, request: str) -> Iterator[tuple[dict[str, Any], str | None]]:
    yield {"role": "assistant", "content": ""}, None
    step = max(1, -(-len(reply.text) // _PIECES))
    for start in range(0, len(reply.text), step):
        yield {"content": reply.text[start : start + step]}, None
    for index, call in enumerate(_tool_calls(reply, request)):
        function = call["function"]
        opening = {"name": function["name"], "arguments": ""}
        yield {"tool_calls": [call | {"index": index, "function": opening}]}, None
        rest = {"arguments": function["arguments"]}
        yield {"tool_calls": [{"index": index, "function": rest}]}, None
    yield {}, reply.finish_reason


def _tool_calls(reply: Reply, request: str) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call-{request}-{index}",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        for index, (name, arguments) in enumerate(reply.tool_calls)
    ]


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + _json(data) + b"\n\n"


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data).encode()
