from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_agent.measurement.plan import MIB, SizeLimits, plan_for, size_limits_for
from parallel_agent.measurement.sizes import FIRST_BASE, MAX_BASE, choose_sizes

NORMAL = SizeLimits(max_seconds=0.25, max_bytes=64 * MIB)


class Model:
    """A kernel's cost by its base size, that remembers what it was asked."""

    def __init__(self, seconds, size):
        self.seconds, self.size = seconds, size
        self.asked = []

    def __call__(self, base):
        self.asked.append(base)
        return self.seconds(base), self.size(base)


def sizes_of(model, limits=NORMAL):
    chosen = choose_sizes(model, limits)
    assert chosen == sorted(set(chosen))
    assert len(model.asked) == len(set(model.asked)), "measured more than once"
    return chosen


def test_linear_kernel_is_bound_by_its_inputs():
    model = Model(lambda n: 1e-9 * n, lambda n: 8 * n)
    small, between, large = sizes_of(model)
    assert large == 8 * MIB
    assert small == 2048
    assert between == round(math.sqrt(2048 * 8 * MIB))


def test_slow_linear_kernel_is_bound_by_its_time():
    small, _, large = sizes_of(Model(lambda n: 1e-6 * n, lambda n: 8 * n))
    assert 200_000 <= large <= 250_000
    assert small == 2048


def test_matrix_product_is_bound_by_its_time():
    model = Model(lambda n: 1e-9 * n**3, lambda n: 24 * n * n)
    small, between, large = sizes_of(model)
    assert 0.25 / 2 < 1e-9 * large**3 <= 0.25
    assert 24 * small**2 <= 16 << 10
    assert small < between < large


def test_all_pairs_kernel_has_a_small_size_that_is_quick_too():
    small, _, _ = sizes_of(Model(lambda n: 1e-8 * n * n, lambda n: 8 * n))
    assert 8 * small <= 16 << 10
    assert 1e-8 * small**2 <= 0.0025


def test_kernel_whose_input_is_one_number_has_sizes_by_time():
    small, between, large = sizes_of(Model(lambda n: 1e-8 * n, lambda n: 8))
    assert 0.2 < 1e-8 * large <= 0.25
    assert 1e-8 * small <= 0.0025
    assert small < between < large


def test_kernel_that_does_not_depend_on_the_base_has_one_size():
    assert sizes_of(Model(lambda n: 1e-3, lambda n: 4096)) == [FIRST_BASE]
    assert sizes_of(Model(lambda n: 0.0, lambda n: 0)) == [FIRST_BASE]


def test_kernel_without_cost_but_with_inputs_still_has_three_sizes():
    assert len(sizes_of(Model(lambda n: 0.0, lambda n: n))) == 3


def test_cheap_kernel_stops_at_the_largest_base():
    assert sizes_of(Model(lambda n: 1e-12 * n, lambda n: n // 64))[-1] == MAX_BASE


def test_kernel_that_is_too_slow_at_any_size_has_the_least():
    assert sizes_of(Model(lambda n: 100.0, lambda n: 8)) == [1]
    assert sizes_of(Model(lambda n: math.inf, lambda n: 8)) == [1]


def test_exponential_kernel_is_never_run_far_beyond_the_limit():
    model = Model(lambda n: 1e-7 * 2.0**n, lambda n: 8 * n)
    large = sizes_of(model)[-1]
    assert 16 <= large <= 21
    assert max(model.asked) <= 32
    slow = Model(lambda n: 1e-6 * 2.0**n, lambda n: 8 * n)
    assert sizes_of(slow)[-1] in range(8, 19)
    assert max(slow.asked) < 32


def test_sizes_collapse_where_few_fit():
    assert sizes_of(Model(lambda n: 0.1 * n, lambda n: 8 * n)) == [1, 2]


def test_first_call_that_is_slow_by_chance_does_not_end_the_search():
    model = Model(lambda n: 2e-4 if n == 16 else 1e-9 * n, lambda n: 8 * n)
    assert sizes_of(model)[-1] == 8 * MIB


@given(
    st.floats(min_value=1e-12, max_value=1.0),
    st.floats(min_value=0.0, max_value=4.0),
    st.floats(min_value=0.0, max_value=1000.0),
    st.floats(min_value=0.0, max_value=3.0),
)
def test_any_power_law_keeps_the_limits(scale, power, width, dimension):
    model = Model(lambda n: scale * n**power, lambda n: int(width * n**dimension))
    chosen = sizes_of(model)
    assert 1 <= len(chosen) <= 3
    large = chosen[-1]
    if large > 1:
        assert model.seconds(large) <= NORMAL.max_seconds
        assert model.size(large) <= NORMAL.max_bytes
    # A probe beyond a limit is beyond it by at most what one doubling costs.
    assert all(model.size(n) <= NORMAL.max_bytes * 2**dimension + 1 or n <= 16 for n in model.asked)
    assert all(
        model.seconds(n) <= NORMAL.max_seconds * 2**power * 1.01 or n <= 16 for n in model.asked
    )


def test_limits_by_effort():
    assert size_limits_for("quick", cache_bytes=128 * MIB).max_bytes == 32 * MIB
    assert size_limits_for("normal").max_bytes == 64 * MIB
    assert size_limits_for("normal", cache_bytes=48 * MIB).max_bytes == 96 * MIB
    assert size_limits_for("thorough", cache_bytes=1024 * MIB).max_bytes == 256 * MIB


@pytest.mark.parametrize(("less", "more"), [("quick", "normal"), ("normal", "thorough")])
def test_more_effort_is_more_time_and_precision(less, more):
    little, much = plan_for(less), plan_for(more)
    assert little.max_seconds < much.max_seconds
    assert little.max_pairs < much.max_pairs
    assert little.precision > much.precision
    assert little.min_pairs <= little.max_pairs
