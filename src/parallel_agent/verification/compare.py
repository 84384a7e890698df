"""Comparing a candidate's results with the original's, as the contract says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parallel_agent.kernel.codec import Outputs
from parallel_agent.kernel.comparison import Bound, Comparison
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
from parallel_agent.toolchain.memory import Payload

_BLOCK = 1 << 14
"""Numbers that are compared at a time."""
RETURNED = "return"
"""The name of the returned value among a kernel's results."""


def difference(
    signature: Signature,
    comparison: Comparison,
    original: Outputs,
    candidate: Outputs,
    sizes: Mapping[str, int] | None = None,
) -> str | None:
    """Where the candidate's outputs differ from the original's; None if they agree.

    ``sizes`` are those of the inputs; without them the tolerance is that of the smallest sizes.
    Parameters that the kernel cannot change must be the same to the last bit.
    """
    rule = _Rule(comparison, sizes or {})
    if signature.returns is not None:
        expected = arranged(comparison, RETURNED, original.returned)
        got = arranged(comparison, RETURNED, candidate.returned)
        found = _differs(signature.returns, rule, expected, got, _Place(RETURNED, "returned value"))
        if found:
            return found
    for parameter in signature.parameters:
        name, place = parameter.name, _Place(parameter.name, parameter.name)
        expected, got = original.parameters[name], candidate.parameters[name]
        if not parameter.mutable:
            found = _differs(parameter.type, _SAME_BITS, expected, got, place)
            if found:
                return f"read-only input changed: {found}"
            continue
        expected, got = arranged(comparison, name, expected), arranged(comparison, name, got)
        found = _differs(parameter.type, rule, expected, got, place)
        if found:
            return found
    return None


def arranged(comparison: Comparison, result: str, values: Any) -> Any:
    """A result in an order of its own, as far as the contract leaves its order open."""
    if result in comparison.any_order:
        return _ordered(values)
    if result in comparison.ties:
        return _ordered_ties(values, comparison.ties[result])
    return values


@dataclass(frozen=True)
class _Rule:
    """What the contract says at some sizes."""

    comparison: Comparison
    sizes: Mapping[str, int]

    @property
    def same_bits(self) -> bool:
        return self.comparison.same_bits

    def bound(self, result: str) -> Bound:
        return self.comparison.bound(result, self.sizes)


_SAME_BITS = _Rule(Comparison(relative=0.0, absolute=0.0), {})


@dataclass(frozen=True)
class _Place:
    """A part of the results: its name in the contract, and what it is called in messages."""

    result: str
    shown: str

    def member(self, name: str) -> _Place:
        return _Place(f"{self.result}.{name}", f"{self.shown}.{name}")

    def element(self, position: int) -> _Place:
        return _Place(self.result, f"{self.shown}[{position}]")


def _differs(type_: Type, rule: _Rule, expected: Any, got: Any, place: _Place) -> str | None:
    if isinstance(type_, String):
        return None if expected == got else _told(place.shown, repr(expected), repr(got))
    if is_flat(type_):
        return _flat_differs(type_, rule, np.asarray([expected]), np.asarray([got]), place)
    assert isinstance(type_, Vector | Pointer)
    if len(expected) != len(got):
        return f"{place.shown}: {len(expected)} elements expected, {len(got)} returned"
    if is_flat(type_.element):
        return _flat_differs(type_.element, rule, expected, got, place)
    for position, (one, other) in enumerate(zip(expected, got, strict=True)):
        found = _differs(type_.element, rule, one, other, place.element(position))
        if found:
            return found
    return None


def _flat_differs(type_: Type, rule: _Rule, expected: Any, got: Any, place: _Place) -> str | None:
    if isinstance(type_, Struct | Pair):
        for name, member in members(type_):
            found = _flat_differs(member, rule, expected[name], got[name], place.member(name))
            if found:
                return found
        return None
    if isinstance(type_, Array):
        return _flat_differs(type_.element, rule, expected, got, place)
    assert isinstance(type_, Scalar)
    bad = _disagreeing(type_, rule, expected, got, place.result)
    if bad is None:
        return None
    at = tuple(int(i) for i in bad)
    where = "".join(f"[{i}]" for i in at) if expected.size > 1 else ""
    return _told(f"{place.shown}{where}", str(expected[at]), str(got[at]))


def _told(place: str, expected: str, got: str) -> str:
    return f"{place}: {expected} expected, {got} returned"


