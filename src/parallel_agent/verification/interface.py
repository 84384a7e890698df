"""Whether a candidate's function can take the place of the original's for all that call it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from clang import cindex

from parallel_agent.kernel.source import Kernel, ParsedSource, parse
from parallel_agent.kernel.types import Signature, Type

_OUTSIDE = cindex.LinkageKind.EXTERNAL
_INLINE = ("inline", "constexpr", "consteval")


@dataclass(frozen=True)
class _Face:
    """What a caller and a linker see of a function; names of parameters are nobody's business."""

    types: tuple[Any, ...]
    spelling: str
    symbol: str
    visible: bool
    inline: bool


def mismatch(original: Kernel, candidate: str) -> str | None:
    """Why the candidate's function of the kernel's name cannot replace it; None if it can.

    Typedefs, ``const`` of what is passed by value and the names of parameters make no difference.
    Raises SourceError where the candidate has no such function, or several: a call that converts
    its arguments could go to another than before.
    """
    name = original.name
    expected = _original_face(original.source, name)
    found = _face(parse(candidate, name=name))
    if found.spelling != expected.spelling:
        return (
            f"the signature of {name} is not the original's: "
            f"'{found.spelling}' instead of '{expected.spelling}'"
        )
    if found.types != expected.types:
        return f"the signature of {name} is not the original's: a type has another layout"
    if expected.visible and not found.visible:
        return f"{name} is static or in a nameless namespace, the original is not"
    if expected.visible and found.inline and not expected.inline:
        return f"{name} is inline, so that no other file can call it; the original is not"
    if expected.visible and found.symbol != expected.symbol:
        return f"{name} links as '{found.symbol}', the original as '{expected.symbol}'"
    return None


@lru_cache(maxsize=4)
def _original_face(source: str, name: str) -> _Face:
    return _face(parse(source, name=name))


def _face(parsed: ParsedSource) -> _Face:
    function = parsed.function
    return _Face(
        types=_types(parsed.kernel.signature),
        spelling=function.type.get_canonical().spelling,
        symbol=function.mangled_name,
        visible=function.linkage == _OUTSIDE,
        inline=_is_inline(function),
    )


def _types(signature: Signature) -> tuple[tuple[Type, str] | Type | None, ...]:
    parameters = [(parameter.type, parameter.passing) for parameter in signature.parameters]
    return (*parameters, signature.returns)


def _is_inline(function: Any) -> bool:
    """libclang's bindings do not tell: the word stands before the function's name."""
    for token in function.get_tokens():
        if token.spelling == function.spelling:
            return False
        if token.spelling in _INLINE:
            return True
    return False
