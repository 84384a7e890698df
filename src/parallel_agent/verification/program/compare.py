"""Comparing what two programs print: token by token, numbers as numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from parallel_agent.toolchain.program import ProgramRun

DOUBLE = 1e-9
SINGLE = 1e-4
"""Relative tolerances, those of kernels: where single precision is involved, and where it is not."""

_NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|nan|inf(?:inity)?)(?![\w.])",
    re.IGNORECASE,
)
_INTEGER = re.compile(r"[-+]?\d+")
_SINGLE = re.compile(r"\bfloat\b")
_SHOWN = 60


@dataclass(frozen=True)
class Tolerance:
    """How far two floating-point numbers may be apart: ``absolute + relative * |original|``."""

    relative: float = DOUBLE
    absolute: float = 0.0

    @classmethod
    def for_source(cls, source: str) -> Tolerance:
        """What suits a program by its text: single precision leaves fewer digits."""
        return cls(relative=SINGLE if _SINGLE.search(source) else DOUBLE)


def run_difference(original: ProgramRun, candidate: ProgramRun, rule: Tolerance) -> str | None:
    """Where a candidate's run differs from the original's; None if they agree.

    Exit status, stdout, and the files left in the working directory; stderr is not looked at.
    Files that are no text must agree byte by byte.
    """
    if candidate.broken:
        return candidate.broken
    expected, got = original.completed.returncode, candidate.completed.returncode
    if expected != got:
        return f"exit status {expected} expected, {got} returned"
    found = text_difference(original.completed.stdout, candidate.completed.stdout, rule)
    if found:
        return found
    if original.files.keys() != candidate.files.keys():
        shown = ", ".join(sorted(original.files.keys() ^ candidate.files.keys()))
        return f"only one of the two leaves {shown}"
    for name, content in original.files.items():
        found = _file_difference(content, candidate.files[name], rule)
        if found:
            return f"file {name}: {found}"
    return None


def text_difference(expected: str, got: str, rule: Tolerance) -> str | None:
    """The first token in which two texts differ, with its line; None if there is none.

    Lines must correspond, the amount of white space within them does not matter. Integers must be
    equal; where one of two numbers has a decimal point or an exponent, both are floating-point.
    """
    if expected == got:
        return None
    lines = zip_longest(expected.rstrip().split("\n"), got.rstrip().split("\n"))
    for number, (one, other) in enumerate(lines, start=1):
        if one == other:
            continue
        if one is None or other is None:
            more = "no more" if one is None else _shown(one)
            less = "no more" if other is None else _shown(other)
            return f"line {number}: {more} expected, {less} printed"
        for token, candidate in zip_longest(one.split(), other.split(), fillvalue=""):
            if not _same_token(token, candidate, rule):
                return f"line {number}: {_shown(token)} expected, {_shown(candidate)} printed"
    return None


def _file_difference(expected: bytes, got: bytes, rule: Tolerance) -> str | None:
    if expected == got:
        return None
    try:
        return text_difference(expected.decode(), got.decode(), rule)
    except UnicodeDecodeError:
        return "its bytes differ"


def _same_token(expected: str, got: str, rule: Tolerance) -> bool:
    if expected == got:
        return True
    pieces = zip_longest(_pieces(expected), _pieces(got), fillvalue=("", False))
    return all(
        one == other or (number and is_number and _same_number(one, other, rule))
        for (one, number), (other, is_number) in pieces
    )


def _pieces(token: str) -> Iterator[tuple[str, bool]]:
    """A token's parts, and whether each is a number: ``[1,x=2.5]`` holds two."""
    end = 0
    for match in _NUMBER.finditer(token):
        yield token[end : match.start()], False
        yield match[0], True
        end = match.end()
    yield token[end:], False


def _same_number(expected: str, got: str, rule: Tolerance) -> bool:
    if _INTEGER.fullmatch(expected) and _INTEGER.fullmatch(got):
        return int(expected) == int(got)
    one, other = float(expected), float(got)
    if not (math.isfinite(one) and math.isfinite(other)):
        return one == other or (math.isnan(one) and math.isnan(other))
    return abs(other - one) <= rule.absolute + rule.relative * abs(one)


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
