"""What is made of the movements of one result: exact, within steps, or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from parallel_agent.kernel.comparison import EXACT, Tolerance
from parallel_agent.kernel.contract import ContractError
from parallel_agent.verification.sensitivity import Movement, Observation
from parallel_agent.verification.tolerance import Gauge

EPS = float(np.finfo(np.float64).eps)


def seen(
    values: Any, *, noise: Any = 0.0, rounding: Any = 0.0, rebuilt: Any = 0.0, inputs: Any = ()
) -> Observation:
    values = np.asarray(values)
    ways = [np.broadcast_to(np.asarray(w, dtype=float), values.shape) for w in (noise, rounding)]
    movement = Movement(values, *ways, np.broadcast_to(np.asarray(rebuilt), values.shape))
    return Observation({"y": movement}, np.asarray(inputs, dtype=float))


def tolerance(*observed: tuple[int, list[Observation]]) -> Tolerance:
    gauge = Gauge("y")
    for size, observations in observed:
        gauge.add({"n": size}, observations)
    return gauge.tolerance()


def test_copies_of_inputs_are_compared_exactly_even_where_they_move() -> None:
    inputs = np.random.default_rng(1).uniform(0, 1, 40)
    moved = seen(np.sort(inputs), noise=EPS, rounding=0.5, inputs=inputs)
    found = tolerance((40, [moved]))
    assert (found.steps, found.caution) == ([], "")
    assert "a selection" in found.evidence
    # What a search begins with, and NaN, may be among them; one other number may not.
    start = seen([np.inf, np.finfo(float).max, 0.0, np.nan], inputs=inputs)
    assert tolerance((0, [start]), (40, [moved])).steps == []
    computed = seen([*inputs, 0.123], noise=EPS, rounding=EPS, inputs=inputs)
    assert tolerance((40, [moved]), (41, [computed])).steps != []


def test_complex_copies() -> None:
    numbers = np.array([1.5 + 2.5j, 3.5 - 1.5j])
    assert tolerance((20, [seen(numbers, inputs=[1.5, 2.5, 3.5, -1.5])])).steps == []


def test_what_is_never_rounded_is_compared_exactly() -> None:
    found = tolerance((20, [seen([2.5, 3.5], noise=1.0)]))
    assert found.steps == []
    assert "nothing was rounded" in found.evidence


def test_a_step_for_every_size_whose_tolerance_is_another() -> None:
    def size(n: int, error: float) -> tuple[int, list[Observation]]:
        return n, [seen(np.linspace(1, 2, 50), noise=error, rounding=error)]

    sizes = (size(10, EPS), size(15, EPS), size(20, EPS), size(100, 1e-12), size(200, EPS))
    found = tolerance(*sizes)
    assert [step.upto["n"] for step in found.steps] == [10, 20, 100, 200]
    for n, error in ((10, EPS), (100, 1e-12), (200, 1e-12)):  # as much as the size before
        bound = found.at({"n": n})
        assert 16 * error <= bound.absolute + bound.relative <= 100 * error
    assert "n = 200" in found.evidence


def test_few_elements_learn_from_smaller_sizes_how_the_error_goes_with_the_value() -> None:
    def size(n: int, *values: float, relative: bool) -> tuple[int, list[Observation]]:
        errors = [1e-14 * value if relative else 1e-14 for value in values]
        each = zip(values, errors, strict=True)
        return n, [seen([value], noise=error, rounding=error) for value, error in each]

    scales = [(4, (1.0, 1e20)), (8, (1e-5, 1e10)), (16, (1e3,))]
    found = tolerance(*(size(n, *values, relative=True) for n, values in scales))
    assert found.at({"n": 16}).absolute < 1e-14
    sums = [(4, (1.0, 0.1)), (8, (0.01, 1.5)), (16, (3.0,))]
    found = tolerance(*(size(n, *values, relative=False) for n, values in sums))
    assert found.at({"n": 16}).absolute >= 16e-14
    assert found.at({"n": 16}).relative < 1e-12


def test_chaos_is_told_and_leaves_nothing_but_the_same_numbers() -> None:
    tame = seen(np.linspace(1, 2, 200), noise=EPS, rounding=EPS)
    wild = seen(np.linspace(1, 2, 200), noise=0.1, rounding=0.1)
    found = tolerance((10, [tame]), (100, [wild]))
    assert not found.at({"n": 10}).exact
    assert found.at({"n": 100}) == found.at({"n": 1000}) == EXACT
    assert "at n = 100: only the same numbers are accepted there" in found.caution


def test_a_decision_that_fell_the_other_way_does_not_loosen_the_tolerance() -> None:
    noise = np.full(200, EPS)
    noise[7] = np.inf
    found = tolerance((200, [seen(np.linspace(1, 2, 200), noise=noise, rounding=noise)]))
    assert 0 < found.at({"n": 200}).absolute + found.at({"n": 200}).relative < 1e-13


def test_an_original_that_fails_when_it_rounds_otherwise_leaves_the_same_numbers() -> None:
    found = tolerance((50, [seen(np.linspace(1, 2, 50), noise=EPS, rounding=np.inf)]))
    assert found.at({"n": 50}).exact


def test_nan_everywhere_is_refused_and_one_number_suffices() -> None:
    nothing = (100, [seen([np.nan, np.inf]), seen([np.nan])])
    with pytest.raises(ContractError, match="'y' is NaN or infinite in every run"):
        tolerance(nothing)
    assert (
        tolerance((10, [seen([1.5])]), nothing).caution == "is 1.5 in every run, which says little"
    )
    assert tolerance((1, [seen([np.nan])])).caution == ""
    assert tolerance((100, [seen([])])).caution == ""


def test_the_same_number_everywhere_is_told() -> None:
    assert (
        tolerance((4, [seen([0.0])]), (20, [seen([0.0, -0.0])])).caution
        == "is 0 in every run, which says little"
    )


def test_sizes_at_which_nothing_can_be_told_are_named() -> None:
    some, nothing = seen([1.5, 2.5], rounding=EPS), seen([0.0, np.inf])
    found = tolerance((20, [some]), (50, [nothing]), (90, [nothing]))
    assert found.caution == "is nothing but 0, NaN or infinite at n = 50; n = 90, which says little"
    # At the smallest sizes there is often nothing to compute.
    assert tolerance((0, [nothing]), (20, [some])).caution == ""
