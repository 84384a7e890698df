"""Structure put into numbers that were drawn: orders, offsets, matrices, hits of a search."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from parallel_agent.kernel.contract import ContractError, Values

Numbers = np.ndarray[Any, Any]


def offsets(count: int, low: int, high: int, rng: np.random.Generator) -> Numbers:
    """``count`` ascending whole numbers, the first ``low`` and the last ``high``.

    A single one is ``low``: there is nothing between.
    """
    if count < 2:
        return np.full(count, low, dtype=np.int64)
    inner = np.sort(rng.integers(low, high, count - 2, endpoint=True))
    return np.concatenate(([low], inner, [high])).astype(np.int64)


def is_matrix(values: Values | None) -> bool:
    """True if the domain is one of matrices, which are drawn as a whole."""
    return values is not None and (values.symmetric or values.dominant)


def shaped(numbers: Numbers, values: Values | None) -> Numbers:
    """The elements of a vector with the structure that the domain asks for."""
    if values is None:
        return numbers
    if values.normalized and len(numbers):
        total = numbers.sum()
        numbers = numbers / total if total else np.full(len(numbers), 1 / len(numbers))
    if is_matrix(values):
        numbers = _matrix(numbers, values)
    return numbers


def _matrix(numbers: Numbers, values: Values) -> Numbers:
    order = math.isqrt(len(numbers))
    if order * order != len(numbers):
        raise ContractError(f"{len(numbers)} elements are no square matrix")
    matrix = numbers.reshape(order, order).copy()
    if values.symmetric:
        matrix = np.triu(matrix) + np.triu(matrix, 1).T
    if values.dominant:
        np.fill_diagonal(matrix, 0)
        np.fill_diagonal(matrix, np.abs(matrix).sum(axis=1) + 1)
    return matrix.reshape(-1)


def with_hits(value: Any, source: Any, rng: np.random.Generator) -> Any:
    """The value with half of its elements replaced by elements of ``source``, chosen at random.

    A string becomes, half of the time, a part of a string, or one of several strings.
    """
    if len(source) == 0:
        return value
    if isinstance(value, bytes):
        return _text_hit(value, source, rng) if rng.integers(2) else value
    if isinstance(value, list):
        return [with_hits(element, source, rng) for element in value]
    found = np.asarray(source)[rng.integers(0, len(source), np.shape(value))]
    chosen = rng.integers(0, 2, np.shape(value)).astype(bool)
    return np.where(chosen, found, value).astype(np.asarray(value).dtype)[()]


def _text_hit(value: bytes, source: Any, rng: np.random.Generator) -> bytes:
    if isinstance(source, list):
        return bytes(source[rng.integers(len(source))])
    length = min(len(value), len(source))
    start = int(rng.integers(0, len(source) - length, endpoint=True))
    return bytes(source[start : start + length])
