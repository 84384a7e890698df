"""Last-bit noise in a kernel's arguments."""

from __future__ import annotations

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
    if values.size == 0 or (values == np.trunc(values)).all():
        return values
    up = rng.integers(0, 2, values.shape, dtype=np.bool_)
    moved = np.nextafter(values, np.where(up, np.inf, -np.inf).astype(values.dtype))
    moved = np.where(values == 0, values, moved)
    return np.sort(moved) if values.ndim == 1 and _ascending(values) else moved


def _ascending(values: Any) -> bool:
    return len(values) > 1 and bool((values[1:] >= values[:-1]).all())
