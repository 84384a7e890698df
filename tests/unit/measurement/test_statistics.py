from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_agent.measurement.statistics import (
    geometric_mean_interval,
    median_ratio,
    noise_floor,
    outlier_share,
    ratio_interval,
)

times = st.floats(min_value=1e-7, max_value=10.0)
pairs = st.lists(st.tuples(times, times), min_size=1, max_size=30)
factors = st.floats(min_value=1e-3, max_value=1e3)


def split(samples):
    original, candidate = zip(*samples, strict=True)
    return list(original), list(candidate)


def close(value):
    return pytest.approx(value, rel=1e-9)


def test_the_ratio_is_the_original_over_the_candidate():
    assert median_ratio([4.0, 6.0, 100.0], [3.0, 3.0, 1.0]) == close(2.0)


def test_what_slows_both_programs_of_a_pair_cancels():
    host = np.repeat([1.0, 1.7], 10)
    noise = np.tile([1.0, 1.01], 10)
    interval = ratio_interval(2.0 * host * noise, host)
    assert 2.0 <= interval.low <= interval.high <= 2.03


@given(pairs)
def test_the_interval_holds_the_estimate(samples):
    original, candidate = split(samples)
    interval = ratio_interval(original, candidate)
    assert interval.low <= interval.ratio <= interval.high
    assert interval.ratio == close(median_ratio(original, candidate))


@given(pairs, factors, factors)
def test_units_and_faster_programs_scale_the_interval(samples, unit, speedup):
    original, candidate = split(samples)
    interval = ratio_interval(original, candidate)
    scaled = ratio_interval([t * unit * speedup for t in original], [t * unit for t in candidate])
    assert scaled.ratio == close(interval.ratio * speedup)
    assert scaled.low == close(interval.low * speedup)
    assert scaled.high == close(interval.high * speedup)


@given(st.lists(times, min_size=1, max_size=30))
def test_identical_samples_have_the_ratio_one_without_doubt(samples):
    interval = ratio_interval(samples, samples)
    assert (interval.low, interval.ratio, interval.high) == (1.0, 1.0, 1.0)


@given(pairs)
def test_swapping_inverts_the_interval(samples):
    original, candidate = split(samples)
    interval, swapped = ratio_interval(original, candidate), ratio_interval(candidate, original)
    assert swapped.ratio == close(1 / interval.ratio)
    assert swapped.low == close(1 / interval.high)
    assert swapped.high == close(1 / interval.low)


@given(pairs)
def test_the_interval_lies_within_the_range_of_what_was_seen(samples):
    original, candidate = split(samples)
    interval = ratio_interval(original, candidate)
    assert interval.low >= min(original) / max(candidate) * (1 - 1e-9)
    assert interval.high <= max(original) / min(candidate) * (1 + 1e-9)


@given(pairs)
def test_the_same_samples_give_the_same_interval(samples):
    assert ratio_interval(*split(samples)) == ratio_interval(*split(samples))


def test_noise_that_hits_both_of_a_pair_cancels():
    rng = np.random.default_rng(1)
    slow = rng.uniform(1.0, 10.0, 21)
    together = ratio_interval(2 * slow, slow)
    assert together.width == pytest.approx(0.0, abs=1e-12)
    assert together.ratio == close(2.0)
    apart = ratio_interval(2 * slow, rng.permutation(slow))
    assert apart.width > 0.1


def test_more_confidence_is_a_wider_interval_and_more_samples_a_narrower():
    rng = np.random.default_rng(2)
    original, candidate = rng.lognormal(0.0, 0.2, (2, 400))
    few, many = ratio_interval(original[:20], candidate[:20]), ratio_interval(original, candidate)
    sure = ratio_interval(original[:20], candidate[:20], confidence=0.99)
    assert many.width < few.width < sure.width


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        original, candidate = rng.lognormal(0.0, 0.1, (2, 25))
        interval = ratio_interval(2.0 * original, candidate, resamples=400)
        covered += interval.low <= 2.0 <= interval.high
    assert 0.90 <= covered / 300 <= 0.99


def test_the_geometric_mean_over_sizes():
    overall = geometric_mean_interval([([8.0, 8.0], [1.0, 1.0]), ([1.0, 1.0], [2.0, 2.0])])
    assert overall.ratio == close(2.0)
    assert (overall.low, overall.high) == (close(2.0), close(2.0))


@given(st.lists(pairs, min_size=1, max_size=4))
def test_the_mean_lies_between_the_sizes_and_its_interval_holds_it(sizes):
    samples = [split(size) for size in sizes]
    ratios = [median_ratio(*size) for size in samples]
    overall = geometric_mean_interval(samples)
    assert overall.low <= overall.ratio <= overall.high
    assert min(ratios) * (1 - 1e-9) <= overall.ratio <= max(ratios) * (1 + 1e-9)
    swapped = geometric_mean_interval([(candidate, original) for original, candidate in samples])
    assert swapped.high == close(1 / overall.low)


def test_sizes_are_resampled_apart_so_that_their_noise_averages_out():
    rng = np.random.default_rng(4)
    sizes = [tuple(rng.lognormal(0.0, 0.1, (2, 25))) for _ in range(9)]
    alone = [ratio_interval(*size).width for size in sizes]
    assert geometric_mean_interval(sizes).width < min(alone)


@given(pairs)
def test_the_noise_floor_is_symmetric_and_bounds_what_an_a_a_run_shows(samples):
    first, second = split(samples)
    floor, interval = noise_floor(first, second), ratio_interval(first, second)
    assert floor == close(noise_floor(second, first))
    assert floor >= 0.01
    assert interval.high <= (1 + floor) * (1 + 1e-9)
    assert interval.low >= 1 / (1 + floor) * (1 - 1e-9)


def test_the_noise_floor_of_a_quiet_machine_is_its_least_value():
    assert noise_floor([1.0, 1.001, 1.0], [1.0, 1.0, 1.001]) == 0.01
    assert noise_floor([1.0, 1.0], [1.25, 1.25]) == close(0.25)


def test_outliers_are_far_from_the_median():
    quiet = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01, 0.99, 1.0]
    assert outlier_share(quiet) == 0.0
    assert outlier_share([*quiet, 3.0]) == 0.1
    assert outlier_share([1.0] * 9 + [1.000001]) == 0.0
    assert outlier_share([1.0] * 9 + [1.1]) == 0.1


@pytest.mark.parametrize(
    ("original", "candidate"),
    [
        ([], []),
        ([1.0], [1.0, 2.0]),
        ([0.0], [1.0]),
        ([-1.0], [1.0]),
        ([1.0], [math.nan]),
        ([math.inf], [1.0]),
        ([[1.0]], [[1.0]]),
    ],
)
def test_what_are_no_paired_times_is_refused(original, candidate):
    with pytest.raises(ValueError, match=r"sample|times"):
        ratio_interval(original, candidate)
    with pytest.raises(ValueError, match=r"sample|times"):
        median_ratio(original, candidate)


def test_no_sizes_are_refused():
    with pytest.raises(ValueError, match="no samples"):
        geometric_mean_interval([])
