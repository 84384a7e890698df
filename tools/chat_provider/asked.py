"""A request of the chat completions protocol: what of it the provider reads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MARKER = re.compile(r"\[\[label:([^\]]*)\]\]")
_PER_MESSAGE = 3
"""Tokens of a chat template: for each message, and once for the beginning of the answer. OpenAI's
cookbook on counting tokens says the same."""


class BadRequest(ValueError):
    """The request is not one of the protocol."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. ``cap`` is the output cap in tokens, None where the client sets none.

    ``label`` is what the client calls the request: its ``user``, or ``[[label:NAME]]`` in a prompt.
    ``schema`` is that of the JSON that was asked for; ``tools`` maps names to the schemas of their
    parameters, and ``must_call`` is the tool that the model has to call, if any.
    """

    model: str
    prompt: str
    messages: int
    input_bytes: int
    cap: int | None
    stream: bool
    include_usage: bool
    label: str
    schema: dict[str, Any] | None
    tools: dict[str, dict[str, Any]]
    must_call: str | None

    def input_tokens(self, bytes_per_token: int) -> int:
        """The provider's own count: bytes over ``bytes_per_token``, rounded up, and the template."""
        return -(-self.input_bytes // bytes_per_token) + _PER_MESSAGE * (self.messages + 1)


def read_request(body: bytes) -> Asked:
    """Read the body of a request.

    Raises:
        BadRequest: says what is wrong with it.
    """
    try:
        data = json.loads(body)
    except ValueError:
        raise BadRequest("the body is not JSON") from None
    try:
        return _read(data)
    except (AttributeError, KeyError, TypeError):
        raise BadRequest("the body is not a request for a completion") from None


def _read(data: Any) -> Asked:
    messages = data.get("messages") if isinstance(data, dict) else None
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages: a list of at least one message is required")
    if not isinstance(data.get("model"), str):
        raise BadRequest("model: a text is required")
    if data.get("n", 1) != 1:
        raise BadRequest("n: only 1 is supported")
    prompt = "\n".join(_content(message) for message in messages)
    tools = _tools(data)
    return Asked(
        model=data["model"],
        prompt=prompt,
        messages=len(messages),
        input_bytes=len(prompt.encode()) + _extra_bytes(data),
        cap=_cap(data),
        stream=bool(data.get("stream")),
        include_usage=bool((data.get("stream_options") or {}).get("include_usage")),
        label=_label(data, prompt),
        schema=_schema(data),
        tools=tools,
        must_call=_must_call(data, tools),
    )


def _content(message: Any) -> str:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise BadRequest("messages: each needs a role")
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


def _extra_bytes(data: Mapping[str, Any]) -> int:
    """What is read besides the messages' text: tools, the schema, earlier calls."""
    calls = [m["tool_calls"] for m in data["messages"] if m.get("tool_calls")]
    read = [*calls, *(data[name] for name in ("tools", "response_format") if data.get(name))]
    return sum(len(json.dumps(part, separators=(",", ":")).encode()) for part in read)


def _cap(data: Mapping[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        cap = data.get(name)
        if cap is not None:
            if not isinstance(cap, int) or cap < 1:
                raise BadRequest(f"{name}: a whole number above 0 is required")
            return cap
    return None


def _label(data: Mapping[str, Any], prompt: str) -> str:
    marker = _MARKER.search(prompt)
    return str(data.get("user") or (marker.group(1) if marker else ""))


def _schema(data: Mapping[str, Any]) -> dict[str, Any] | None:
    form = data.get("response_format") or {}
    if form.get("type") == "json_object":
        return {"type": "object"}
    if form.get("type") != "json_schema":
        return None
    schema = (form.get("json_schema") or {}).get("schema")
    if not isinstance(schema, dict):
        raise BadRequest("response_format: json_schema needs a schema")
    return schema


def _tools(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    functions = [tool.get("function") or {} for tool in data.get("tools") or []]
    return {str(f.get("name")): f.get("parameters") or {"type": "object"} for f in functions}


def _must_call(data: Mapping[str, Any], tools: Mapping[str, Any]) -> str | None:
    choice = data.get("tool_choice")
    if choice == "required":
        return next(iter(tools), None)
    if isinstance(choice, dict):
        name = str((choice.get("function") or {}).get("name"))
        if name not in tools:
            raise BadRequest(f"tool_choice: there is no tool {name!r}")
        return name
    return None
