"""Last-bit noise in a kernel's arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from parallel_agent.kernel.types import (
    Array,
    Pair,
    Pointer,
    Signature,
    String,
    Struct,
    Type,
    Vector,
    dtype,
    is_flat,
    members,
)

_BLOCK = 1 << 14
"""Numbers at a time; a multiple of the bits of the words that coins are drawn from."""


def with_noise(signature: Signature, arguments: list[Any], rng: np.random.Generator) -> list[Any]:
    """The arguments with each floating-point number moved to the next one, up or down by chance.

    Zeros stay, and so do whole numbers where an argument has no others: they may be indices or
    labels. What is in ascending order stays in it.
    """
    parameters = zip(signature.parameters, arguments, strict=True)
    return [_noisy(parameter.type, value, rng) for parameter, value in parameters]


def _noisy(type_: Type, value: Any, rng: np.random.Generator) -> Any:
    if isinstance(type_, String):
        return value
    if is_flat(type_):
        return _flat(type_, np.asarray([value], dtype(type_).base), rng)[0]
    assert isinstance(type_, Vector | Pointer)
    if is_flat(type_.element):
        return _flat(type_.element, np.asarray(value, dtype(type_.element).base), rng)
    return [_noisy(type_.element, element, rng) for element in value]


def _flat(type_: Type, values: Any, rng: np.random.Generator) -> Any:
    if isinstance(type_, Struct | Pair):
        result = values.copy()
        for name, member in members(type_):
            result[name] = _flat(member, values[name], rng)
        return result
    if isinstance(type_, Array):
        return _flat(type_.element, values, rng)
    if values.dtype.kind == "c":
        parts = np.ascontiguousarray(values).view(values.real.dtype)
        return _numbers(parts, rng).view(values.dtype)
    return _numbers(values, rng) if values.dtype.kind == "f" else values


def _numbers(values: Any, rng: np.random.Generator) -> Any:
    flat = values.reshape(-1)
    if all((block == np.trunc(block)).all() for block in _blocks(flat)):
        return values
    moved = np.empty_like(flat)
    up_or_down = np.array([-np.inf, np.inf], values.dtype)
    for block, after in zip(_blocks(flat), _blocks(moved), strict=True):
        up = rng.integers(0, 2, len(block), dtype=np.bool_)
        np.nextafter(block, up_or_down[up.view(np.uint8)], out=after)
        np.copyto(after, block, where=block == 0)
    if values.ndim == 1 and _ascending(values):
        moved.sort()
    return moved.reshape(values.shape)


def _blocks(flat: Any) -> Iterator[Any]:
    """Parts that stay in the cache for all that is done to them."""
    return (flat[start : start + _BLOCK] for start in range(0, len(flat), _BLOCK))


def _ascending(values: Any) -> bool:
    pairs = zip(_blocks(values[:-1]), _blocks(values[1:]), strict=True)
    return len(values) > 1 and all((after >= before).all() for before, after in pairs)
