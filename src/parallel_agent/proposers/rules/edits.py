"""Edits of a source text by byte offsets, as libclang counts them."""

from __future__ import annotations

import re
from typing import Any

_DIRECTIVE = re.compile(rb"^[ \t]*#.*$", re.MULTILINE)
_REST_OF_LINE = re.compile(rb"[ \t]*(//[^\n]*)?\n")


class Edits:
    """Collects replacements of a text and applies them together.

    Offsets are in bytes of the UTF-8 text, as in libclang's extents.
    """

    def __init__(self, source: str) -> None:
        self._bytes = source.encode()
        self._edits: list[tuple[int, int, str]] = []

    def text(self, cursor: Any) -> str:
        """The source text of a cursor."""
        return self._bytes[cursor.extent.start.offset : cursor.extent.end.offset].decode()

    def between(self, start: int, end: int) -> str:
        """The source text from one byte up to another."""
        return self._bytes[start:end].decode()

    def replace(self, cursor: Any, text: str) -> None:
        """Replace what a cursor spans."""
        self.replace_range(cursor.extent.start.offset, cursor.extent.end.offset, text)

    def replace_range(self, start: int, end: int, text: str) -> None:
        """Replace the bytes from ``start`` up to ``end``."""
        self._edits.append((start, end, text))

    def insert_line_above(self, cursor: Any, line: str) -> None:
        """Insert a line above the one a cursor starts on, indented like it."""
        start = self._bytes.rfind(b"\n", 0, cursor.extent.start.offset) + 1
        self.replace_range(start, start, f"{self.indentation(cursor)}{line}\n")

    def in_directive(self, name: str) -> bool:
        """True if a line that starts with ``#`` has a name in it."""
        word = re.compile(rb"\b" + re.escape(name.encode()) + rb"\b")
        return any(word.search(line) for line in _DIRECTIVE.findall(self._bytes))

    def remove_statement(self, statement: Any) -> None:
        """Take a statement out, its semicolon included, with its line where it stands there alone."""
        start, end = statement.extent.start.offset, statement.extent.end.offset
        semicolon = re.compile(rb"\s*;").match(self._bytes, end)
        if semicolon and not self._bytes[start:end].endswith(b";"):
            end = semicolon.end()
        before = self._bytes[:start].rstrip(b" \t")
        rest = _REST_OF_LINE.match(self._bytes, end)
        if rest and before.endswith(b"\n"):
            end = rest.end()
        if before.endswith(b"\n") == bool(rest):
            start = len(before)
        self.replace_range(start, end, "")

    def indentation(self, cursor: Any) -> str:
        """The white space at the start of the line a cursor starts on."""
        start = self._bytes.rfind(b"\n", 0, cursor.extent.start.offset) + 1
        line = self._bytes[start : cursor.extent.start.offset].decode()
        return line[: len(line) - len(line.lstrip())]

    def add_include(self, header: str) -> None:
        """Include ``<header>`` after the last include (or ``#pragma once``), unless it is there."""
        text = self._bytes.decode()
        line = f"#include <{header}>"
        if line in text:
            return
        at = 0
        for start in ("#pragma once", "#include"):
            found = text.rfind(f"\n{start}")
            if text.startswith(start):
                found = max(found, 0)
            if found >= 0:
                at = max(at, text.find("\n", found + 1) + 1)
        offset = len(text[:at].encode())
        self.replace_range(offset, offset, line + "\n")

    def apply(self) -> str:
        """The edited text; ValueError if two edits overlap."""
        result, at = [], 0
        for start, end, text in sorted(self._edits, key=lambda edit: edit[:2]):
            if start < at:
                raise ValueError("two edits overlap")
            result += [self._bytes[at:start], text.encode()]
            at = end
        return b"".join([*result, self._bytes[at:]]).decode()
