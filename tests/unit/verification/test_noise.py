"""Last-bit noise: every real number moves to a neighbour, and nothing else changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from parallel_agent.kernel.types import (
    Array,
    Parameter,
    Pointer,
    Scalar,
    Signature,
    String,
    Struct,
    StructField,
    Type,
    Vector,
    dtype,
)
from parallel_agent.verification.noise import with_noise

INT = Scalar(kind="int", size=4, spelling="int")
FLOAT = Scalar(kind="float", size=4, spelling="float")
DOUBLE = Scalar(kind="float", size=8, spelling="double")
COMPLEX = Scalar(kind="complex", size=8, spelling="std::complex<float>")
HIT = Struct(
    spelling="Hit",
    size=24,
    fields=(
        StructField(name="id", type=INT, offset=0),
        StructField(name="at", type=Array(spelling="", element=DOUBLE, length=2), offset=8),
    ),
)


def vector(element: Type) -> Vector:
    return Vector(spelling="", element=element)


def noisy(type_: Type, value: Any, seed: int = 0) -> Any:
    parameter = Parameter.model_validate({"name": "x", "type": type_, "passing": "reference"})
    signature = Signature(name="f", parameters=(parameter,), returns=None)
    (moved,) = with_noise(signature, [value], np.random.default_rng(seed))
    return moved


@given(hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e9, 1e9)), st.integers(0, 9))
def test_every_number_moves_to_a_neighbour(values: Any, seed: int) -> None:
    values[0] = 0.3
    moved = noisy(vector(DOUBLE), values, seed)
    order = np.argsort(values, kind="stable") if (np.diff(values) >= 0).all() else slice(None)
    apart = np.abs(moved[order] - values[order])
    assert (apart[values[order] == 0] == 0).all()
    assert (apart <= 2 * np.abs(np.spacing(values[order]))).all()
    assert (moved != values).any()


@pytest.mark.parametrize("type_", [FLOAT, DOUBLE, COMPLEX], ids=lambda t: t.spelling)
def test_in_the_precision_of_the_type(type_: Scalar) -> None:
    values = np.random.default_rng(1).uniform(1, 2, 50).astype(dtype(type_))
    moved = noisy(vector(type_), values)
    assert moved.dtype == values.dtype
    spacing = np.spacing(values.real.dtype.type(1))
    apart = np.abs(moved.real - values.real)
    assert set(apart.tolist()) == {float(spacing)}
    assert len(set(np.sign(moved.real - values.real).tolist())) == 2


def test_whole_numbers_zeros_and_order_stay() -> None:
    assert noisy(vector(DOUBLE), np.array([3.0, 0.0, -7.0])).tolist() == [3.0, 0.0, -7.0]
    assert noisy(vector(INT), np.array([3, 4], np.int32)).tolist() == [3, 4]
    assert noisy(vector(DOUBLE), np.array([0.0, 0.5]))[0] == 0.0
    close = np.full(100, 0.1)
    assert (np.diff(noisy(vector(DOUBLE), close)) >= 0).all()
    assert noisy(String(), b"abc") == b"abc"
    assert noisy(vector(String()), [b"abc"]) == [b"abc"]
    assert len(noisy(vector(DOUBLE), np.array([]))) == 0


def test_scalars_structs_pointers_and_nested_vectors() -> None:
    assert noisy(DOUBLE, np.float64(0.1)) in (np.nextafter(0.1, 1), np.nextafter(0.1, 0))
    hits = np.zeros(3, dtype(HIT))
    hits["id"], hits["at"] = [1, 2, 3], 0.7
    moved = noisy(vector(HIT), hits)
    assert moved["id"].tolist() == [1, 2, 3]
    assert (moved["at"] != 0.7).all()
    assert hits["at"].tolist() == [[0.7, 0.7]] * 3
    assert (noisy(Pointer(spelling="", element=DOUBLE), np.array([0.1, 0.3])) != [0.1, 0.3]).all()
    rows = noisy(vector(vector(DOUBLE)), [np.array([0.1]), np.array([])])
    assert rows[0][0] != 0.1
    assert len(rows[1]) == 0
