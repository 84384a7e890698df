"""LangChain's account of the tokens that a reply took, made ours or turned down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from parallel_agent.budget.usage import Usage

MOST_TOKENS = 100_000_000
"""More than any model reads or writes: a count above it is none."""

_CACHE_WRITES = ("cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")


def read_usage(metadata: object, *, answered: bool) -> tuple[Usage | None, str]:
    """The usage, or None with the reason why there is none to believe.

    ``answered`` says that there is a text, which cannot have taken no tokens.
    """
    if metadata is None:
        return None, "the provider tells no usage"
    try:
        if not isinstance(metadata, Mapping):
            raise ValueError("not an object")
        usage = _usage(metadata)
        _check_plausible(usage, answered)
    except ValidationError as error:
        return None, f"the provider tells an impossible usage: {error.errors()[0]['msg']}"
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        return None, f"the provider tells an impossible usage: {error}"
    return usage, ""


def _usage(metadata: Mapping[str, Any]) -> Usage:
    read = metadata.get("input_token_details") or {}
    written = metadata.get("output_token_details") or {}
    asked, answered = metadata["input_tokens"], metadata["output_tokens"]
    # Some leave reasoning out of the output, and count it in the total alone.
    more = (metadata.get("total_tokens") or 0) - asked - answered
    return Usage(
        input_tokens=asked,
        output_tokens=answered + max(more, 0),
        cache_read_tokens=_detail(read, "cache_read"),
        cache_write_tokens=sum(_detail(read, name) for name in _CACHE_WRITES),
        reasoning_tokens=_detail(written, "reasoning"),
    )


def _detail(details: Mapping[str, Any], name: str) -> int:
    """A detail; on the service tiers ``flex`` and ``priority`` its key has their name before it."""
    return sum(details.get(f"{tier}{name}") or 0 for tier in ("", "flex_", "priority_"))


def _check_plausible(usage: Usage, answered: bool) -> None:
    if not usage.input_tokens:
        raise ValueError("no token of input")
    if answered and not usage.output_tokens:
        raise ValueError("no token of output for an answer")
    if max(usage.input_tokens, usage.output_tokens) > MOST_TOKENS:
        raise ValueError(f"more than {MOST_TOKENS} tokens")
