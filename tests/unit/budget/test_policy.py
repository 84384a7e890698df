"""What every policy promises."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_agent.budget.amount import Amount
from parallel_agent.budget.policy import POLICIES, Policy, View
from unit.budget.views import decide, option, run_down, trial_of, view_of, views

ALL = pytest.mark.parametrize("policy", POLICIES.values(), ids=lambda policy: policy.name)


def test_names() -> None:
    assert list(POLICIES) == ["default", "best_of_n", "sequential", "uniform"]
    assert all(policy.name == name for name, policy in POLICIES.items())


@ALL
@given(view=views(), seed=st.integers(0, 3))
@settings(max_examples=200)
def test_no_decision_funds_more_than_there_is(policy: Policy, view: View, seed: int) -> None:
    decision = decide(policy, view, seed)
    funded = [funding.option for funding in decision.funded]
    assert view.available.holds(sum((each.bound for each in funded), Amount()))
    assert len(funded) <= view.width
    assert len({each.id for each in funded}) == len(funded)
    assert set(funded) <= set(view.options)
    assert not {each.id for each in funded} & {name for name, _ in decision.pruned}


@ALL
@given(view=views(), seed=st.integers(0, 3))
def test_funds_or_says_why_not(policy: Policy, view: View, seed: int) -> None:
    decision = decide(policy, view, seed)
    assert bool(decision.funded) != bool(decision.stop)
    for funding in decision.funded:
        assert funding.why
        assert all(math.isfinite(number) for number in funding.numbers.values())
        assert 0.0 <= funding.numbers["success"] <= 1.0
        assert funding.numbers["gain"] >= 0.0
        assert funding.numbers["bound_usd"] == funding.option.bound.nano_usd / 1e9


@ALL
@given(view=views(), seed=st.integers(0, 3))
def test_decides_the_same_again(policy: Policy, view: View, seed: int) -> None:
    assert decide(policy, view, seed) == decide(policy, view, seed)


@ALL
@pytest.mark.parametrize("speedup", [None, 0.5, 1.7])
def test_spends_what_is_useful_and_stops(policy: Policy, speedup: float | None) -> None:
    options = [option(kernel, cost=30, bound=50) for kernel in ("k0", "k1")]
    trials, last = run_down(policy, view_of(*options, cap=1000), dict.fromkeys(["small"], speedup))
    spent = sum(trial.cost.nano_usd for trial in trials)
    assert spent <= 1000
    assert {trial.kernel for trial in trials} == {"k0", "k1"}
    assert last.stop
    if policy.name != "default":
        assert spent > 950
        assert (
            last.stop == "the cheapest option may cost 0.00000005 USD, and 0.00000004 USD is left"
        )


@ALL
def test_what_is_free_goes_first(policy: Policy) -> None:
    view = view_of(option(), option(model="rules", cost=0), option("k1", "rules", cost=0))
    (funding,) = decide(policy, view).funded
    assert funding.option.model == "rules"
    assert funding.why.startswith("free")


@ALL
def test_nothing_to_try(policy: Policy) -> None:
    assert decide(policy, view_of()).stop == "nothing is left to try"


def test_best_of_n_spreads_evenly_and_never_refines() -> None:
    options = [
        *(option(kernel) for kernel in ("k0", "k1", "k2")),
        option("k0", "large", cost=100),
        option("k0", parent="c"),
    ]
    trials, _ = run_down(POLICIES["best_of_n"], view_of(*options, cap=90), {"small": 1.5})
    assert [trial.kernel for trial in trials] == ["k0", "k1", "k2"] * 3
    assert {trial.action for trial in trials} == {"new"}


def test_sequential_goes_on_from_the_best() -> None:
    slow = trial_of(option(), speedup=1.2, candidate="slow")
    fast = trial_of(option(), speedup=1.9, candidate="fast")
    wrong = trial_of(option(), candidate="wrong")
    steps = [option(parent=name) for name in ("wrong", "slow", "fast")]
    view = view_of(option(), *steps, trials=(slow, fast, wrong))
    assert decide(POLICIES["sequential"], view).funded[0].option.parent == "fast"
    view = view_of(option(), *steps, trials=(wrong,))
    assert decide(POLICIES["sequential"], view).funded[0].option.parent == "wrong"
    assert decide(POLICIES["sequential"], view_of(option())).funded[0].option.action == "new"


def test_uniform_draws_every_option() -> None:
    view = view_of(*(option(cost=cost) for cost in (10, 20, 30)))
    drawn = [
        decide(POLICIES["uniform"], view, seed).funded[0].option.cost.nano_usd
        for seed in range(300)
    ]
    assert all(70 <= drawn.count(cost) <= 130 for cost in (10, 20, 30))
