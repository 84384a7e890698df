"""Comparison of results: exact where it must be, within the tolerance where it may be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from parallel_agent.kernel.codec import Outputs
from parallel_agent.kernel.comparison import Comparison, Step, Tolerance
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
from parallel_agent.verification.compare import close, difference, same_bytes

INT = Scalar(kind="int", size=4, spelling="int")
BOOL = Scalar(kind="bool", size=1, spelling="bool")
FLOAT = Scalar(kind="float", size=4, spelling="float")
DOUBLE = Scalar(kind="float", size=8, spelling="double")
COMPLEX = Scalar(kind="complex", size=16, spelling="std::complex<double>")
POINT = Struct(
    spelling="P",
    size=24,
    fields=(
        StructField(name="flag", type=BOOL, offset=0),
        StructField(name="at", type=Array(spelling="", element=DOUBLE, length=2), offset=8),
    ),
)
PAIR = Pair(spelling="", size=16, first=INT, second=DOUBLE, second_offset=8)
TOLERANT = Comparison(relative=1e-9)
EXACT = Comparison(relative=0.0)


def vector(element: Type) -> Vector:
    return Vector(spelling="", element=element)


def found(
    type_: Type,
    expected: Any,
    got: Any,
    rule: Comparison = TOLERANT,
    passing: str = "reference",
    sizes: dict[str, int] | None = None,
) -> str | None:
    parameter = Parameter.model_validate({"name": "x", "type": type_, "passing": passing})
    signature = Signature(name="f", parameters=(parameter,), returns=None)
    one, other = (Outputs(None, {"x": _value(type_, v)}) for v in (expected, got))
    return difference(signature, rule, one, other, sizes)


def _value(type_: Type, value: Any) -> Any:
    """Python's values as the decoder gives them."""
    if isinstance(type_, String):
        return value
    if isinstance(type_, Vector | Pointer):
        if isinstance(type_.element, String | Vector):
            return [_value(type_.element, element) for element in value]
        return np.asarray(value, dtype=dtype(type_.element).base)
    return np.asarray(value, dtype=dtype(type_).base)[()]


# ---- exact ---------------------------------------------------------------------------------------


def test_integers_and_booleans_are_exact() -> None:
    assert found(vector(INT), [1, 2, 3], [1, 2, 3]) is None
    assert found(vector(INT), [1, 2, 3], [1, 2, 4]) == ("x[2]: 3 expected, 4 returned")
    huge = Comparison(relative=1.0, absolute=1e9)
    assert found(INT, 5, 6, huge) is not None
    assert found(vector(BOOL), [True, False], [True, True], huge) is not None
    assert found(BOOL, True, True) is None


def test_strings() -> None:
    assert found(String(), b"abc", b"abc") is None
    assert found(String(), b"abc", b"abd") == "x: b'abc' expected, b'abd' returned"
    assert found(vector(String()), [b"a", b""], [b"a", b"b"]) is not None


def test_lengths_are_part_of_a_result() -> None:
    assert found(vector(DOUBLE), [1, 2], [1]) == "x: 2 elements expected, 1 returned"
    assert found(vector(DOUBLE), [], [1]) is not None
    assert found(vector(DOUBLE), [], []) is None
    assert found(vector(vector(INT)), [[1], []], [[1], [2]]) is not None
    assert found(vector(vector(INT)), [[1]], [[1], []]) is not None


def test_without_tolerance_floats_are_exact_to_the_bit() -> None:
    assert found(vector(DOUBLE), [np.nan, 0.0], [np.nan, 0.0], EXACT) is None
    assert found(vector(DOUBLE), [0.0], [-0.0], EXACT) is not None
    assert found(vector(DOUBLE), [1.0], [np.nextafter(1.0, 2)], EXACT) is not None


# ---- within tolerance ----------------------------------------------------------------------------


