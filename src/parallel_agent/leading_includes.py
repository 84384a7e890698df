"""What a source includes before anything else is in it: it may as well have been read already."""

from __future__ import annotations

import re

_SKIPPED = re.compile(r"\s*(?:#\s*pragma\s+once\s*)?(?://.*[^\\]|//|/\*(?:(?!\*/).)*\*/\s*)?")
_INCLUDE = re.compile(r"\s*#\s*include\s*<([a-z_][\w+-]*(?:[./][\w+-]+)*)>\s*(?://.*[^\\]|//)?")


def leading_includes(source: str) -> tuple[str, ...]:
    """The names of the headers that a source includes in angle brackets before its first other line.

    Only plain lines count: comments, ``#pragma once`` and includes, with nothing defined before them
    and in no condition. Each name comes once.
    """
    found: dict[str, None] = {}
    comment = False
    for line in source.split("\n"):
        if comment:
            _, end, rest = line.partition("*/")
            comment = not end
            if end and rest.strip():
                break
        elif included := _INCLUDE.fullmatch(line):
            found[included[1]] = None
        elif line.lstrip().startswith("/*") and "*/" not in line:
            comment = True
        elif not _SKIPPED.fullmatch(line):
            break
    return tuple(found)
