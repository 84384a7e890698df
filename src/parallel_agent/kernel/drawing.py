"""Numbers and strings drawn from a domain, numbers right into the memory where they are needed.

New memory costs more than what is drawn into it: every page of it is found, and emptied, first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from string import ascii_lowercase
from typing import Any

import numpy as np

from parallel_agent.kernel.codec import numbers_in
from parallel_agent.kernel.contract import ContractError, ParameterContract, Values, evaluate
from parallel_agent.kernel.shaping import offsets, shaped
from parallel_agent.kernel.types import (
    Array,
    Pair,
    Scalar,
    Struct,
    Type,
    dtype,
    members,
)

Numbers = np.ndarray[Any, Any]

_REALS = Values(kind="uniform", low=-10.0, high=10.0)
_TEXT = Values(kind="text", low=0, high=12)
_BLOCK = 1 << 14
"""Numbers that are drawn at a time, so that they are in the cache for what is done to them next."""


def elements(type_: Type, count: int) -> Numbers:
    """Memory for elements of a flat type: an array, with an axis more for each ``std::array``."""
    layout = dtype(type_)
    return numbers_in(np.empty(count * layout.itemsize, dtype=np.uint8), type_)


def fill_vector(
    numbers: Numbers,
    type_: Type,
    given: ParameterContract,
    sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> None:
    """Draw all elements of one vector, with the structure that its domain asks for."""
    fill(numbers, type_, given.values, given.fields, sizes, rng)
    whole = shaped(numbers, given.values)
    if whole is not numbers:
        numbers[...] = whole


def fill(
    numbers: Numbers,
    type_: Type,
    values: Values | None,
    fields: Mapping[str, Values],
    sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> None:
    """Draw elements of a flat type into an array of the shape that `elements` returns."""
    if isinstance(type_, Scalar):
        _scalars(numbers, type_, values, sizes, rng)
    elif isinstance(type_, Array):
        whole = numbers if numbers.flags.c_contiguous else np.empty(numbers.shape, numbers.dtype)
        flat = whole.reshape((len(whole) * type_.length, *whole.shape[2:]))
        fill(flat, type_.element, values, fields, sizes, rng)
        if whole is not numbers:
            numbers[...] = whole
    else:
        assert isinstance(type_, Struct | Pair)
        _structs(numbers, type_, values, fields, sizes, rng)


def _structs(
    structs: Numbers,
    type_: Struct | Pair,
    values: Values | None,
    fields: Mapping[str, Values],
    sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> None:
    for name, member in members(type_):
        fill(structs[name], member, fields.get(name, values), {}, sizes, rng)
    if (order := next((n for n, v in fields.items() if v.sorted), None)) is not None:
        places = np.argsort(structs[order], kind="stable")
        for name, _ in members(type_):  # one by one: what lies between them stays zero
            structs[name] = structs[name][places]


def _scalars(
    numbers: Numbers,
    type_: Scalar,
    values: Values | None,
    sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> None:
    if type_.kind == "bool":
        for block in _blocks(numbers):
            block[...] = rng.integers(0, 2, len(block))
    elif type_.kind == "float":
        _reals(numbers, values or _REALS, sizes, rng)
    elif type_.kind == "complex":
        _reals(numbers.real, values or _REALS, sizes, rng)
        _reals(numbers.imag, values or _REALS, sizes, rng)
    else:
        _integers(numbers, type_, values or default_integers(type_), sizes, rng)


def _blocks(numbers: Numbers) -> Iterator[Numbers]:
    return (numbers[start : start + _BLOCK] for start in range(0, len(numbers), _BLOCK))


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


_WORD_BYTES = 4
"""That generators draw at a time."""
_WIDE = Scalar(kind="int", size=8, spelling="long")


def _bounds(values: Values, sizes: Mapping[str, int]) -> tuple[float | int, float | int]:
    """The domain's ends. An empty one (an index into nothing) has just its lowest value."""
    low, high = (
        evaluate(bound, sizes) if isinstance(bound, str) else bound
        for bound in (values.low, values.high)
    )
    return low, max(low, high)


def _reals(
    numbers: Numbers, values: Values, sizes: Mapping[str, int], rng: np.random.Generator
) -> None:
    """Numbers of a floating-point type, whole ones where the domain is integers.

    Drawn as double, and then rounded.
    """
    if values.kind in ("integers", "offsets"):
        whole = np.empty(len(numbers), np.int64)
        _integers(whole, _WIDE, values, sizes, rng)
        numbers[...] = whole.astype(np.float64)
        return
    low, high = map(float, _bounds(values, sizes))
    if not math.isfinite(high - low):
        raise ContractError(f"numbers from {low:g} to {high:g} are too far apart to draw from")
    drawn = np.empty(min(_BLOCK, len(numbers)))
    for block in _blocks(numbers):
        # What Generator.uniform computes, without new memory for each block.
        some = drawn[: len(block)]
        rng.random(out=some)
        some *= high - low
        np.add(some, low, out=block, casting="same_kind")
    if values.sorted:
        numbers.sort()


def _integers(
    numbers: Numbers,
    type_: Scalar,
    values: Values,
    sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> None:
    """Whole numbers of an integer type: those of the domain that the type can hold."""
    least, most = _limits(type_)
    count = len(numbers)
    if values.kind == "offsets":
        low, high = (int(bound) for bound in _bounds(values, sizes))
        numbers[...] = offsets(count, low, high, rng)
        return
    low, high = (min(max(int(bound), least), most) for bound in _bounds(values, sizes))
    if values.distinct:
        if high - low + 1 < count:
            raise ContractError(f"there are no {count} distinct integers from {low} to {high}")
        numbers[...] = low + rng.choice(high - low + 1, count, replace=False)
    else:
        # Small types are drawn several from one word, which a block must not cut.
        blocks = _blocks(numbers) if type_.size >= _WORD_BYTES else (numbers,)
        for block in blocks:
            block[...] = rng.integers(low, high, len(block), dtype(type_).type, endpoint=True)
    if values.sorted:
        numbers.sort()


def strings(
    count: int, given: Values | None, sizes: Mapping[str, int], rng: np.random.Generator
) -> list[bytes]:
    """So many strings of a domain, by default short ones of small letters."""
    values = given or _TEXT
    low, high = (int(bound) for bound in _bounds(values, sizes))
    if low < 0:
        raise ContractError(f"a negative length of text: {values.low}")
    lengths = rng.integers(low, high, count, endpoint=True)
    alphabet = np.frombuffer((values.letters or ascii_lowercase).encode(), dtype=np.uint8)
    letters = alphabet[rng.integers(0, len(alphabet), int(lengths.sum()))]
    data, ends = letters.tobytes(), np.cumsum(lengths)
    words = [data[end - length : end] for end, length in zip(ends, lengths, strict=True)]
    return sorted(words) if values.sorted else words
