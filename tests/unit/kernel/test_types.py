"""Types as plain data: what is flat, and that numpy lays it out as the compiler does."""

from __future__ import annotations

import numpy as np
import pytest

from parallel_agent.kernel.types import (
    Array,
    Pair,
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
    is_flat,
    members,
)

DOUBLE = Scalar(kind="float", size=8, spelling="double")
INT = Scalar(kind="int", size=4, spelling="int")
BOOL = Scalar(kind="bool", size=1, spelling="bool")
CHAR = Scalar(kind="char", size=1, spelling="char")
# struct P { bool flag; double x; int k[3]; };  offsets 0, 8, 16; size 32 with 4 bytes at the end
PADDED = Struct(
    spelling="P",
    size=32,
    fields=(
        StructField(name="flag", type=BOOL, offset=0),
        StructField(name="x", type=DOUBLE, offset=8),
        StructField(name="k", type=Array(spelling="int[3]", element=INT, length=3), offset=16),
    ),
)
PAIR = Pair(spelling="std::pair<int, double>", size=16, first=INT, second=DOUBLE, second_offset=8)


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        (DOUBLE, "f8"),
        (Scalar(kind="float", size=4, spelling="float"), "f4"),
        (INT, "i4"),
        (Scalar(kind="uint", size=8, spelling="unsigned long"), "u8"),
        (CHAR, "u1"),
        (BOOL, "?"),
        (Scalar(kind="complex", size=16, spelling="std::complex<double>"), "c16"),
        (Scalar(kind="complex", size=8, spelling="std::complex<float>"), "c8"),
    ],
)
def test_scalars(type_: Scalar, expected: str) -> None:
    assert dtype(type_) == np.dtype(expected)
    assert dtype(type_).itemsize == type_.size


def test_a_struct_keeps_its_padding() -> None:
    layout = dtype(PADDED)
    assert layout.itemsize == 32
    assert layout.fields is not None
    assert {name: layout.fields[name][1] for name in layout.names or ()} == {
        "flag": 0,
        "x": 8,
        "k": 16,
    }
    value = np.zeros(2, dtype=layout)
    value[1]["x"] = 1.5
    value[1]["k"] = (7, 8, 9)
    raw = value.tobytes()
    assert raw[:32] == bytes(32)
    assert np.frombuffer(raw[40:48])[0] == 1.5
    assert list(np.frombuffer(raw[48:60], dtype="i4")) == [7, 8, 9]


def test_pairs_and_arrays_of_them() -> None:
    pairs = Array(spelling="std::array<std::pair<int, double>, 3>", element=PAIR, length=3)
    assert dtype(PAIR).itemsize == 16
    assert dtype(pairs).shape == (3,)
    assert dtype(pairs).itemsize == 48
    nested = Array(spelling="", element=pairs, length=2)
    assert dtype(nested).shape == (2, 3)
    assert dtype(nested).base == dtype(PAIR)


def test_a_struct_in_a_struct() -> None:
    outer = Struct(spelling="Q", size=48, fields=(StructField(name="p", type=PADDED, offset=8),))
    assert dtype(outer)["p"] == dtype(PADDED)
    assert members(outer) == [("p", PADDED)]
    assert members(PAIR) == [("first", INT), ("second", DOUBLE)]


@pytest.mark.parametrize(
    "type_",
    [
        String(),
        Vector(spelling="std::vector<int>", element=INT),
        Pointer(spelling="int*", element=INT),
        Array(spelling="", element=String(), length=2),
    ],
)
def test_what_is_not_flat_has_no_layout(type_: Type) -> None:
    assert not is_flat(type_)
    with pytest.raises(TypeError):
        dtype(type_)


def test_flat_types() -> None:
    assert all(is_flat(t) for t in (DOUBLE, PADDED, PAIR))
    assert is_flat(Array(spelling="", element=PAIR, length=2))
    assert INT.is_integer
    assert not any(t.is_integer for t in (DOUBLE, BOOL, CHAR))


def test_a_signature_finds_its_parameters_and_survives_json() -> None:
    by_reference = Parameter(name="out", type=PADDED, passing="reference")
    by_value = Parameter(name="n", type=INT, passing="value")
    signature = Signature(name="f", parameters=(by_reference, by_value), returns=PAIR)
    assert signature.parameter("n") is by_value
    assert by_reference.mutable
    assert not by_value.mutable
    with pytest.raises(KeyError):
        signature.parameter("m")
    assert Signature.model_validate_json(signature.model_dump_json()) == signature
