"""Comparing a candidate's results with the original's, as the contract says."""

from __future__ import annotations

from typing import Any

import numpy as np

from parallel_agent.kernel.codec import Outputs
from parallel_agent.kernel.contract import Comparison
from parallel_agent.kernel.types import (
    Array,
    Pair,
    Pointer,
    Scalar,
    Signature,
    String,
    Struct,
    Type,
    Vector,
    is_flat,
    members,
)


def difference(
    signature: Signature, comparison: Comparison, original: Outputs, candidate: Outputs
) -> str | None:
    """Where the candidate's outputs differ from the original's; None if they agree.

    Parameters that the kernel cannot change must be the same to the last bit.
    """
    if signature.returns is not None:
        expected, got = original.returned, candidate.returned
        if "return" in comparison.any_order:
            expected, got = _ordered(expected), _ordered(got)
        found = _differs(signature.returns, comparison, expected, got, "returned value")
        if found:
            return found
    exact = Comparison(relative=0.0, absolute=0.0)
    for parameter in signature.parameters:
        rule = comparison if parameter.mutable else exact
        expected, got = original.parameters[parameter.name], candidate.parameters[parameter.name]
        if parameter.mutable and parameter.name in comparison.any_order:
            expected, got = _ordered(expected), _ordered(got)
        found = _differs(parameter.type, rule, expected, got, parameter.name)
        if found and not parameter.mutable:
            return f"read-only input changed: {found}"
        if found:
            return found
    return None


def _differs(type_: Type, rule: Comparison, expected: Any, got: Any, place: str) -> str | None:
    if isinstance(type_, String):
        return None if expected == got else f"{place}: {expected!r} expected, {got!r} returned"
    if is_flat(type_):
        return _flat_differs(type_, rule, np.asarray([expected]), np.asarray([got]), place)
    assert isinstance(type_, Vector | Pointer)
    if len(expected) != len(got):
        return f"{place}: {len(expected)} elements expected, {len(got)} returned"
    if is_flat(type_.element):
        return _flat_differs(type_.element, rule, expected, got, place)
    for position, (one, other) in enumerate(zip(expected, got, strict=True)):
        found = _differs(type_.element, rule, one, other, f"{place}[{position}]")
        if found:
            return found
    return None


def _flat_differs(type_: Type, rule: Comparison, expected: Any, got: Any, place: str) -> str | None:
    if isinstance(type_, Struct | Pair):
        for name, member in members(type_):
            where = f"{place}.{name}"
            found = _flat_differs(member, rule, expected[name], got[name], where)
            if found:
                return found
        return None
    if isinstance(type_, Array):
        return _flat_differs(type_.element, rule, expected, got, place)
    assert isinstance(type_, Scalar)
    bad = _disagreeing(type_, rule, expected, got)
    if bad is None:
        return None
    at = tuple(int(i) for i in bad)
    where = "".join(f"[{i}]" for i in at) if expected.size > 1 else ""
    return f"{place}{where}: {expected[at]!r} expected, {got[at]!r} returned"


def _disagreeing(
    type_: Scalar, rule: Comparison, expected: Any, got: Any
) -> tuple[np.intp, ...] | None:
    """The first place where two arrays of numbers disagree; None if they agree everywhere."""
    if expected.size == 0:
        return None
    agree: Any
    if type_.kind not in ("float", "complex") or (rule.relative == 0 and rule.absolute == 0):
        # To the last bit, so that NaN equals itself and 0.0 differs from -0.0.
        agree = _bits(expected) == _bits(got)
        agree = agree.reshape((*expected.shape, -1)).all(axis=-1)
    elif np.array_equal(_bits(expected), _bits(got)):
        return None
    else:
        agree = _close(rule, expected, got)
    if agree.all():
        return None
    return np.unravel_index(int(np.argmin(agree)), agree.shape)


def _bits(array: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.ascontiguousarray(array).view(np.uint8)


def _close(rule: Comparison, expected: Any, got: Any) -> Any:
    """Where two arrays of floating-point or complex numbers agree within the tolerance."""
    if np.iscomplexobj(expected):
        return _close(rule, _parts(expected), _parts(got)).all(axis=-1)
    expected, got = expected.astype(np.float64), got.astype(np.float64)
    finite = np.isfinite(expected)
    magnitude = np.abs(np.where(finite, expected, 0.0))
    # Term by term, so that the tolerance is not infinite where the numbers are large but finite.
    tolerance = rule.absolute + rule.relative * magnitude + rule.relative * _rms(magnitude)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.isfinite(got) & (np.abs(got - expected) <= tolerance)
    same_kind = np.where(np.isnan(expected), np.isnan(got), expected == got)
    return np.where(finite, near, same_kind)


def _parts(values: Any) -> Any:
    """Real and imaginary parts along one axis more, so that one scale holds for both."""
    return np.stack([values.real, values.imag], axis=-1)


def _rms(magnitude: Any) -> float:
    """The root of the mean square, without overflow and underflow of the squares."""
    top = float(magnitude.max())
    return top * float(np.sqrt(np.mean((magnitude / top) ** 2))) if top > 0 else 0.0


def _ordered(values: Any) -> Any:
    """A vector's elements in an order of their own; elements that are arrays by their numbers."""
    if isinstance(values, np.ndarray) and values.ndim == 1:
        return np.sort(values)
    order = sorted(range(len(values)), key=lambda i: _plain(values[i]))
    return [values[i] for i in order] if isinstance(values, list) else values[order]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(element) for element in value]
    return value if isinstance(value, bytes) else value.tolist()
