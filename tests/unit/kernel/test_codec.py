"""Encoding and decoding are inverse for every type, and wrong lengths are seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_agent.kernel.codec import Decoder, Encoder, decode_calls, encode_calls
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
)

SCALARS = [
    *(Scalar(kind="int", size=s, spelling=f"int{8 * s}_t") for s in (1, 2, 4, 8)),
    *(Scalar(kind="uint", size=s, spelling=f"uint{8 * s}_t") for s in (1, 2, 4, 8)),
    *(Scalar(kind="float", size=s, spelling=f"float{8 * s}") for s in (4, 8)),
    *(Scalar(kind="complex", size=s, spelling=f"complex{8 * s}") for s in (8, 16)),
    Scalar(kind="bool", size=1, spelling="bool"),
    Scalar(kind="char", size=1, spelling="char"),
]
BOOL, INT8, DOUBLE = SCALARS[-2], SCALARS[0], SCALARS[9]


def struct_of(types: list[Type]) -> Struct:
    """The members in order, each at a multiple of 8 and so with much padding."""
    fields, end = [], 0
    for position, member in enumerate(types):
        fields.append(StructField(name=f"m{position}", type=member, offset=end))
        end += (dtype(member).itemsize + 7) // 8 * 8
    return Struct(spelling="S", size=end, fields=tuple(fields))


def pair_of(first: Type, second: Type) -> Pair:
    offset = (dtype(first).itemsize + 7) // 8 * 8
    size = offset + (dtype(second).itemsize + 7) // 8 * 8
    return Pair(spelling="", size=size, first=first, second=second, second_offset=offset)


def array_of(element: Type, length: int) -> Array:
    return Array(spelling="", element=element, length=length)


flat: st.SearchStrategy[Type] = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(struct_of),
        st.builds(pair_of, inner, inner),
        st.builds(array_of, inner, st.integers(1, 3)),
    ),
    max_leaves=4,
)
types: st.SearchStrategy[Type] = st.one_of(
    flat.map(lambda element: Pointer(spelling="", element=element)),
    st.recursive(
        flat | st.just(String()),
        lambda inner: inner.map(lambda element: Vector(spelling="", element=element)),
        max_leaves=3,
    ),
)


def flat_values(type_: Type, count: int) -> st.SearchStrategy[Any]:
    """Any bytes at all are values of a flat type, booleans excepted."""
    layout = dtype(type_)
    size = count * layout.itemsize
    raw = st.binary(min_size=size, max_size=size)
    if layout.base == np.bool_:
        raw = raw.map(lambda data: bytes(b & 1 for b in data))
    return raw.map(lambda data: np.frombuffer(data, layout.base).reshape(count, *layout.shape))


def values(type_: Type) -> st.SearchStrategy[Any]:
    if isinstance(type_, String):
        return st.binary(max_size=20)
    if is_flat(type_):
        return flat_values(type_, 1).map(lambda array: array[0])
    assert isinstance(type_, Vector | Pointer)
    if is_flat(type_.element):
        return st.integers(0, 4).flatmap(lambda count: flat_values(type_.element, count))
    return st.lists(values(type_.element), max_size=3)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bytes):
        return bool(one == other)
    if one.dtype.names:  # padding is nobody's
        return one.dtype == other.dtype and all(same(one[n], other[n]) for n in one.dtype.names)
    return bool(
        one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    )


typed = types.flatmap(lambda type_: st.tuples(st.just(type_), values(type_)))


def signature_of(*kinds: Type, returns: Type | None = None) -> Signature:
    parameters = (Parameter(name=f"p{i}", type=t, passing="reference") for i, t in enumerate(kinds))
    return Signature(name="f", parameters=tuple(parameters), returns=returns)


@given(st.lists(typed, max_size=4))
def test_every_value_comes_back(items: list[tuple[Type, Any]]) -> None:
    encoder = Encoder()
    for type_, value in items:
        encoder.value(type_, value)
    decoder = Decoder(encoder.payload())
    for type_, value in items:
        assert same(value, decoder.value(type_))
    decoder.finish()


@given(st.lists(typed, min_size=1, max_size=3), st.data())
def test_a_wrong_length_is_an_error(items: list[tuple[Type, Any]], data: st.DataObject) -> None:
    signature = signature_of(*(type_ for type_, _ in items))
    payload = bytes(encode_calls(signature, [[value for _, value in items]]))
    assert len(decode_calls(signature, payload, 1)) == 1
    cut = data.draw(st.integers(0, len(payload) - 1))
    with pytest.raises(ValueError, match="too early"):
        decode_calls(signature, payload[:cut], 1)
    with pytest.raises(ValueError, match="3 bytes too many"):
        decode_calls(signature, payload + b"abc", 1)


@given(typed, st.binary(max_size=100))
def test_any_bytes_give_a_value_or_an_error(item: tuple[Type, Any], data: bytes) -> None:
    try:
        decode_calls(signature_of(item[0]), data, 1)
    except ValueError as error:
        assert "too early" in str(error) or "too many" in str(error)


@pytest.mark.parametrize("count", [2**64 - 1, 2**63, 2**61, 1 << 40])
@pytest.mark.parametrize(
    "type_",
    [
        String(),
        Vector(spelling="", element=DOUBLE),
        Vector(spelling="", element=String()),
        Vector(spelling="", element=Vector(spelling="", element=INT8)),
    ],
)
def test_an_absurd_count_is_an_error(count: int, type_: Type) -> None:
    with pytest.raises(ValueError, match="too early"):
        Decoder(np.uint64(count).tobytes() + bytes(64)).value(type_)


def test_the_wire_format_itself() -> None:
    signature = signature_of(
        SCALARS[2], String(), Vector(spelling="", element=BOOL), array_of(SCALARS[2], 3)
    )
    payload = encode_calls(signature, [[-2, b"abc", [True, False, True], [1, 2, 3]]])
    assert bytes(payload) == (
        b"\xfe\xff\xff\xff" + bytes(4)
        + b"\x03" + bytes(7) + b"abc" + bytes(5)
        + b"\x03" + bytes(7) + b"\x01\x00\x01" + bytes(5)
        + b"\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00"
    )  # fmt: skip


def test_outputs_are_the_result_then_every_parameter_of_each_call() -> None:
    kinds = (INT8, Vector(spelling="", element=DOUBLE))
    signature = signature_of(*kinds, returns=DOUBLE)
    encoder = Encoder()
    for call in range(2):
        encoder.value(DOUBLE, call + 0.5)
        encoder.arguments(signature, [call, np.full(call, 7.0)])
    first, second = decode_calls(signature, encoder.payload(), 2)
    assert (first.returned, second.returned) == (0.5, 1.5)
    assert list(first.parameters) == ["p0", "p1"]
    assert first.parameters["p1"].shape == (0,)
    assert second.parameters["p1"].tolist() == [7.0]


def test_the_number_of_arguments_must_fit() -> None:
    with pytest.raises(ValueError, match="zip"):
        encode_calls(signature_of(INT8, INT8), [[1]])


def test_padding_is_zero() -> None:
    pair = pair_of(INT8, DOUBLE)
    value = np.frombuffer(bytes([255] * 16), dtype(pair))[0]
    nothing = np.zeros(3, dtype(pair))[1]
    for _ in range(20):
        signature = signature_of(pair, pair)
        assert encode_calls(signature, [[nothing, value]])[:16] == bytes(16)


def test_a_value_of_an_array_must_have_its_length() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        encode_calls(signature_of(array_of(INT8, 3)), [[[1, 2]]])


def test_a_number_that_does_not_fit_its_type_is_an_error() -> None:
    with pytest.raises(OverflowError):
        encode_calls(signature_of(INT8), [[300]])