def _disagreeing(
    type_: Scalar, rule: _Rule, expected: Any, got: Any, result: str
) -> tuple[np.intp, ...] | None:
    """The first place where two arrays of numbers disagree; None if they agree everywhere.

    Block by block, so that what is computed on the way stays in the cache.
    """
    if expected.size == 0:
        return None
    rounded = type_.kind in ("float", "complex") and not rule.same_bits
    bound = rule.bound(result) if rounded else None
    rows = max(1, _BLOCK // max(1, expected[:1].size))
    for start in range(0, len(expected), rows):
        one, other = expected[start : start + rows], got[start : start + rows]
        if _equal_bits(one, other):
            continue
        if bound is not None:
            if _all_near(bound, one, other):
                continue
            agree = close(bound, one, other)
        else:
            # To the last bit, so that NaN equals itself and 0.0 differs from -0.0.
            same = _bits(one) == _bits(other)
            agree = same.reshape((*one.shape, -1)).all(axis=-1)
        if not agree.all():
            first, *rest = np.unravel_index(int(np.argmin(agree)), agree.shape)
            return (np.intp(first + start), *rest)
    return None


def same_bytes(one: Payload, other: Payload) -> bool:
    """Whether two encoded results are the same to the last bit."""
    if len(one) != len(other):
        return False
    first, second = (np.frombuffer(data, dtype=np.uint8) for data in (one, other))
    step = 8 * _BLOCK
    return all(
        _equal_bits(first[start : start + step], second[start : start + step])
        for start in range(0, len(first), step)
    )


def _equal_bits(one: Any, other: Any) -> bool:
    """Whether two arrays of numbers hold the same bytes."""
    first, second = (
        np.ascontiguousarray(array).reshape(-1).view(np.uint8) for array in (one, other)
    )
    if len(first) % 8 == 0:
        first, second = first.view(np.uint64), second.view(np.uint64)
    return bool((first == second).all())


def _bits(array: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.ascontiguousarray(array).view(np.uint8)


def close(bound: Bound, expected: Any, got: Any) -> Any:
    """Where two arrays of floating-point or complex numbers agree within the bound.

    Where either is not finite, both must be NaN or the same infinity. Complex numbers agree by
    the modulus of their difference, and by their parts where these are not finite.
    """
    finite = np.isfinite(expected) & np.isfinite(got)
    one, other = wide(np.where(finite, expected, 0)), wide(np.where(finite, got, 0))
    least = np.minimum(magnitude(one), magnitude(other))
    # Term by term, so that the tolerance is not infinite where the numbers are large but finite.
    with np.errstate(over="ignore"):
        near = magnitude(one - other) <= bound.absolute + bound.relative * least
    return np.where(finite, near, _same_kind(bound, expected, got))


def _all_near(bound: Bound, expected: Any, got: Any) -> bool:
    """Whether `close` finds that all agree, where all are finite; false says nothing.

    In few steps, because it is asked of every result: where one is not finite, its distance is not.
    """
    one, other = wide(expected), wide(got)
    with np.errstate(over="ignore", invalid="ignore"):
        apart = one - other
        apart = np.abs(apart, out=apart if apart.dtype.kind == "f" else None)
        one, other = np.abs(one), np.abs(other)
        allowed = np.minimum(one, other, out=one)
        allowed *= bound.relative
        allowed += bound.absolute
        return bool((apart <= allowed).all()) and bool(np.isfinite(apart.max(initial=0.0)))


def wide(values: Any) -> Any:
    """Numbers in at least double precision."""
    return values.astype(np.result_type(values.dtype, np.float64), copy=False)


def magnitude(values: Any) -> Any:
    """Absolute values, without a warning where they overflow."""
    with np.errstate(over="ignore"):
        return np.abs(values)


def _same_kind(bound: Bound, expected: Any, got: Any) -> Any:
    """Where two arrays agree that are not finite; complex numbers may be so in one part only."""
    if np.iscomplexobj(expected):
        return close(bound, expected.real, got.real) & close(bound, expected.imag, got.imag)
    return np.where(np.isnan(expected), np.isnan(got), expected == got)


def _ordered(values: Any) -> Any:
    """A vector's elements in an order of their own; elements that are arrays by their numbers."""
    if isinstance(values, np.ndarray):
        return values[_order(_columns(values))] if len(values) else values
    return sorted(values, key=_plain)


def _ordered_ties(values: Any, keys: Sequence[str]) -> Any:
    """A vector of structs with each run of elements that are equal in the keys in an own order."""
    if len(values) == 0:
        return values
    starts = np.zeros(len(values), dtype=bool)
    for column in (column for key in keys for column in _columns(values[key])):
        starts[1:] |= column[1:] != column[:-1]
    return values[_order([np.cumsum(starts), *_columns(values)])]


def _order(columns: list[Any]) -> Any:
    """The order by the first column, then by the second, and so on."""
    return np.lexsort(columns[::-1])


def _columns(values: Any) -> list[Any]:
    """The numbers of a vector's elements, one array for the first number of each, and so on."""
    if values.dtype.names:
        return [column for name in values.dtype.names for column in _columns(values[name])]
    return list(values.reshape(len(values), -1).T)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(element) for element in value]
    return value if isinstance(value, bytes) else value.tolist()
