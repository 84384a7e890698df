from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_agent.measurement.plan import TimingPlan
from parallel_agent.measurement.timing import findings, stop_reason
from parallel_agent.toolchain.runner import Timing

PLAN = TimingPlan(min_pairs=5, max_pairs=20, max_seconds=10.0, precision=0.03)


def samples(pairs, ratio, spread, seed=1):
    rng = np.random.default_rng(seed)
    original, candidate = rng.lognormal(0.0, spread, (2, pairs))
    return list(ratio * original), list(candidate)


def stop(pairs, ratio, spread, elapsed=1.0, noise=0.02):
    return stop_reason(*samples(pairs, ratio, spread), elapsed, PLAN, noise)


@pytest.mark.parametrize("ratio", [0.01, 1.0, 100.0])
def test_nothing_is_decided_before_the_least_number_of_pairs(ratio):
    assert stop(4, ratio, 0.0) is None


def test_clear_cases_stop_at_once():
    assert stop(5, 0.7, 0.01) == "lost"
    assert stop(5, 1.5, 0.005) == "won"
    assert stop(5, 1.0, 0.0) == "precise"


def test_a_loser_leaves_even_if_nobody_knows_how_bad_it_is_but_a_winner_stays():
    assert stop(5, 0.2, 0.2) == "lost"
    assert stop(5, 5.0, 0.2) is None


def test_what_lies_within_the_noise_is_neither_won_nor_lost():
    assert stop(5, 1.05, 0.0, noise=0.1) == "precise"
    assert stop(5, 1 / 1.05, 0.0, noise=0.1) == "precise"
    assert stop(5, 1.05, 0.0, noise=0.01) == "won"
    assert stop(5, 1 / 1.05, 0.0, noise=0.01) == "lost"


def test_what_lies_near_a_line_is_timed_on():
    noise = 0.02
    for ratio in (1 / (1 + noise), 1 + noise):
        near = samples(6, ratio, 0.002)
        assert stop_reason(*near, 1.0, PLAN, noise) is None
        assert stop_reason(*near, 1.0, PLAN, noise=0.1) == "precise"


def test_unclear_cases_go_on_until_pairs_or_time_are_used_up():
    assert stop(19, 1.0, 0.3) is None
    assert stop(20, 1.0, 0.3) == "max_pairs"
    assert stop(6, 1.0, 0.3, elapsed=10.0) == "max_seconds"


def test_late_and_lost_by_far_does_not_wait_for_the_least_number_of_pairs():
    assert stop(1, 0.2, 0.0, elapsed=10.0) == "lost"
    assert stop(2, 0.8, 0.0, elapsed=10.0) is None
    assert stop(4, 5.0, 0.0, elapsed=1e6) is None


@given(
    st.lists(st.tuples(*[st.floats(min_value=1e-6, max_value=1.0)] * 2), min_size=1, max_size=25),
    st.floats(min_value=0.0, max_value=20.0),
)
def test_every_timing_ends_and_no_loser_is_won(pairs, elapsed):
    original, candidate = zip(*pairs, strict=True)
    reason = stop_reason(original, candidate, elapsed, PLAN)
    if len(pairs) >= PLAN.max_pairs or (elapsed >= 10.0 and len(pairs) >= PLAN.min_pairs):
        assert reason is not None
    if reason == "won":
        assert np.median(original) > np.median(candidate)
    if reason == "lost":
        assert np.median(original) < np.median(candidate)


def timings(seconds, child=None):
    child = seconds if child is None else child
    return [Timing(a, b) for a, b in zip(seconds, child, strict=True)]


def kinds(found):
    return [finding.kind for finding in found]


def test_a_clock_of_its_own_is_a_finding():
    honest = timings([1.0e-2] * 9, [0.999e-2] * 9)
    assert kinds(findings("candidate", honest)) == []
    lying = timings([1.0e-2] * 9, [1.0e-6] * 9)
    (finding,) = findings("candidate", lying)
    assert finding.kind == "clock_disagreement"
    assert finding.detail == "candidate: 10 ms by our clock, 0.001 ms by its own"
    boasting = timings([1.0e-2] * 9, [1.0] * 9)
    assert kinds(findings("candidate", boasting)) == ["clock_disagreement"]


def test_the_way_to_the_worker_and_a_single_hiccup_are_none():
    assert kinds(findings("original", timings([1.5e-4] * 9, [1e-5] * 9))) == []
    hiccup = timings([1.0e-2] * 19 + [5.0e-2], [1.0e-2] * 20)
    assert kinds(findings("original", hiccup)) == []


def test_many_outliers_are_a_finding():
    (finding,) = findings("original", timings([1.0e-2] * 8 + [5.0e-2] * 2))
    assert finding.kind == "outliers"
    assert "20%" in finding.detail
