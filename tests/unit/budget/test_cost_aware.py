"""What the default policy does with the money."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from parallel_agent.budget.amount import Amount, Cap
from parallel_agent.budget.policies.cost_aware import CostAware
from parallel_agent.budget.policy import POLICIES, View
from unit.budget.views import decide, option, run_down, trial_of, view_of, views

DEFAULT = POLICIES["default"]


@given(st.integers(1, 1000), st.integers(1, 1000), st.sampled_from(["small", "large"]))
def test_prefers_the_cheaper_of_equals(one: int, other: int, model: str) -> None:
    view = view_of(option(cost=one), option(model=model, cost=other, strategy="other"))
    (funding,) = decide(DEFAULT, view).funded
    assert funding.option.cost == Amount(min(one, other))


def test_opens_with_diverse_cheap_samples_of_every_kernel() -> None:
    options = [
        option(kernel, model, cost=cost, strategy=strategy)
        for kernel in ("k0", "k1")
        for model, cost in (("small", 10), ("large", 100))
        for strategy in ("loop", "reduction", "scan")
    ]
    decision = decide(DEFAULT, replace(view_of(*options), width=4))
    funded = [funding.option for funding in decision.funded]
    assert {each.model for each in funded} == {"small"}
    assert Counter(each.kernel for each in funded) == {"k0": 2, "k1": 2}
    assert len({(each.kernel, each.strategy) for each in funded}) == 4
    assert decision.funded[0].why.startswith("first samples of k0: p(success) 0.50")


def test_opens_with_fewer_samples_where_they_would_take_half_the_cap() -> None:
    options = [option(kernel, strategy=s) for kernel in ("k0", "k1") for s in ("loop", "scan")]
    tried = tuple(trial_of(option(kernel)) for kernel in ("k0", "k1"))
    assert "first" in decide(DEFAULT, view_of(*options, cap=80, trials=tried)).funded[0].why
    assert "first" not in decide(DEFAULT, view_of(*options, cap=79, trials=tried)).funded[0].why


def test_the_money_goes_where_the_most_is_expected() -> None:
    """To the kernel that is got right, not to the one that never is."""
    good, bad = option("good"), option("bad")
    trials = [trial_of(bad)] * 12 + [trial_of(good, speedup=s) for s in (1.2, 2.0, 1.4, 2.6)]
    (funding,) = decide(DEFAULT, view_of(bad, good, trials=tuple(trials))).funded
    assert funding.option is good
    assert "the most for the money, on good" in funding.why


def test_learns_which_model_is_better() -> None:
    """At the same price, from other kernels."""
    trials = [trial_of(option("k1", "small"))] * 5
    trials += [trial_of(option("k1", "large"), speedup=1.5)] * 5
    trials += [trial_of(option("k0", "small"))] * 2  # the opening is over
    view = view_of(option("k0", "small"), option("k0", "large"), trials=tuple(trials))
    assert decide(DEFAULT, view).funded[0].option.model == "large"


def test_keeps_the_share_for_the_stronger_model_on_a_weak_kernel() -> None:
    """The small model never gets anything right, the large one does in the end."""
    view = view_of(option(), option(model="large", cost=40), cap=1000)
    trials, _ = run_down(DEFAULT, view, {"small": None, "large": 1.3})
    assert sum(trial.cost.nano_usd for trial in trials if trial.model == "large") >= 250
    greedy, _ = run_down(CostAware(share=0.0), view, {"small": None, "large": 1.3})
    assert greedy[0].model == "small"


@given(st.integers(0, 100))
def test_no_other_option_eats_into_the_share(spent: int) -> None:
    """Unless the stronger model has shown that it is not worth it."""
    opened = (trial_of(option()),) * 2
    view = view_of(option(), option(model="large", cost=20), cap=100, trials=opened)
    view = replace(view, spent=Amount(spent), available=Cap(100 - spent))
    for funding in decide(DEFAULT, view).funded:
        if funding.option.model == "small" and spent <= 80:
            assert 100 - spent - funding.option.bound.nano_usd >= 25


def test_the_share_is_kept_so_that_its_last_request_can_be_reserved() -> None:
    """The bound of a request is far above what it is expected to cost."""
    small, large = option(), option(model="large", cost=20, bound=50)
    view = view_of(small, large, cap=100, trials=(trial_of(small, speedup=1.2),) * 2)
    kept = 25 + (50 - 20)
    for available, model in (
        (kept + 10, "small"),
        (kept + 9, "large"),
        (50, "large"),
        (49, "small"),
    ):
        now = replace(view, spent=Amount(100 - available), available=Cap(available))
        assert decide(DEFAULT, now).funded[0].option.model == model


def test_the_share_is_given_up_where_the_stronger_model_fails() -> None:
    small, large = option(), option(model="large", cost=20)
    failed = (trial_of(option("k1", "large", cost=1)),) * 6
    opened = (trial_of(small),) * 2
    view = view_of(small, large, cap=100, trials=(*failed, *opened))
    view = replace(view, spent=Amount(75), available=Cap(25))
    assert decide(DEFAULT, view).funded[0].option is small
    trusted = replace(view, trials=opened)
    assert decide(DEFAULT, trusted).funded[0].option is large


def test_near_the_cap_one_option_of_each_kernel_lives() -> None:
    options = [
        option(kernel, cost=cost, strategy=strategy)
        for kernel in ("k0", "k1")
        for cost, strategy in ((10, "loop"), (20, "scan"), (30, "sort"))
    ]
    view = replace(view_of(*options, cap=1000), width=3)
    before = decide(DEFAULT, replace(view, spent=Amount(799), available=Cap(201)))
    assert (len(before.funded), before.pruned) == (3, ())
    after = decide(DEFAULT, replace(view, spent=Amount(800), available=Cap(200)))
    assert len(after.funded) == 1
    assert {name for name, _ in after.pruned} == {
        each.id for each in options if each.cost.nano_usd > 10
    }
    assert (
        after.pruned[0][1] == "80% of the cap is spent: k0/small/loop//10 promises more per dollar"
    )


@given(view=views())
def test_near_the_cap_at_most_one_is_funded_that_costs_something(view: View) -> None:
    decision = decide(DEFAULT, replace(view, spent=view.cap.whole()))
    assert len([funding for funding in decision.funded if not funding.option.free]) <= 1


@given(view=views(), spent=st.floats(0.0, 0.79))
def test_before_that_nothing_is_pruned_but_what_is_finished(view: View, spent: float) -> None:
    cap = Cap(max(1, view.cap.nano_usd or 0), view.cap.tokens, view.cap.milliseconds)
    used = cap.portion(spent).whole()
    decision = decide(DEFAULT, replace(view, cap=cap, spent=used))
    done = {s.kernel for s in view.standings if s.ceiling and s.best >= 0.9 * s.ceiling}
    pruned = {name for name, _ in decision.pruned}
    assert pruned == {each.id for each in view.options if each.kernel in done}
    assert not {funding.option.kernel for funding in decision.funded} & done


def test_stops_near_the_machines_bound() -> None:
    view = view_of(option())
    (standing,) = view.standings
    near = replace(view, standings=(replace(standing, best=1.81, ceiling=2.0),))
    decision = decide(DEFAULT, near)
    assert decision.stop == "every kernel is at 90% of the machine's bound or above"
    assert [name for name, _ in decision.pruned] == [view.options[0].id]
    far = replace(view, standings=(replace(standing, best=1.79, ceiling=2.0),))
    assert decide(DEFAULT, far).funded


def test_stops_where_nothing_is_promising_though_there_is_money() -> None:
    view = view_of(option(model="free", cost=0), cap=0)
    trials, last = run_down(DEFAULT, view, {"free": None})
    assert 3 < len(trials) < 200
    assert last.stop == "no option is expected to make its kernel 0.2% faster"


def test_parallel_answers_are_spread() -> None:
    """What is under way counts as a failure, so that the next one goes elsewhere."""
    options = [option(kernel) for kernel in ("k0", "k1", "k2")]
    trials = tuple(trial_of(each, speedup=1.5) for each in options for _ in range(2))
    decision = decide(DEFAULT, replace(view_of(*options, trials=trials), width=3))
    assert {funding.option.kernel for funding in decision.funded} == {"k0", "k1", "k2"}


FREE_AND_SLOW = option(model="small", cost=Amount(0, 2_000, 60_000))
PAID_AND_FAST = option(model="large", cost=Amount(5_000_000, 2_000, 4_000), strategy="scan")


def chosen_with(left: Cap) -> str:
    """Which of the two is asked, when both were tried and were as good."""
    tried = tuple(
        trial_of(each, speedup=1.2) for each in (FREE_AND_SLOW, PAID_AND_FAST) for _ in range(3)
    )
    spent = sum((trial.cost for trial in tried), Amount())
    view = view_of(FREE_AND_SLOW, PAID_AND_FAST, cap=left.plus(spent), trials=tried)
    return decide(CostAware(share=0.0), view).funded[0].option.model


def test_with_much_money_and_little_time_the_fast_paid_model_is_asked() -> None:
    assert chosen_with(Cap(1_000_000_000, None, 120_000)) == "large"


def test_with_little_money_and_much_time_the_slow_free_model_is_asked() -> None:
    assert chosen_with(Cap(10_000_000, None, 7_200_000)) == "small"


def test_without_a_cap_on_time_a_free_model_costs_nothing_at_all() -> None:
    bounded = Cap(10_000_000).bounded
    free = replace(
        FREE_AND_SLOW, cost=bounded(FREE_AND_SLOW.cost), bound=bounded(FREE_AND_SLOW.bound)
    )
    assert free.free
    assert decide(DEFAULT, view_of(free, PAID_AND_FAST)).funded[0].why.startswith("free")


def test_a_free_model_is_limited_by_tokens_as_a_paid_one_is_by_money() -> None:
    local = option(cost=Amount(0, 300), bound=Amount(0, 1000))
    view = view_of(local, cap=Cap(0, 5_000))
    trials, last = run_down(CostAware(opening=9), view, {"small": 1.2})
    assert 0 < sum(trial.cost.tokens for trial in trials) <= 5_000
    assert last.stop
    gone = replace(view, spent=Amount(0, 4_001), available=Cap(0, 999))
    stop = decide(DEFAULT, gone).stop
    assert stop == "the cheapest option may cost 1000 tokens, and 999 tokens is left"


@given(left=st.integers(4_000, 10**6), slow=st.integers(1, 4_000), fast=st.integers(1, 4_000))
def test_among_free_models_the_quicker_of_equals_is_asked(left: int, slow: int, fast: int) -> None:
    one = option(cost=Amount(0, 0, slow))
    other = option(model="large", cost=Amount(0, 0, fast), strategy="other")
    (funding,) = decide(DEFAULT, view_of(one, other, cap=Cap(0, None, left))).funded
    assert funding.option.cost.milliseconds == min(slow, fast)


def test_the_numbers_of_a_decision_tell_tokens_and_seconds() -> None:
    view = view_of(FREE_AND_SLOW, cap=Cap(0, 10_000, 600_000))
    (funding,) = decide(DEFAULT, view).funded
    assert "for 2000 tokens, 60.0 s" in funding.why
    told = funding.numbers
    assert (told["cost_tokens"], told["cost_seconds"], told["cost_usd"]) == (2000.0, 60.0, 0.0)
    assert told["share"] == 0.2
