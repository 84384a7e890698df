"""The three parts of a for loop's header, also where some are left out, and of other loops' conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.syntax import Kind


@dataclass(frozen=True)
class Header:
    """A for, while or do loop; None for what it does not have."""

    loop: Any
    body: Any
    start: Any
    condition: Any
    step: Any

    @property
    def runs_once_at_least(self) -> bool:
        """True for ``do``."""
        return bool(self.loop.kind == Kind.DO_STMT)

    def replace(self, text: str, edits: Edits) -> None:
        """Put another header in its place."""
        if self.runs_once_at_least:
            end = self.loop.extent.end.offset
            tail = edits.between(self.body.extent.end.offset, end)
            edits.replace_range(
                self.loop.extent.start.offset, self.body.extent.start.offset, text + " "
            )
            semicolon = edits.between(end, end + 1) == ";" and not tail.endswith(";")
            edits.replace_range(self.body.extent.end.offset, end + semicolon, "")
            return
        before = edits.between(self.loop.extent.start.offset, self.body.extent.start.offset)
        space = before[before.rindex(")") + 1 :]
        edits.replace_range(
            self.loop.extent.start.offset, self.body.extent.start.offset, text + space
        )


def header_of(loop: Any, edits: Edits) -> Header | None:
    """A loop's header; None for other statements, and where it holds comments or declares in its test."""
    parts = syntax.children(loop)
    if loop.kind not in (Kind.FOR_STMT, Kind.WHILE_STMT, Kind.DO_STMT) or len(parts) < 2:
        return None
    body = parts[0] if loop.kind == Kind.DO_STMT else parts[-1]
    text = edits.between(loop.extent.start.offset, body.extent.start.offset)
    tail = edits.between(body.extent.end.offset, loop.extent.end.offset)
    if "//" in text + tail or "/*" in text + tail:
        return None
    if loop.kind != Kind.FOR_STMT:
        condition = parts[1] if loop.kind == Kind.DO_STMT else parts[0]
        block = body.kind == Kind.COMPOUND_STMT or loop.kind == Kind.WHILE_STMT
        plain = len(parts) == 2 and condition.kind.is_expression() and block
        return Header(loop, body, None, condition, None) if plain else None
    return _of_for(loop, body, parts[:-1])


def _of_for(loop: Any, body: Any, parts: list[Any]) -> Header | None:
    """The parts by the semicolons of the header that stand before them."""
    found: list[Any] = [None, None, None]
    semicolons = _semicolons(loop, body)
    if len(semicolons) != 2:
        return None
    for part in parts:
        found[sum(at < part.extent.start.offset for at in semicolons)] = part
    if sum(part is not None for part in found) != len(parts):
        return None
    if found[1] is not None and not found[1].kind.is_expression():
        return None
    return Header(loop, body, *found)


def _semicolons(loop: Any, body: Any) -> list[int]:
    """Where the semicolons of a for loop's header stand."""
    depth, found = 0, []
    for token in loop.get_tokens():
        if token.extent.start.offset >= body.extent.start.offset:
            break
        depth += (token.spelling in "({[") - (token.spelling in ")}]")
        if token.spelling == ";" and depth == 1:
            found.append(token.extent.start.offset)
    return found
