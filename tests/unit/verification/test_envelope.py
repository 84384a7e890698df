"""From how far the original's numbers moved to how far a candidate's may lie away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from parallel_agent.verification.envelope import FLOOR, SAFETY, Spread, fit
from parallel_agent.verification.sensitivity import Movement

UNIT = float(np.finfo(np.float64).eps) / 2
FLOORED = FLOOR * UNIT


def movement(values: Any, noise: Any = 0.0, rounding: Any = 0.0, rebuilt: Any = 0.0) -> Movement:
    values = np.asarray(values, dtype=float)
    full = [np.broadcast_to(np.asarray(x, dtype=float), values.shape) for x in (noise, rounding)]
    return Movement(values, *full, np.broadcast_to(np.asarray(rebuilt, dtype=float), values.shape))


# ---- the scale of errors -------------------------------------------------------------------------


def test_a_long_sum_has_the_square_root_of_its_running_bound() -> None:
    # n u M when all round the same way: sqrt(n) u M as often up as down.
    spread = Spread.of([movement([-1.0], noise=UNIT, rounding=1e6 * UNIT)], UNIT)
    assert spread.error == pytest.approx([1e3 * UNIT])
    assert spread.values == [1.0]


def test_noise_in_the_inputs_counts_only_as_far_as_rounding_moves_the_result() -> None:
    # Inputs of single precision, a sum in double: what the inputs lack the sum does not.
    single = Spread.of([movement([1.0], noise=1e-7, rounding=4 * UNIT)], UNIT)
    assert single.error == pytest.approx([4 * UNIT])
    assert Spread.of([movement([1.0], noise=1e-7)], UNIT).error == [0.0]


def test_cancellation_shows_in_the_noise() -> None:
    spread = Spread.of([movement([1e-12], noise=100 * UNIT, rounding=400 * UNIT)], UNIT)
    assert spread.error == pytest.approx([100 * UNIT])


def test_another_build_that_moves_farther_counts() -> None:
    assert Spread.of([movement([1.0], rounding=4 * UNIT, rebuilt=1e-9)], UNIT).error == [1e-9]


def test_what_is_not_finite_is_left_out_and_what_became_so_is_wild() -> None:
    one, other = movement([1.0, np.nan]), movement([np.inf, 3.0], rounding=[0.0, np.inf])
    spread = Spread.of([one, other], UNIT)
    assert spread.values.tolist() == [1.0, 3.0]
    assert spread.wild(spread.rms).tolist() == [False, True]
    assert spread.without(spread.wild(1.0)).values.tolist() == [1.0]


def test_wild_is_relative_to_the_number_and_to_all() -> None:
    values = [1000.0, 1e-9, 5.0]
    spread = Spread.of([movement(values, noise=[0.5, 0.5, 5.0])], UNIT)
    assert spread.wild(spread.rms).tolist() == [False, False, True]
    assert Spread.of([movement([])], UNIT).rms == 0.0
    assert Spread.of([movement([3e200, -4e200])], UNIT).rms == pytest.approx(np.sqrt(12.5) * 1e200)


# ---- the bound -----------------------------------------------------------------------------------

values_ = hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1e100))


@given(values_, st.data())
def test_the_bound_covers_every_error(values: Any, data: st.DataObject) -> None:
    shares = data.draw(hnp.arrays(np.float64, values.shape, elements=st.floats(0, 1e-6)))
    errors = shares * values.max()
    bound = fit(values, errors, UNIT)
    allowed = bound.relative * values + bound.absolute
    assert (allowed >= SAFETY * errors * (1 - 1e-12)).all()
    assert bound.relative >= FLOORED


@given(st.floats(1, 1e6), st.integers(-40, 40))
def test_the_bound_goes_with_the_units_of_the_numbers(factor: float, power: int) -> None:
    rng = np.random.default_rng(3)
    values = rng.uniform(0, 10, 100)
    errors = rng.uniform(0, factor * UNIT, 100) * values.mean()
    one, other = fit(values, errors, UNIT), fit(values * 2.0**power, errors * 2.0**power, UNIT)
    assert one.relative == other.relative
    assert one.absolute * 2.0**power == pytest.approx(other.absolute)


def test_errors_in_proportion_need_no_absolute_part() -> None:
    # One huge element does not loosen the tolerance of the others.
    values = np.array([1e-20, 1.0, 1e20, *np.linspace(1, 2, 50)])
    bound = fit(values, values * 1e-15, UNIT)
    assert bound.absolute < SAFETY * 1e-15
    assert SAFETY * 5e-16 <= bound.relative <= 4 * SAFETY * 1e-15


def test_an_equal_error_of_all_needs_an_absolute_part() -> None:
    values = np.abs(np.random.default_rng(1).normal(0, 1e3, 1000))
    bound = fit(values, np.full(1000, 1e-9), UNIT)
    assert bound.absolute == pytest.approx(SAFETY * 1e-9)
    assert bound.relative < 1e-11


def test_zeros_among_the_numbers_do_not_decide() -> None:
    rng = np.random.default_rng(2)
    values = np.concatenate([np.zeros(1000), np.abs(rng.normal(0, 1, 100))])
    errors = np.where(values > 0, 1e-14, 0.0)
    assert fit(values, errors, UNIT).relative < 1e-13
    assert fit(np.zeros(3), np.zeros(3), UNIT).absolute == 0
    assert fit(np.array([]), np.array([]), UNIT).exact


def test_without_errors_the_floor_remains() -> None:
    bound = fit(np.array([1.0, 5.0]), np.zeros(2), UNIT)
    assert bound == (FLOORED, 0.0)


def test_denormal_and_extended_numbers() -> None:
    tiny = fit(np.array([5e-324, 1e-310]), np.array([5e-324, 5e-324]), UNIT)
    assert tiny.absolute >= 5e-324
    wide = np.array([np.longdouble(3), np.longdouble(1)])
    unit = float(np.finfo(np.longdouble).eps) / 2
    bound = fit(wide, wide * np.longdouble(1e-18), unit)
    assert 3 * bound.relative + bound.absolute >= SAFETY * 3e-18
    assert bound.relative + bound.absolute < 1e-16