def test_the_tolerance_is_relative_to_the_number() -> None:
    assert found(DOUBLE, 1.0, 1.0 + 0.9e-9) is None
    assert found(DOUBLE, 1.0, 1.0 + 1.1e-9) is not None
    # A huge element does not loosen it for the others, but an absolute part holds for all.
    assert found(vector(DOUBLE), [1e6, 1e-12], [1e6, 2e-12]) is not None
    noise = Comparison(relative=1e-9, absolute=1e-10)
    assert found(vector(DOUBLE), [1e6, 1e-12], [1e6 + 1e-4, 9e-11], noise) is None
    assert found(vector(DOUBLE), [1e6, 1e-12], [1e6, 2e-10], noise) is not None
    assert found(DOUBLE, 0.0, 1e-300) is not None
    assert found(DOUBLE, 0.0, 1e-12, Comparison(absolute=1e-11)) is None
    assert found(vector(DOUBLE), [0.0, 0.0], [0.0, -0.0]) is None


CALIBRATED = Comparison(
    results={
        "x": Tolerance(
            steps=[
                Step(upto={"n": 10}, relative=1e-12),
                Step(upto={"n": 20}),
                Step(upto={"n": 30}, relative=1e-6),
            ]
        ),
        "x.at": Tolerance(steps=[Step(upto={"n": 30}, relative=1e-6)]),
    }
)


def test_the_calibrated_tolerance_is_that_of_the_size() -> None:
    def compared(got: float, **sizes: int) -> str | None:
        return found(vector(DOUBLE), [1.0, 0.0], [got, -0.0], CALIBRATED, sizes=sizes)

    assert compared(1 + 1e-13) is None
    assert compared(1 + 1e-13, n=10) is None
    assert compared(1 + 1e-11, n=10) is not None
    assert compared(1 + 1e-13, n=20) is not None  # the same numbers, but not the same bits
    assert compared(1.0, n=20) is None
    assert compared(1 + 9e-7, n=30) is None
    assert compared(1 + 1.5e-6, n=30) is not None
    assert compared(1 + 1.5e-6, n=60) is None


def test_members_of_structs_have_a_calibrated_tolerance_each() -> None:
    one = points(0, (True, 1.0, 2.0))
    near = points(0, (True, 1.0, 2.0 + 1e-7))
    assert found(vector(POINT), one, near, CALIBRATED) is None
    assert found(vector(POINT), one, near, Comparison(results={"x": Tolerance()})) is not None


@pytest.mark.parametrize("type_", [DOUBLE, FLOAT, COMPLEX], ids=lambda t: t.spelling)
def test_nan_and_infinity_match_in_kind_and_place(type_: Scalar) -> None:
    nan, inf = np.nan, np.inf
    good = [1.0, nan, inf, -inf]
    assert found(vector(type_), good, good) is None
    # One bit differs, so that the comparison goes through the tolerance.
    near = [1.0 + 2 * np.finfo(dtype(type_)).eps, nan, inf, -inf]
    rule = Comparison(relative=1e-4)
    assert found(vector(type_), good, near, rule) is None
    for bad in ([nan, nan, inf, -inf], [inf, nan, inf, -inf], [1.0, 1.0, inf, -inf]):
        assert found(vector(type_), good, bad, rule) is not None
    for bad in ([1.0, nan, -inf, -inf], [1.0, nan, nan, -inf], [1.0, nan, 1e30, -inf]):
        assert found(vector(type_), good, bad, rule) is not None
    assert found(vector(type_), [nan], [nan], rule) is None
    assert found(vector(type_), [1.0, 2.0], [nan, nan], rule) is not None


def test_huge_finite_numbers_do_not_make_the_tolerance_infinite() -> None:
    huge = 1.7e308
    rule = Comparison(relative=0.5)
    assert found(vector(DOUBLE), [huge, huge], [np.inf, huge], rule) is not None
    assert found(vector(DOUBLE), [huge, huge], [-huge, huge], rule) is not None
    assert found(vector(DOUBLE), [huge, 1.0], [huge, np.inf], rule) is not None
    assert found(vector(DOUBLE), [huge, huge], [huge * (1 - 1e-12), huge]) is None
    assert found(vector(FLOAT), [3e38, 3e38], [-3e38, 3e38], rule) is not None


def test_tiny_numbers_do_not_make_it_nothing() -> None:
    tiny = 1e-310
    assert found(vector(DOUBLE), [tiny] * 3, [tiny * (1 + 1e-10)] * 3) is None
    assert found(vector(DOUBLE), [5e-324] * 3, [1e-320] * 3) is not None


