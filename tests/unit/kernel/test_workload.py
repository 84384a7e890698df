"""Inputs are drawn from the domains that the contract gives, the same for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_agent.kernel.contract import Contract, ContractError
from parallel_agent.kernel.drawing import default_integers
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
)
from parallel_agent.kernel.workload import Workload

INT = Scalar(kind="int", size=4, spelling="int")
LONG = Scalar(kind="int", size=8, spelling="long")
ULONG = Scalar(kind="uint", size=8, spelling="unsigned long")
INT8 = Scalar(kind="int", size=1, spelling="signed char")
UINT8 = Scalar(kind="uint", size=1, spelling="unsigned char")
CHAR = Scalar(kind="char", size=1, spelling="char")
BOOL = Scalar(kind="bool", size=1, spelling="bool")
FLOAT = Scalar(kind="float", size=4, spelling="float")
DOUBLE = Scalar(kind="float", size=8, spelling="double")
COMPLEX = Scalar(kind="complex", size=16, spelling="std::complex<double>")
PAIR = Pair(spelling="", size=16, first=INT, second=DOUBLE, second_offset=8)
POINT = Struct(
    spelling="P",
    size=24,
    fields=(
        StructField(name="key", type=INT, offset=0),
        StructField(name="at", type=Array(spelling="", element=DOUBLE, length=2), offset=8),
    ),
)


def vector(element: Type) -> Vector:
    return Vector(spelling="", element=element)


def workload(type_: Type, **given: Any) -> Workload:
    signature = Signature(
        name="f", parameters=(Parameter(name="x", type=type_, passing="reference"),), returns=None
    )
    document = {"kernel": "f", "dimensions": {"n": {}}, "parameters": {"x": given}}
    return Workload(signature, Contract.model_validate(document))


def drawn(type_: Type, n: int = 500, seed: int = 1, **given: Any) -> Any:
    (value,) = workload(type_, **given).draw({"n": n}, np.random.default_rng(seed))
    return value


def test_a_seed_reproduces_and_another_does_not() -> None:
    maker = workload(vector(DOUBLE), length="n")
    payloads = [maker.payload({"n": 9}, np.random.default_rng(s), 3) for s in (5, 5, 6)]
    assert payloads[0] == payloads[1] != payloads[2]
    calls = [payloads[0][i * 80 : (i + 1) * 80] for i in range(3)]
    assert calls[0] != calls[1] != calls[2]


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(0, 2**32))
def test_integers_stay_in_their_domain(one: int, other: int, seed: int) -> None:
    low, high = sorted((one, other))
    for type_ in (INT, LONG, DOUBLE):
        found = drawn(
            vector(type_),
            50,
            seed,
            length="n",
            values={"kind": "integers", "low": low, "high": high},
        )
        assert low <= found.min() <= found.max() <= high
        assert np.array_equal(found, np.round(found))


@pytest.mark.parametrize("type_", [INT8, UINT8, CHAR, INT, LONG, ULONG], ids=lambda t: t.spelling)
def test_a_domain_wider_than_the_type_is_cut_to_it(type_: Scalar) -> None:
    wide = {"kind": "integers", "low": -(2**70), "high": 2**70}
    found = drawn(vector(type_), 5000, length="n", values=wide)
    info = np.iinfo(dtype(type_))
    assert found.dtype == dtype(type_)
    spread = (float(info.max) - float(info.min)) / 20
    assert float(found.min()) < float(info.min) + spread
    assert float(found.max()) > float(info.max) - spread
    assert np.count_nonzero(found == info.max) < 100  # drawn from the type, not pressed into it


@pytest.mark.parametrize("type_", [INT8, UINT8, CHAR, INT, ULONG], ids=lambda t: t.spelling)
def test_the_default_domain_is_used_to_both_ends(type_: Scalar) -> None:
    domain = default_integers(type_)
    found = drawn(vector(type_), 20000, length="n")
    assert (found.min(), found.max()) == (domain.low, domain.high)


def test_reals_stay_in_their_domain() -> None:
    domain = {"kind": "uniform", "low": 2.0, "high": 3.0}
    for type_ in (FLOAT, DOUBLE):
        found = drawn(vector(type_), length="n", values=domain)
        assert found.dtype == dtype(type_)
        assert found.min() >= 2.0
        assert found.max() <= 3.0
    plane = drawn(vector(COMPLEX), length="n", values=domain)
    assert plane.real.min() >= 2.0
    assert plane.imag.max() <= 3.0
    assert not np.array_equal(plane.real, plane.imag)


def test_booleans_are_both() -> None:
    found = drawn(vector(BOOL), length="n")
    assert found.dtype == np.bool_
    assert set(found.tolist()) == {True, False}


def test_bounds_may_depend_on_sizes_and_be_empty() -> None:
    index = {"kind": "integers", "low": 0, "high": "n-1"}
    assert set(drawn(vector(INT), 3, length="100*n", values=index).tolist()) == {0, 1, 2}
    assert drawn(vector(INT), 0, length="5", values=index).tolist() == [0] * 5


def test_sorted_and_distinct() -> None:
    values = {"kind": "integers", "low": 1, "high": "n", "distinct": True}
    found = drawn(vector(INT), 400, length="n", values=values)
    assert found.tolist() != sorted(found.tolist())
    assert sorted(found.tolist()) == list(range(1, 401))
    ordered = drawn(vector(INT), 400, length="n//2", values={**values, "sorted": True})
    assert ordered.tolist() == sorted(set(ordered.tolist()))
    reals = drawn(vector(DOUBLE), length="n", values={"kind": "uniform", "sorted": True})
    assert reals.tolist() == sorted(reals.tolist())
    few = {"kind": "integers", "low": 0, "high": 255, "distinct": True}
    assert len(set(drawn(vector(UINT8), 256, length="n", values=few).tolist())) == 256


def test_distinct_values_of_a_huge_domain_take_little_memory() -> None:
    domain = {"kind": "integers", "low": -(2**62), "high": 2**61, "distinct": True}
    assert len(set(drawn(vector(LONG), 1000, length="n", values=domain).tolist())) == 1000


def test_too_few_distinct_values_is_an_error() -> None:
    with pytest.raises(ContractError, match="'x': there are no 300 distinct integers"):
        drawn(
            vector(UINT8),
            300,
            length="n",
            values={"kind": "integers", "low": 0, "high": 1000, "distinct": True},
        )


def test_texts() -> None:
    domain = {"kind": "text", "low": 2, "high": 4, "sorted": True}
    found = drawn(vector(String()), length="n", values=domain)
    assert {len(word) for word in found} == {2, 3, 4}
    assert all(word.isalpha() and word.islower() for word in found)
    assert found == sorted(found)
    assert drawn(vector(String()), 0, length="n") == []
    assert len(drawn(String(), values={"kind": "text", "low": "n", "high": "n"})) == 500


def test_nested_vectors_have_a_length_for_each_level() -> None:
    rows = drawn(vector(vector(DOUBLE)), 3, length=["n", "n+1"])
    assert [row.shape for row in rows] == [(4,)] * 3
    assert rows[0].tolist() != rows[1].tolist()
    words = drawn(vector(vector(String())), 3, length=["2", "n"])
    assert [len(row) for row in words] == [3, 3]
    cube = drawn(vector(vector(vector(INT))), 2, length=["1", "2", "n"])
    assert [[cell.tolist() is not None for cell in row] for row in cube] == [[True, True]]


def test_structs_pairs_and_arrays() -> None:
    fields = {"key": {"kind": "integers", "low": 5, "high": 9, "sorted": True}}
    points = drawn(vector(POINT), length="n", fields=fields)
    assert points.dtype == dtype(POINT)
    assert points["at"].shape == (500, 2)
    assert set(points["key"].tolist()) == {5, 6, 7, 8, 9}
    assert points["key"].tolist() == sorted(points["key"].tolist())
    pairs = drawn(
        Pointer(spelling="", element=PAIR),
        length="n",
        values={"kind": "integers", "low": 3, "high": 4},
    )
    assert set(pairs["first"].tolist()) == set(pairs["second"].tolist()) == {3, 4}
    grid = Array(spelling="", element=Array(spelling="", element=INT, length=3), length=2)
    assert drawn(grid).shape == (2, 3)
    assert drawn(vector(grid), 4, length="n").shape == (4, 2, 3)


def test_a_size_that_its_parameter_can_hold() -> None:
    assert drawn(INT, 12, equals="n*n") == 144
    assert drawn(INT, 12, equals="n").dtype == np.int32
    assert drawn(DOUBLE, 12, equals="n") == 12.0
    for type_, expression in ((UINT8, "n"), (ULONG, "n-600"), (INT, "2**31")):
        with pytest.raises(ContractError, match="'x'"):
            drawn(type_, 500, equals=expression)


@pytest.mark.parametrize(
    ("type_", "given_", "problem"),
    [
        (vector(INT), {"length": "n-5"}, "a negative length"),
        (vector(vector(INT)), {"length": ["n", "n-5"]}, "a negative length"),
        (vector(INT), {}, "a length is missing"),
        (vector(vector(INT)), {"length": "n"}, "a length is missing"),
        (vector(INT), {"length": "m"}, "'m' is not known"),
        (
            vector(INT),
            {"length": "n", "values": {"kind": "integers", "high": "n/2"}},
            "is not known",
        ),
        (
            vector(String()),
            {"length": "n", "values": {"kind": "text", "low": -1, "high": 3}},
            "a negative length of text",
        ),
        (
            vector(DOUBLE),
            {"length": "n", "values": {"kind": "uniform", "low": -1.7e308, "high": 1.7e308}},
            "",
        ),
    ],
)
def test_what_cannot_be_drawn_names_the_parameter(
    type_: Type, given_: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ContractError, match=f"parameter 'x': .*{problem}"):
        drawn(type_, 4, **given_)
