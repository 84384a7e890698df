"""What the model does for a request: text within the cap, tokens, and faults of the work itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chat_provider.answers import Answer
from chat_provider.asked import Asked
from chat_provider.billing import Tokens


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished answer. ``tokens`` are charged, ``reported`` are told to the client."""

    text: str
    tool_calls: tuple[tuple[str, str], ...]
    finish_reason: str
    tokens: Tokens
    reported: Tokens


def work(asked: Asked, answer: Answer, fault: str | None, bytes_per_token: int) -> Reply:
    """Say ``answer`` within the cap of the request, or as ``fault`` has it."""
    reply = _within_cap(asked, answer, bytes_per_token)
    tokens = reply.tokens
    match fault:
        case "over-cap":
            more = 2 * max(asked.cap or 0, tokens.output) + 1
            return _charged(reply, replace(tokens, output=more))
        case "reasoning":
            whole = min(asked.cap or 10 * tokens.output, 10 * tokens.output)
            hidden = max(whole - tokens.output, tokens.reasoning)
            return _charged(reply, replace(tokens, output=whole, reasoning=hidden))
        case "cached":
            return _charged(reply, replace(tokens, cached=tokens.input // 2))
        case "zero-usage":
            return replace(reply, reported=Tokens(0, 0))
        case "cached-inconsistent":
            nonsense = replace(tokens, cached=2 * tokens.input + 1)
            return replace(reply, reported=nonsense)
        case "truncated":
            return replace(reply, text=reply.text[: len(reply.text) // 2], finish_reason="length")
    return reply


def _charged(reply: Reply, tokens: Tokens) -> Reply:
    return replace(reply, tokens=tokens, reported=tokens)


def _within_cap(asked: Asked, answer: Answer, bytes_per_token: int) -> Reply:
    """The answer as it is, or cut at the cap with finish_reason ``length``."""
    said = answer.text + "".join(name + arguments for name, arguments in answer.tool_calls)
    tokens = answer.tokens or Tokens(
        asked.input_tokens(bytes_per_token), -(-len(said.encode()) // bytes_per_token)
    )
    if asked.cap is None or tokens.output <= asked.cap:
        reason = "tool_calls" if answer.tool_calls else "stop"
        return Reply(answer.text, answer.tool_calls, reason, tokens, tokens)
    kept = answer.text.encode()[: asked.cap * bytes_per_token].decode(errors="ignore")
    cut = replace(tokens, output=asked.cap, reasoning=min(tokens.reasoning, asked.cap))
    return Reply(kept, (), "length", cut, cut)
