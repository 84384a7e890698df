"""What an option promises, against plain arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_agent.budget.estimates import SPEEDUP, Estimates, expected_improvement
from parallel_agent.budget.policy import Option, Standing, Trial
from unit.budget.views import option, trial_of


def estimates(*trials: Trial, best: float = 1.0, ceiling: float | None = None) -> Estimates:
    return Estimates([Standing("k0", best, ceiling), Standing("k1")], trials)


@given(st.floats(-2, 2), st.floats(0.1, 2), st.floats(0, 2))
def test_expected_improvement_is_the_mean_of_what_exceeds(
    mean: float, deviation: float, room: float
) -> None:
    x, step = np.linspace(-12, 12, 20_001, retstep=True)
    density = np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi) * step
    excess = np.maximum(0, mean + deviation * x)
    assert expected_improvement(mean, deviation) == pytest.approx(excess @ density, abs=1e-5)
    cut = np.minimum(room, excess)
    assert expected_improvement(mean, deviation, room) == pytest.approx(cut @ density, abs=1e-5)


def test_before_any_trial() -> None:
    estimate = estimates().of(option())
    assert (estimate.success, estimate.novelty) == (1 / 2, 1.0)
    assert estimate.improvement == pytest.approx(
        expected_improvement(SPEEDUP, 0.5 * math.sqrt(2))  # among kernels and among answers
    )
    assert estimate.gain == estimate.success * estimate.improvement


def test_success_is_learned_by_model_and_by_kernel() -> None:
    trials = [trial_of(option("k1"), speedup=1.5)] * 3 + [trial_of(option("k0"))] * 2
    model = (2 / 2 + 3) / (2 + 5)  # two trials' worth of a half, and three of five
    variance = 3 / 5 * 2 / 5
    within = (4 / 4 / 2) / (4 / 4 + 3 * variance)  # four trials' worth of a half; none in these
    weight = within / (1 - within)
    k1, k0 = (estimates(*trials).of(option(name)).success for name in ("k1", "k0"))
    assert k1 == pytest.approx((weight * model + 3) / (weight + 3))
    assert k0 == pytest.approx(weight * model / (weight + 2))
    assert estimates(*trials).of(option("k0", "large")).success == 1 / 2


def test_the_less_alike_the_answers_to_a_kernel_the_more_other_kernels_tell() -> None:
    def after_two_failures(*right_of_six: int) -> float:
        """What is expected of k1, where other kernels were got right so often."""
        others = [
            trial_of(option(f"other{kernel}"), speedup=1.5 if number < right else None)
            for kernel, right in enumerate(right_of_six)
            for number in range(6)
        ]
        trials = [*others, *[trial_of(option("k1"))] * 2]
        return estimates(*trials).of(option("k1")).success

    assert after_two_failures(3, 3) > after_two_failures(6, 0) > 0


def test_answers_that_were_all_as_fast_promise_no_faster_one() -> None:
    def improvement(apart: float, apart_elsewhere: float) -> float:
        trials = [
            trial_of(option(kernel), speedup=speedup, candidate=f"{kernel} {speedup}")
            for kernel, ratio in (("k0", apart), ("k1", apart_elsewhere))
            for speedup in (1.5 / ratio, 1.5, 1.5 * ratio)
        ]
        return estimates(*trials, best=1.5).of(option()).improvement

    assert improvement(1.01, 1.3) < improvement(1.3, 1.01)


def test_novelty_fades_where_answers_come_again() -> None:
    answers = {name: trial_of(option(), speedup=1.5, candidate=name) for name in "abc"}
    said = {
        text: estimates(*(answers[name] for name in text)).of(option()).novelty
        for text in ("a", "ab", "aa", "abb", "abc", "aaaaaaaa")
    }
    assert said["a"] == 1 / 2
    assert said["ab"] == pytest.approx((2 / 3 + 1) / 2)  # a model's share of 2 in 3, and 1 of 1
    assert said["aa"] == pytest.approx((1 / 3 + 0) / 2)
    assert said["abb"] == pytest.approx((2 / 4 + 0) / 3)  # b is not seen once any more
    assert said["aaaaaaaa"] < said["aa"] < said["a"] < said["ab"] < said["abc"]


def test_wrong_answers_say_nothing_of_novelty() -> None:
    wrong = trial_of(option(), candidate="wrong")
    assert estimates(wrong, wrong).of(option()).novelty == 1.0


def test_speedups_of_all_models_tell_of_a_kernel() -> None:
    fast = [trial_of(option("k0", "large"), speedup=4.0)] * 3
    assert estimates(*fast).of(option()).improvement > estimates().of(option()).improvement
    best = estimates(*fast, best=4.0).of(option()).improvement
    assert best < estimates().of(option()).improvement


def test_no_gain_beyond_the_ceiling() -> None:
    fast = [trial_of(option(), speedup=4.0)] * 3
    for ceiling in (1.0, 1.5, 3.0):
        improvement = estimates(*fast, ceiling=ceiling).of(option()).improvement
        assert 0.0 <= improvement <= math.log(ceiling)
    below = estimates(*fast, best=2.0, ceiling=1.5).of(option())
    assert below.improvement == 0.0


def test_what_refinements_bring_is_learned() -> None:
    parent = trial_of(option(), speedup=2.0, candidate="parent")
    refined = option(parent="parent")
    assert estimates(parent).of(refined).improvement == 0.2
    better = trial_of(refined, speedup=4.0, candidate="better")
    model = (2 * 0.2 + math.log(2)) / 3
    assert estimates(parent, better).of(refined).improvement == pytest.approx(
        (model + math.log(2)) / 2
    )
    slower = [trial_of(refined, speedup=1.5, candidate=name) for name in "abc"]
    assert estimates(parent, *slower).of(refined).improvement == pytest.approx(0.2 * (2 / 5) / 4)
    assert estimates(parent, better, ceiling=1.1).of(refined).improvement == math.log(1.1)


def test_kinds_of_steps() -> None:
    wrong = trial_of(option(), candidate="wrong")
    right = trial_of(option(), speedup=2.0, candidate="right")
    known = estimates(wrong, right)
    parents = ("", "wrong", "right", "nobody")
    kinds = [known.kind(option(parent=parent)) for parent in parents]
    assert kinds == ["new", "repair", "refine", "refine"]
    repaired = [trial_of(option(parent="wrong"), speedup=2.0)] * 4
    other = option("k1", parent="wrong")
    assert estimates(wrong, *repaired).of(other).success > estimates(wrong).of(other).success


@given(st.sampled_from(["k0", "k1"]), st.sampled_from(["small", "large"]))
def test_what_is_under_way_counts_as_a_failure(kernel: str, model: str) -> None:
    known = estimates(trial_of(option(), speedup=2.0))
    every: list[Option] = [option(k, m) for k in ("k0", "k1") for m in ("small", "large")]
    before = {each.id: known.of(each).success for each in every}
    known.pretend_failure(option(kernel, model))
    lower = {each.id for each in every if known.of(each).success < before[each.id]}
    assert lower == {option(kernel, model).id}
