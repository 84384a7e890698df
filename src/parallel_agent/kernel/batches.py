"""Inputs of many calls drawn at once, where all of them lie in memory alike.

The inputs of one small call take a microsecond to draw and a thousand to be looked after one by one:
where the places of all numbers are the same in every call, each parameter is drawn for all calls in one go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parallel_agent.kernel.codec import ALIGNMENT, Encoder, encode_calls
from parallel_agent.kernel.contract import Contract, ParameterContract, Values
from parallel_agent.kernel.types import Parameter, Pointer, Signature, Type, Vector, dtype, is_flat

_COUNT_BYTES = 8
_MOST_BYTES = 1 << 16
"""Of a call: the numbers of larger ones are better drawn, and copied, while they are in the cache."""


@dataclass(frozen=True)
class Region:
    """Where the numbers of one parameter lie in an encoded call: ``count`` of type ``element``."""

    parameter: str
    element: Type
    count: int
    start: int

    @property
    def bytes(self) -> int:
        """How many bytes they take."""
        return self.count * dtype(self.element).itemsize


def regions(signature: Signature, contract: Contract, call: list[Any]) -> tuple[Region, ...] | None:
    """The regions that are drawn anew for each call like ``call``; None where calls are not alike.

    Nor where they are large. They are alike where nothing but plain numbers is drawn: no strings, no vectors of vectors, nothing
    sorted or distinct or taken from elsewhere.
    """
    found, at = [], 0
    for parameter, value in zip(signature.parameters, call, strict=True):
        given = contract.parameters.get(parameter.name, ParameterContract())
        element = _element(parameter)
        if element is None or not all(map(_plain, (given.values, *given.fields.values()))):
            return None
        vector = element is not parameter.type
        start = _aligned(at) + vector * _COUNT_BYTES
        region = Region(parameter.name, element, len(value) if vector else 1, start)
        at = start + region.bytes
        if given.equals is None:
            found.append(region)
    return tuple(found) if at <= _MOST_BYTES else None


def batch(
    signature: Signature,
    call: list[Any],
    instances: int,
    drawn: Mapping[str, np.ndarray[Any, Any]],
    places: tuple[Region, ...],
    encoder: Encoder,
) -> None:
    """Append calls like ``call``, with the numbers ``drawn`` for all of them by parameter."""
    one = encode_calls(signature, [call])
    stride = _aligned(len(one))
    whole = np.frombuffer(encoder.block(stride * instances), dtype=np.uint8)
    calls = whole.reshape(instances, stride)
    calls[:, : len(one)] = np.frombuffer(one, dtype=np.uint8)
    calls[:, len(one) :] = 0
    for place in places:
        numbers = np.ascontiguousarray(drawn[place.parameter]).reshape(-1).view(np.uint8)
        calls[:, place.start : place.start + place.bytes] = numbers.reshape(instances, -1)
    encoder.take_back(stride - len(one))


def _element(parameter: Parameter) -> Type | None:
    """The type of a parameter's numbers; None for what is not numbers side by side."""
    if is_flat(parameter.type):
        return parameter.type
    if isinstance(parameter.type, Vector | Pointer) and is_flat(parameter.type.element):
        return parameter.type.element
    return None


def _plain(values: Values | None) -> bool:
    """Whether every number of a domain is drawn by itself."""
    if values is None:
        return True
    bounds = Values(kind=values.kind, low=values.low, high=values.high)
    return values.kind in ("uniform", "integers") and values == bounds


def _aligned(at: int) -> int:
    return at + -at % ALIGNMENT
