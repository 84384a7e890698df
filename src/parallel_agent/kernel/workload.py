"""Concrete inputs drawn from a contract."""

from __future__ import annotations

import math
from collections.abc import Mapping
from string import ascii_lowercase
from typing import Any

import numpy as np

from parallel_agent.kernel.batches import batch, regions
from parallel_agent.kernel.codec import encode_calls
from parallel_agent.kernel.contract import (
    Contract,
    ContractError,
    ParameterContract,
    Values,
    evaluate,
)
from parallel_agent.kernel.shaping import is_matrix, offsets, shaped, with_hits
from parallel_agent.kernel.types import (
    Array,
    Pair,
    Parameter,
    Pointer,
    Scalar,
    Signature,
    String,
    Struct,
    Type,
    Vector,
    dtype,
    is_flat,
    members,
)

_REALS = Values(kind="uniform", low=-10.0, high=10.0)
_TEXT = Values(kind="text", low=0, high=12)
_BLOCK = 1 << 14
"""Real numbers that are drawn at a time."""


class Workload:
    """Draws the arguments of calls of a kernel, at any sizes, from a seeded generator."""

    def __init__(self, signature: Signature, contract: Contract) -> None:
        self.signature = signature
        self.contract = contract

    def draw(self, sizes: Mapping[str, int], rng: np.random.Generator) -> list[Any]:
        """The arguments of one call, in the order of the parameters.

        Raises ContractError where the contract's expressions cannot be drawn from.
        """
        drawn = {p.name: self._argument(p, sizes, rng) for p in self.signature.parameters}
        for name, given in self.contract.parameters.items():
            domains = [("", given.values), *given.fields.items()]
            for member, values in domains:
                if values is not None and values.hits is not None:
                    _hit(drawn, name, member, values, rng)
        return list(drawn.values())

    def payload(
        self, sizes: Mapping[str, int], rng: np.random.Generator, instances: int = 1
    ) -> bytearray:
        """The encoded arguments of ``instances`` calls, each with inputs of its own."""
        first = self.draw(sizes, rng)
        places = regions(self.signature, self.contract, first) if instances > 1 else None
        if places is None:
            calls = [first, *(self.draw(sizes, rng) for _ in range(instances - 1))]
            return encode_calls(self.signature, calls)
        drawn = {}
        for place in places:
            given = self.contract.parameters.get(place.parameter, ParameterContract())
            numbers = instances * place.count
            drawn[place.parameter] = _flat(
                place.element, numbers, given.values, given.fields, sizes, rng
            )
        return batch(self.signature, first, instances, drawn, places)

    def _argument(
        self, parameter: Parameter, sizes: Mapping[str, int], rng: np.random.Generator
    ) -> Any:
        given = self.contract.parameters.get(parameter.name, ParameterContract())
        try:
            if given.equals is not None:
                return dtype(parameter.type).type(evaluate(given.equals, sizes))
            lengths = [evaluate(length, sizes) for length in given.lengths()]
            if any(length < 0 for length in lengths):
                raise ContractError(f"a negative length: {given.length}")
            return _draw(parameter.type, lengths, given, sizes, rng)
        except (TypeError, ValueError, OverflowError) as error:
            shown = f" (sizes {dict(sizes)})"
            raise ContractError(f"parameter '{parameter.name}': {error}{shown}") from None


def _hit(
    drawn: dict[str, Any], name: str, member: str, values: Values, rng: np.random.Generator
) -> None:
    """Replace some of a parameter's values, or of one of its members, by those of another one."""
    assert values.hits is not None
    hit, _, field = values.hits.partition(".")
    source = drawn[hit][field] if field else drawn[hit]
    if not isinstance(source, bytes | list):
        source = np.ravel(source)
    if member:
        drawn[name][member] = with_hits(drawn[name][member], source, rng)
    else:
        found = with_hits(drawn[name], source, rng)
        drawn[name] = np.sort(found) if values.sorted and np.ndim(found) else found


