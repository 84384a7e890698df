"""Text for a terminal: what models, compilers and programs said must not steer it."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text


def printable(text: str) -> str:
    """The text without what would steer a terminal or turn it around: a question mark instead."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


def say(console: Console, text: str, style: str = "") -> None:
    """A line that is never wrapped: a path or a message can be copied whole."""
    console.print(Text(printable(text), style=style), soft_wrap=True)
