"""The code blocks of README and docs, and which of them no test runs, with why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
_BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<why>.*?) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """One block: its page from the root on, its text, and why it is not run, if so."""

    page: str
    language: str
    text: str
    not_run: str

    @property
    def first(self) -> str:
        """What it begins with, to know it by."""
        return next(line for line in self.text.splitlines() if line.strip())[:60]


def all_blocks() -> Iterator[Block]:
    """In the order of pages, and in each of them as they stand."""
    for page in PAGES:
        for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
            name = page.relative_to(ROOT).as_posix()
            yield Block(name, match["language"], match["text"], match["why"] or "")


def code() -> list[Block]:
    """The blocks that a shell or Python takes."""
    return [block for block in all_blocks() if block.language in ("sh", "bash", "python")]
