"""C++ texts as tokens without what an author is free to choose: names, literals, comments, layout."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<skip>//[^\n]*|/\*.*?\*/|^[ \t]*\#[^\n]*(?:\\\n[^\n]*)*|\s+)
    |(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<number>\.?\d(?:[eEpP][+-]|[\w.'])*)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<mark>::|->\*?|\+\+|--|<<=|>>=|<=>|[-+*/%&|^<>=!]=|&&|\|\||<<|>>|\.\.\.|.)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_WORDS = re.compile(r"\w+")
_KEYWORDS = frozenset(
    _WORDS.findall(
        """break case catch class const constexpr continue default delete do else enum false for goto
        if inline namespace new noexcept nullptr operator private public return sizeof static
        static_cast struct switch template this throw true try typedef typename union using void
        volatile while reinterpret_cast const_cast auto bool"""
    )
)
_NUMBERS = frozenset(
    _WORDS.findall(
        """char double float int int8_t int16_t int32_t int64_t long ptrdiff_t short signed size_t
        uint8_t uint16_t uint32_t uint64_t unsigned"""
    )
)


def tokens(source: str) -> Iterator[tuple[str, str]]:
    """Kind and text of every token; comments, white space and preprocessor lines are left out."""
    for found in _TOKEN.finditer(source):
        kind = found.lastgroup or "mark"
        if kind != "skip":
            yield kind, found[0]


def abstract(source: str) -> list[str]:
    """The tokens with every name of the author's as ``id``, every literal as ``lit`` and every
    arithmetic type as ``num``; what is of ``std`` keeps its name, without ``std::``."""
    found: list[str] = []
    kept = [*tokens(source)]
    for place, (kind, text) in enumerate(kept):
        if kind in ("number", "text"):
            found.append("lit")
        elif kind != "word":
            found.append(text)
        elif text in _NUMBERS:
            if not found or found[-1] != "num":  # unsigned long long is one type
                found.append("num")
        elif text in _KEYWORDS or _is_member_of_std(kept, place):
            found.append(text)
        elif text != "std":
            found.append("id")
    return _without_scope(found)


def fingerprint(source: str) -> str:
    """The same for programs that differ only in names, comments and layout; literals count."""
    numbers: dict[str, str] = {}
    digest = hashlib.sha256()
    kept = [*tokens(source)]
    for place, (kind, text) in enumerate(kept):
        free = kind == "word" and text not in _KEYWORDS and text not in _NUMBERS
        if free and text != "std" and not _is_member_of_std(kept, place):
            text = numbers.setdefault(text, f"${len(numbers)}")
        digest.update(f"{text}\0".encode())
    return digest.hexdigest()[:16]


def _is_member_of_std(kept: list[tuple[str, str]], place: int) -> bool:
    """Whether a word stands behind ``::``, or is called on an object as containers' members are."""
    if place == 0:
        return False
    before = kept[place - 1][1]
    following = kept[place + 1][1] if place + 1 < len(kept) else ""
    return before == "::" or (before in (".", "->") and following == "(")


def _without_scope(found: list[str]) -> list[str]:
    return [token for token in found if token != "::"]