def _draw(
    type_: Type,
    lengths: list[int],
    given: ParameterContract,
    sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> Any:
    if isinstance(type_, String):
        return _strings(1, given.values or _TEXT, sizes, rng)[0]
    if is_flat(type_):
        return _flat(type_, 1, given.values, given.fields, sizes, rng)[0]
    if not lengths:
        raise ContractError("a length is missing")
    assert isinstance(type_, Vector | Pointer)
    if is_flat(type_.element):
        numbers = _flat(type_.element, lengths[0], given.values, given.fields, sizes, rng)
        return shaped(numbers, given.values).astype(numbers.dtype, copy=False)
    if isinstance(type_.element, String):
        return _strings(lengths[0], given.values or _TEXT, sizes, rng)
    if is_matrix(given.values):
        assert isinstance(type_.element, Vector)
        numbers = _flat(type_.element.element, math.prod(lengths), given.values, {}, sizes, rng)
        whole = shaped(numbers, given.values).astype(numbers.dtype, copy=False)
        return list(whole.reshape(lengths[0], -1)) if len(whole) else [whole] * lengths[0]
    return [_draw(type_.element, lengths[1:], given, sizes, rng) for _ in range(lengths[0])]


def _flat(
    type_: Type,
    count: int,
    values: Values | None,
    fields: Mapping[str, Values],
    sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> np.ndarray[Any, Any]:
    """``count`` values of a flat type, as an array with the type's memory layout."""
    if isinstance(type_, Scalar):
        return _scalars(type_, count, values, sizes, rng)
    if isinstance(type_, Array):
        element = _flat(type_.element, count * type_.length, values, fields, sizes, rng)
        return element.reshape((count, type_.length, *element.shape[1:]))
    assert isinstance(type_, Struct | Pair)
    result = np.zeros(count, dtype=dtype(type_))
    for name, member in members(type_):
        domain = fields.get(name, values)
        result[name] = _flat(member, count, domain, {}, sizes, rng)
    if (order := next((n for n, v in fields.items() if v.sorted), None)) is not None:
        places = np.argsort(result[order], kind="stable")
        for name, _ in members(type_):  # one by one: what lies between them stays zero
            result[name] = result[name][places]
    return result


def _scalars(
    type_: Scalar,
    count: int,
    values: Values | None,
    sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> np.ndarray[Any, Any]:
    layout = dtype(type_)
    if type_.kind == "bool":
        return rng.integers(0, 2, count).astype(layout)
    if type_.kind == "float":
        return _reals(layout, count, values or _REALS, sizes, rng)
    if type_.kind == "complex":
        numbers = np.empty(count, layout)
        numbers.real = _reals(numbers.real.dtype, count, values or _REALS, sizes, rng)
        numbers.imag = _reals(numbers.imag.dtype, count, values or _REALS, sizes, rng)
        return numbers
    return _integers(type_, count, values or default_integers(type_), sizes, rng)


def _limits(type_: Scalar) -> tuple[int, int]:
    """The smallest and the largest value of an integer type."""
    info = np.iinfo(f"{'i' if type_.kind == 'int' else 'u'}{type_.size}")
    return int(info.min), int(info.max)


def default_integers(type_: Scalar) -> Values:
    """The domain of integers that nobody said anything about."""
    if type_.kind == "int":
        limit = min(1000, _limits(type_)[1])
        return Values(kind="integers", low=-limit, high=limit)
    if type_.kind == "char":
        return Values(kind="integers", low=ord("a"), high=ord("z"))
    return Values(kind="integers", low=0, high=min(1000, _limits(type_)[1]))


_WIDE = Scalar(kind="int", size=8, spelling="long")


def _bounds(values: Values, sizes: Mapping[str, int]) -> tuple[float | int, float | int]:
    """The domain's ends. An empty one (an index into nothing) has just its lowest value."""
    low, high = (
        evaluate(bound, sizes) if isinstance(bound, str) else bound
        for bound in (values.low, values.high)
    )
    return low, max(low, high)


def _reals(
    layout: np.dtype[Any],
    count: int,
    values: Values,
    sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> np.ndarray[Any, Any]:
    """Numbers of a floating-point type, whole ones where the domain is integers.

    Drawn as double, block by block, so that these are still in the cache when they are rounded.
    """
    if values.kind in ("integers", "offsets"):
        return _integers(_WIDE, count, values, sizes, rng).astype(np.float64).astype(layout)
    low, high = _bounds(values, sizes)
    numbers = np.empty(count, layout)
    for start in range(0, count, _BLOCK):
        block = numbers[start : start + _BLOCK]
        block[:] = rng.uniform(low, high, len(block))
    if values.sorted:
        numbers.sort()
    return numbers


def _integers(
    type_: Scalar, count: int, values: Values, sizes: Mapping[str, int], rng: np.random.Generator
) -> np.ndarray[Any, Any]:
    """Whole numbers of an integer type: those of the domain that the type can hold."""
    least, most = _limits(type_)
    if values.kind == "offsets":
        low, high = (int(bound) for bound in _bounds(values, sizes))
        return offsets(count, low, high, rng).astype(dtype(type_))
    low, high = (min(max(int(bound), least), most) for bound in _bounds(values, sizes))
    if values.distinct:
        if high - low + 1 < count:
            raise ContractError(f"there are no {count} distinct integers from {low} to {high}")
        numbers = (low + rng.choice(high - low + 1, count, replace=False)).astype(dtype(type_))
    else:
        numbers = rng.integers(low, high, count, dtype=dtype(type_).type, endpoint=True)
    return np.sort(numbers) if values.sorted else numbers


def _strings(
    count: int, values: Values, sizes: Mapping[str, int], rng: np.random.Generator
) -> list[bytes]:
    low, high = (int(bound) for bound in _bounds(values, sizes))
    if low < 0:
        raise ContractError(f"a negative length of text: {values.low}")
    lengths = rng.integers(low, high, count, endpoint=True)
    alphabet = np.frombuffer((values.letters or ascii_lowercase).encode(), dtype=np.uint8)
    letters = alphabet[rng.integers(0, len(alphabet), int(lengths.sum()))]
    data, ends = letters.tobytes(), np.cumsum(lengths)
    words = [data[end - length : end] for end, length in zip(ends, lengths, strict=True)]
    return sorted(words) if values.sorted else words
