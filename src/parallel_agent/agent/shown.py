"""Inputs and results of a kernel as text, of what is long both ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from parallel_agent.kernel.codec import Decoder, decode_calls
from parallel_agent.kernel.types import Signature

_SHOWN = 6
"""Elements of an array that are shown at each of its ends, at most."""


def inputs_shown(signature: Signature, payload: bytes) -> dict[str, str]:
    """The arguments of one call by the names of the parameters."""
    decoder = Decoder(payload)
    return {p.name: _short(decoder.value(p.type)) for p in signature.parameters}


def outputs_shown(signature: Signature, encoded: bytes) -> dict[str, str]:
    """What a caller sees: the result, and the parameters that can be written to."""
    try:
        outputs = decode_calls(signature, encoded, 1)[0]
    except ValueError as error:
        return {"": f"not to be decoded: {error}"}
    told = {} if signature.returns is None else {"return": _short(outputs.returned)}
    written = {p.name: outputs.parameters[p.name] for p in signature.parameters if p.mutable}
    return told | {name: _short(value) for name, value in written.items()}


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
