"""Inputs and results of a kernel as text, of what is long both ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from parallel_agent.kernel.codec import Decoder, decode_calls
from parallel_agent.kernel.types import Signature
from parallel_agent.toolchain.memory import Payload

_SHOWN = 6
"""Elements of an array, or lines of a text, that are shown at each of its ends, at most."""
_LINE = 200
"""Characters of a line that are shown."""


def inputs_shown(signature: Signature, payload: Payload, calls: int = 1) -> dict[str, str]:
    """The arguments by the names of the parameters, and of several calls by their number."""
    decoder = Decoder(payload)
    return {
        f"{_call(number, calls)}{p.name}": _short(decoder.value(p.type))
        for number in range(calls)
        for p in signature.parameters
    }


def outputs_shown(signature: Signature, encoded: bytes, calls: int = 1) -> dict[str, str]:
    """What a caller sees: the results, and the parameters that can be written to."""
    try:
        outputs = decode_calls(signature, encoded, calls)
    except ValueError as error:
        return {"": f"not to be decoded: {error}"}
    shown = {}
    for number, output in enumerate(outputs):
        call = _call(number, calls)
        if signature.returns is not None:
            shown[f"{call}return"] = _short(output.returned)
        for p in signature.parameters:
            if p.mutable:
                shown[f"{call}{p.name}"] = _short(output.parameters[p.name])
    return shown


def text_shown(data: bytes) -> str:
    """A text of which, where it is long, both ends are shown, and how many lines there are."""
    lines = [line[:_LINE] for line in data.decode(errors="replace").splitlines()]
    if len(lines) > 2 * _SHOWN:
        left_out = f"... ({len(lines)} lines)"
        lines = [*lines[:_SHOWN], left_out, *lines[-_SHOWN:]]
    return "\n".join(lines)


def _call(number: int, calls: int) -> str:
    return f"call {number + 1}: " if calls > 1 else ""


def _short(value: Any) -> str:
    """A value as text, of long ones both ends and how many elements there are."""
    if isinstance(value, bytes):
        return repr(value.decode(errors="replace"))
    if isinstance(value, list):
        shown = [_short(element) for element in value[:_SHOWN]]
        return f"[{', '.join(shown)}{', ...' if len(value) > _SHOWN else ''}] ({len(value)})"
    array = np.asarray(value)
    text = np.array2string(array, threshold=2 * _SHOWN, edgeitems=_SHOWN, separator=", ")
    text = " ".join(text.split())
    return f"{text} ({len(array)})" if array.ndim else text