def test_complex_numbers_agree_by_the_modulus_of_their_difference() -> None:
    # What an FFT leaves in imaginary parts that should be zero is noise of the real ones.
    assert found(vector(COMPLEX), [5 + 1e-17j, 7 - 2e-17j], [5 - 3e-16j, 7 + 1e-16j]) is None
    assert found(vector(COMPLEX), [5 + 0j, 7 + 0j], [5 + 1e-6j, 7 + 0j]) is not None
    assert found(vector(COMPLEX), [complex(1, np.nan)], [complex(1, 2)]) is not None
    assert found(vector(COMPLEX), [complex(1, np.nan)], [complex(np.nan, 1)]) is not None
    assert found(vector(COMPLEX), [complex(1, 2)], [complex(1, np.nan)]) is not None
    assert found(vector(COMPLEX), [complex(1, np.nan)], [complex(1 + 1e-10, np.nan)]) is None
    assert found(COMPLEX, 1 + 1j, 1 + (1 + 1e-10) * 1j) is None


plain = st.floats(-1e100, 1e100, allow_subnormal=False)
arrays = hnp.arrays(np.float64, st.integers(1, 20), elements=plain)


@given(arrays, st.data())
def test_a_tiny_perturbation_is_accepted(values: Any, data: st.DataObject) -> None:
    shape = values.shape
    noise = data.draw(hnp.arrays(np.float64, shape, elements=st.floats(-9e-10, 9e-10)))
    assert found(vector(DOUBLE), values, values * (1 + noise)) is None


@given(arrays, st.data(), st.floats(1e-5, 1e5), st.booleans())
def test_a_large_one_is_refused(values: Any, data: st.DataObject, factor: float, up: bool) -> None:
    assume(np.abs(values).max() > 1e-100)
    position = data.draw(st.integers(0, len(values) - 1))
    got = values.copy()
    got[position] += np.abs(values).max() * factor * (1 if up else -1)
    assert found(vector(DOUBLE), values, got) is not None
    assert found(vector(DOUBLE), got, values) is not None


anything = hnp.arrays(np.float64, 8, elements=st.floats(width=64))
rules = st.builds(Comparison, relative=st.floats(0, 1), absolute=st.floats(0, 1e3))


@given(anything, anything, rules)
def test_agreement_is_symmetric(one: Any, other: Any, rule: Comparison) -> None:
    there, back = (found(vector(DOUBLE), *of, rule) for of in ((one, other), (other, one)))
    assert (there is None) == (back is None)
    pairs = [values.view(np.complex128) for values in (one, other)]
    there, back = (found(vector(COMPLEX), *of, rule) for of in (pairs, pairs[::-1]))
    assert (there is None) == (back is None)


@given(arrays, st.data(), st.floats(1e-12, 1e-3), st.integers(-300, 300))
def test_agreement_does_not_depend_on_the_unit(
    values: Any, data: st.DataObject, relative: float, power: int
) -> None:
    noise = data.draw(hnp.arrays(np.float64, values.shape, elements=st.floats(-1e-3, 1e-3)))
    got, rule = values * (1 + noise), Comparison(relative=relative)
    assume(np.abs(values[values != 0]).min(initial=1.0) > 1e-100)
    one = found(vector(DOUBLE), values, got, rule)
    other = found(vector(DOUBLE), np.ldexp(values, power), np.ldexp(got, power), rule)
    assert (one is None) == (other is None)


