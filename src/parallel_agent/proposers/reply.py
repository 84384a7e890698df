"""Reading a coder's answer: a whole file in a fenced block, or edits to the file it was shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from parallel_agent.chat.messages import ChatReply
from parallel_agent.proposers import search_replace
from parallel_agent.proposers.answers import (
    Block,
    FormatError,
    blocks,
    prose_before,
    readable,
    unescaped,
    was_cut,
)
from parallel_agent.proposers.wording import one_line

_SUMMARY_BYTES = 300
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*(<[^>\n]+>|\"[^\"\n]+\")", re.MULTILINE)
_ALL_HEADERS = "<bits/stdc++.h>"
_PRAGMA_ONCE = re.compile(r"\A(?:\s*#[ \t]*pragma[ \t]+once[ \t]*\n)?")
_NOISE = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)"
    r'|R"(?P<end>[^()\\\s]{0,16})\(.*?(?:\)(?P=end)"|\Z)'
    r'|"(?:\\.|[^"\\\n])*(?:"|(?=\n)|\Z)'
    r"|(?<!\d)'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)
_CODE = r"\s*(?:#|//|/\*|using |namespace\b|template\b|static |inline |extern |struct |const\b)"


class Answer(BaseModel):
    """The file that a model wrote.

    ``summary`` is what it says of it, in one line. ``notes`` say what the reader had to put right.
    """

    model_config = ConfigDict(frozen=True)

    source: str
    summary: str = ""
    notes: tuple[str, ...] = ()


def read_answer(reply: ChatReply, kernel: str, original: str, base: str | None = None) -> Answer:
    """The version of the original's file in a reply; ``kernel`` names the function.

    ``base`` is what edits are made to: the parent, or the version to be repaired; without it the
    original. Ends of lines are the original's, and headers that it includes stay included. Raises
    FormatError where the answer is cut, holds no such file, or its edits do not fit.
    """
    text = readable(reply)
    shown = (original if base is None else base).replace("\r\n", "\n")
    source = _written(text, shown, kernel, cut=was_cut(reply))
    source, notes = with_includes(source, original)
    source = source.strip("\n") + "\n"
    if "\r\n" in original:
        source = source.replace("\n", "\r\n")
    return Answer(source=source, summary=_summary(text), notes=notes)


def defines(code: str, kernel: str) -> bool:
    """Whether a text holds a definition of the function (its name may be qualified)."""
    plain = _NOISE.sub(" ", code)
    name = kernel.rpartition("::")[2]
    for found in re.finditer(rf"(?<!\w){re.escape(name)}\s*\(", plain):
        end = _closing(plain, found.end())
        if end is None:
            return False
        if re.match(r"[^;{}()=]*\{", plain[end:]):
            return True
    return False


def _written(text: str, base: str, kernel: str, *, cut: bool) -> str:
    if search_replace.has_edits(text):
        return _edited(text, base, cut=cut)
    found = list(blocks(text)) or [Block("", _code_in(text, kernel), closed=False)]
    found = [Block(b.info, unescaped(b.text), b.closed) for b in found]
    defining = [block for block in found if defines(block.text, kernel)]
    whole = [block for block in defining if block.closed or (_balanced(block) and not cut)]
    if whole:
        return ([block for block in whole if _balanced(block)] or whole)[-1].text.rstrip("`")
    if cut:
        raise FormatError("The answer was cut at the output limit: write a shorter one.")
    if defining:
        raise FormatError("The file is not complete: its braces do not balance.")
    raise FormatError(
        f"No code block of the answer defines {kernel}: give the whole file in one fenced block."
    )


def _edited(text: str, base: str, *, cut: bool) -> str:
    """All edits or none: what a cut answer has left out may belong to what it holds."""
    if cut:
        raise FormatError("The answer was cut at the output limit: make fewer or shorter edits.")
    return search_replace.applied(search_replace.read_edits(text), base)


def _balanced(block: Block) -> bool:
    plain = _NOISE.sub(" ", block.text)
    return plain.count("{") == plain.count("}")


def _code_in(text: str, kernel: str) -> str:
    """The code in an answer without fences: from the first line that looks like it to the last."""
    name = re.escape(kernel.rpartition("::")[2])
    begins = re.compile(rf"{_CODE}|[\w:<>,&*\s]+[\s&*]{name}\s*\(")
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if begins.match(line)), len(lines))
    last = len(lines)
    while last > first and not _ends_code(lines[last - 1]):
        last -= 1
    return "\n".join(lines[first:last])


def _ends_code(line: str) -> bool:
    line = line.rstrip("`").strip()
    return line.endswith(("}", ";", "*/")) or line.startswith(("#", "//"))


def _closing(text: str, start: int) -> int | None:
    """The place behind the parenthesis that closes the one before ``start``."""
    depth = 1
    for found in re.compile(r"[()]").finditer(text, start):
        depth += 1 if found[0] == "(" else -1
        if depth == 0:
            return found.end()
    return None


def with_includes(source: str, original: str) -> tuple[str, tuple[str, ...]]:
    """The source with what the original includes, which is no model's to drop."""
    missing = list(_missing(source, original))
    if not missing:
        return source, ()
    source = source.lstrip("\n")
    head = _PRAGMA_ONCE.match(source)
    at = head.end() if head else 0
    lines = "".join(f"#include {name}\n" for name in missing)
    note = f"includes of the original were put back: {', '.join(missing)}"
    return source[:at] + lines + source[at:], (note,)


def _missing(source: str, original: str) -> Iterator[str]:
    included = set(_INCLUDE.findall(source))
    if _ALL_HEADERS in included:
        return
    for name in dict.fromkeys(_INCLUDE.findall(original)):
        if name not in included:
            yield name


def _summary(text: str) -> str:
    """The first words before the code; none where nothing tells the two apart."""
    before = prose_before(text).partition("<<<<<<<")[0]
    return "" if before == text else one_line(before, _SUMMARY_BYTES)
