"""A model's answer as text: made readable, and cut into the code blocks that it holds."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from parallel_agent.chat.messages import ChatReply

_FENCE = re.compile(r"\s*(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)")
_THOUGHT = "think"


class FormatError(ValueError):
    """An answer that cannot be read. The message is fit to be sent back to the model."""


@dataclass(frozen=True)
class Block:
    """A fenced block: what stands behind its fence, what is in it, and whether it was closed."""

    info: str
    text: str
    closed: bool


def readable(reply: ChatReply) -> str:
    """The answer without what the model thought aloud, with plain ends of lines.

    Raises FormatError where nothing is left.
    """
    text = reply.text.encode("utf-8", "replace").decode().replace("\0", "")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _, closing, rest = text.rpartition(f"</{_THOUGHT}>")
    if closing:
        text = rest
    elif text.lstrip().startswith(f"<{_THOUGHT}>"):
        text = ""
    if text.strip():
        return unescaped(text)
    if was_cut(reply):
        raise FormatError("The answer was cut at the output limit before it began: think less.")
    raise FormatError("The answer is empty.")


def was_cut(reply: ChatReply) -> bool:
    """Whether the answer ends at the output cap and not where the model ended it."""
    return reply.finish_reason in ("length", "max_tokens")


def unescaped(text: str) -> str:
    """The text without HTML's escapes, where it is escaped throughout."""
    return html.unescape(text) if "&lt;" in text and "<" not in text else text


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks in order. A fence ends with one of the same kind, at least as long."""
    lines = iter(text.split("\n"))
    for line in lines:
        opening = _FENCE.fullmatch(line)
        if opening is None:
            continue
        inside, closed = [], False
        for inner in lines:
            if _closes(inner.strip(), opening["fence"]):
                closed = True
                break
            inside.append(inner)
        yield Block(opening["info"].strip(), "\n".join(inside), closed)


def prose_before(text: str) -> str:
    """What is said before the first block."""
    lines: list[str] = []
    for line in text.split("\n"):
        if _FENCE.fullmatch(line):
            break
        lines.append(line)
    return "\n".join(lines)


def _closes(line: str, fence: str) -> bool:
    return len(line) >= len(fence) and not line.strip(fence[0])