@given(
    hnp.arrays(np.float64, st.integers(0, 8), elements=st.floats(width=64)),
    st.sampled_from([0.0, 1e-9, 1.0]),
)
def test_everything_agrees_with_itself(values: Any, relative: float) -> None:
    rule = Comparison(relative=relative)
    assert found(vector(DOUBLE), values, values.copy(), rule) is None
    pairs = values[: len(values) // 2 * 2].view(np.complex128)
    assert found(vector(COMPLEX), pairs, pairs.copy(), rule) is None


@given(arrays, arrays)
def test_agreement_on_what_is_not_a_number_is_symmetric(one: Any, other: Any) -> None:
    size = min(len(one), len(other))
    one, other = one[:size].copy(), other[:size].copy()
    one[0], other[0] = np.nan, 1.0
    assert found(vector(DOUBLE), one, other) is not None
    assert found(vector(DOUBLE), other, one) is not None


# ---- structs -------------------------------------------------------------------------------------


def points(padding: int, *values: tuple[bool, float, float]) -> Any:
    raw = np.full(24 * len(values), padding, np.uint8).view(dtype(POINT))
    for i, (flag, x, y) in enumerate(values):
        raw[i]["flag"], raw[i]["at"] = flag, (x, y)
    return raw


@pytest.mark.parametrize("passing", ["reference", "const reference"])
def test_padding_is_ignored(passing: str) -> None:
    one, other = (points(p, (True, 1.0, 2.0), (False, 3.0, 4.0)) for p in (0, 255))
    assert one.tobytes() != other.tobytes()
    assert found(vector(POINT), one, other, passing=passing) is None


def test_members_have_their_own_rules() -> None:
    one = points(0, (True, 1.0, 2.0), (False, 3.0, 4.0))
    near = points(0, (True, 1.0, 2.0), (False, 3.0 + 1e-10, 4.0))
    flag = points(0, (True, 1.0, 2.0), (True, 3.0, 4.0))
    far = points(0, (True, 1.0, 2.0), (False, 3.0, 4.1))
    assert found(vector(POINT), one, near) is None
    assert found(vector(POINT), one, near, passing="const reference") is not None
    assert str(found(vector(POINT), one, flag)).startswith("x.flag[1]:")
    assert str(found(vector(POINT), one, far)).startswith("x.at[1][1]:")
    assert found(PAIR, (1, 2.0), (1, 2.0 + 1e-10)) is None
    assert str(found(PAIR, (1, 2.0), (2, 2.0))).startswith("x.first:")
    assert found(Pointer(spelling="", element=POINT), one, far) is not None


def test_arrays_are_compared_to_their_last_element() -> None:
    grid = Array(spelling="", element=Array(spelling="", element=INT, length=3), length=2)
    assert found(grid, [[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6]]) is None
    assert str(found(grid, [[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 7]])).startswith("x[0][1][2]")


# ---- read-only inputs ----------------------------------------------------------------------------


@pytest.mark.parametrize("passing", ["const reference", "const pointer", "value"])
def test_read_only_inputs_are_untouched_to_the_last_bit(passing: str) -> None:
    assert found(vector(DOUBLE), [1.0, np.nan], [1.0, np.nan], passing=passing) is None
    for got in ([1.0 + 1e-15, 0.0], [1.0, -0.0]):
        problem = found(vector(DOUBLE), [1.0, 0.0], got, passing=passing)
        assert str(problem).startswith("read-only input changed: x[")
    assert found(vector(DOUBLE), [1.0, 0.0], [1.0, -0.0]) is None


# ---- any order -----------------------------------------------------------------------------------

ANY = Comparison(any_order=["x", "return"])


def test_any_order() -> None:
    assert found(vector(INT), [3, 1, 2], [1, 2, 3]) is not None
    assert found(vector(INT), [3, 1, 2], [1, 2, 3], ANY) is None
    assert found(vector(INT), [3, 1, 2], [1, 2, 2], ANY) is not None
    assert found(vector(INT), [3, 1, 2], [1, 2], ANY) is not None
    assert found(vector(DOUBLE), [3.0, np.nan, 1.0], [np.nan, 1.0 + 1e-12, 3.0], ANY) is None
    assert found(vector(String()), [b"b", b"a"], [b"a", b"b"], ANY) is None
    assert found(vector(PAIR), [(2, 1.0), (1, 5.0)], [(1, 5.0), (2, 1.0)], ANY) is None
    assert found(vector(PAIR), [(2, 1.0), (1, 5.0)], [(1, 1.0), (2, 5.0)], ANY) is not None


def test_any_order_of_vectors_and_arrays_does_not_mix_their_elements() -> None:
    rows = vector(vector(INT))
    assert found(rows, [[2, 1], [1]], [[1], [2, 1]], ANY) is None
    assert found(rows, [[2, 1], [1]], [[1], [1, 2]], ANY) is not None
    triples = vector(Array(spelling="", element=INT, length=2))
    assert found(triples, [[3, 4], [1, 2]], [[1, 2], [3, 4]], ANY) is None
    assert found(triples, [[3, 4], [1, 2]], [[2, 1], [3, 4]], ANY) is not None
    deep = vector(vector(String()))
    assert found(deep, [[b"b"], [b"a", b"c"]], [[b"a", b"c"], [b"b"]], ANY) is None


TIES = Comparison(relative=1e-9, ties={"x": ["first"]})


def test_ties_may_be_in_any_order_and_nothing_else() -> None:
    sorted_ = [(1, 5.0), (1, 7.0), (1, 6.0), (2, 9.0)]
    swapped = [(1, 7.0), (1, 6.0), (1, 5.0), (2, 9.0)]
    assert found(vector(PAIR), sorted_, swapped) is not None
    assert found(vector(PAIR), sorted_, swapped, TIES) is None
    assert found(vector(PAIR), [], [], TIES) is None
    across = [(1, 5.0), (1, 7.0), (2, 9.0), (1, 6.0)]
    assert found(vector(PAIR), sorted_, across, TIES) is not None
    lost = [(1, 5.0), (1, 5.0), (1, 6.0), (2, 9.0)]
    assert found(vector(PAIR), sorted_, lost, TIES) is not None
    # Not sorted in the original: a run is only what lies together.
    assert found(vector(PAIR), across, sorted_, TIES) is not None


def test_ties_in_members_that_are_arrays() -> None:
    rule = Comparison(relative=1e-9, ties={"x": ["at"]})
    one = points(0, (True, 1.0, 2.0), (False, 1.0, 2.0), (True, 1.0, 3.0))
    assert found(vector(POINT), one, one[[1, 0, 2]], rule) is None
    assert found(vector(POINT), one, one[[0, 2, 1]], rule) is not None
    assert found(vector(POINT), one, one[[2, 0, 1]], ANY) is None


def test_the_order_of_read_only_inputs_is_not_free() -> None:
    assert found(vector(INT), [2, 1], [1, 2], ANY, passing="const reference") is not None


def test_results() -> None:
    signature = Signature(name="f", parameters=(), returns=vector(DOUBLE))

    def compared(rule: Comparison, *values: list[float]) -> str | None:
        one, other = (Outputs(np.array(v), {}) for v in values)
        return difference(signature, rule, one, other)

    assert compared(TOLERANT, [1.0, 2.0], [1.0, 2.0 + 1e-12]) is None
    assert str(compared(TOLERANT, [1.0], [2.0])).startswith("returned value")
    assert compared(TOLERANT, [1.0, 2.0], [2.0, 1.0]) is not None
    assert compared(ANY, [1.0, 2.0], [2.0, 1.0]) is None


special = st.sampled_from(
    [np.inf, -np.inf, np.nan, 0.0, -0.0, 1e308, -1e308, 1.0, 1 + 1e-12, 5e-324]
)


@given(st.lists(st.tuples(special, special), min_size=1, max_size=6), rules)
def test_numbers_agree_as_each_pair_does(
    pairs: list[tuple[float, float]], rule: Comparison
) -> None:
    one, other = (np.array(values) for values in zip(*pairs, strict=True))
    bound = rule.bound("x", {})
    each = all(map(bool, close(bound, one, other)))
    same = one.view(np.uint64) == other.view(np.uint64)
    assert (found(vector(DOUBLE), one, other, rule) is None) == (each if not same.all() else True)
    with np.errstate(over="ignore"):
        halves = one.astype(np.float32), other.astype(np.float32)
    assert (found(vector(FLOAT), *halves, rule) is None) == bool(close(bound, *halves).all())


def test_a_difference_in_the_last_of_many_blocks_is_seen() -> None:
    values = np.random.default_rng(3).random(100_003)
    got = values * (1 + 1e-12)
    assert found(vector(DOUBLE), values, got) is None
    got[-1] += 1e-3
    assert "x[100002]" in str(found(vector(DOUBLE), values, got))


def test_bytes_are_the_same_or_not() -> None:
    data = np.random.default_rng(4).bytes(300_005)
    assert same_bytes(data, memoryview(bytearray(data)))
    assert not same_bytes(data, data[:-1])
    for at in (0, 131_072, 300_004):
        changed = bytearray(data)
        changed[at] ^= 1
        assert not same_bytes(data, changed)
