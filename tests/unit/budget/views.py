"""Views to decide on, for the tests of policies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from numpy.random import Generator

from parallel_agent.budget.amount import Amount, Cap, as_amount, as_cap
from parallel_agent.budget.policy import Decision, Option, Policy, Standing, Trial, View

KERNELS = ("k0", "k1", "k2")
MODELS = ("small", "large", "rules")
STRATEGIES = ("loop", "reduction")
SPEEDUPS = st.floats(0.05, 50.0)


def option(
    kernel: str = "k0",
    model: str = "small",
    *,
    cost: int | Amount = 10,
    bound: int | Amount | None = None,
    strategy: str = "loop",
    parent: str = "",
) -> Option:
    """An option with a name of its own."""
    return Option(
        id=f"{kernel}/{model}/{strategy}/{parent}/{cost}",
        kernel=kernel,
        model=model,
        action="refine" if parent else "new",
        strategy=strategy,
        parent=parent,
        cost=as_amount(cost),
        bound=as_amount(cost if bound is None else bound),
    )


def trial_of(chosen: Option, *, speedup: float | None = None, candidate: str = "") -> Trial:
    """What came of an option: a speedup, or None for a rejection."""
    return Trial(
        kernel=chosen.kernel,
        model=chosen.model,
        action=chosen.action,
        strategy=chosen.strategy,
        parent=chosen.parent,
        cost=chosen.cost,
        accepted=speedup is not None,
        speedup=1.0 if speedup is None else speedup,
        candidate=candidate,
    )


def view_of(*options: Option, cap: int | Cap = 10_000, trials: tuple[Trial, ...] = ()) -> View:
    """A view of these options; what the trials cost is spent."""
    kernels = dict.fromkeys(each.kernel for each in (*options, *trials))
    best = {
        kernel: max([1.0, *(t.speedup for t in trials if t.kernel == kernel and t.accepted)])
        for kernel in kernels
    }
    spent = sum((trial.cost for trial in trials), Amount())
    return View(
        cap=as_cap(cap),
        spent=spent,
        available=as_cap(cap).minus(spent),
        standings=tuple(Standing(kernel, speedup) for kernel, speedup in best.items()),
        trials=trials,
        options=options,
    )


def decide(policy: Policy, view: View, seed: int = 0) -> Decision:
    """The decision with a fresh generator."""
    return policy.decide(view, np.random.default_rng(seed))


@st.composite
def views(draw: st.DrawFn) -> View:
    """Any view, also ones that no run comes to."""
    trials = draw(st.lists(_trials(), max_size=8))
    numbered = [replace(t, candidate=draw(st.sampled_from(["", f"c{i}"]))) for i, t in enumerate(trials)]  # fmt: skip
    parents = [trial.candidate for trial in numbered if trial.candidate]
    cap = Cap(draw(st.integers(0, 500)), *(draw(st.none() | st.integers(0, 500)) for _ in "tm"))
    spent = cap.whole().at_most(draw(_amounts(520)))
    spent += cap.bounded(draw(_amounts(20)))  # a breach is the truth, too
    held = draw(_amounts(50))
    options = [
        replace(each, id=f"o{i}")
        for i, each in enumerate(draw(st.lists(_options(parents, cap), max_size=10)))
    ]
    ceilings = st.none() | st.floats(1.0, 50.0)
    return View(
        cap=cap,
        spent=spent,
        available=cap.minus(spent + cap.bounded(held)),
        standings=tuple(
            Standing(kernel, draw(st.floats(1.0, 50.0)), draw(ceilings)) for kernel in KERNELS
        ),
        trials=tuple(numbered),
        options=tuple(options),
        width=draw(st.integers(1, 4)),
    )


@st.composite
def _options(draw: st.DrawFn, parents: list[str], cap: Cap) -> Option:
    parent = draw(st.sampled_from(["", "lost", *parents]))
    bound = cap.bounded(draw(_amounts(200)))
    return Option(
        id="",
        kernel=draw(st.sampled_from(KERNELS)),
        model=draw(st.sampled_from(MODELS)),
        action="refine" if parent else "new",
        strategy=draw(st.sampled_from(STRATEGIES)),
        parent=parent,
        cost=bound.at_most(draw(_amounts(200))),
        bound=bound,
    )


def _amounts(most: int) -> st.SearchStrategy[Amount]:
    """Of one draw, which is quicker than three."""
    base = most + 1

    def amount(number: int) -> Amount:
        return Amount(number % base, number // base % base, number // base**2)

    return st.integers(0, base**3 - 1).map(amount)


def _trials() -> st.SearchStrategy[Trial]:
    return st.builds(
        Trial,
        kernel=st.sampled_from(KERNELS),
        model=st.sampled_from(MODELS),
        action=st.sampled_from(["new", "refine"]),
        strategy=st.sampled_from(STRATEGIES),
        parent=st.sampled_from(["", "c0", "c1", "lost"]),
        cost=_amounts(100),
        accepted=st.booleans(),
        speedup=SPEEDUPS,
    )


def run_down(
    policy: Policy, view: View, speedups: dict[str, float | None], rng: Generator | None = None
) -> tuple[list[Trial], Decision]:
    """Let a policy spend until it stops; every answer of a model has the speedup given for it."""
    trials: list[Trial] = list(view.trials)
    options = view.options
    for step in range(10_000):
        now = view_of(*options, cap=view.cap, trials=tuple(trials))
        decision = policy.decide(replace(now, width=view.width), np.random.default_rng(step))
        pruned = {name for name, _ in decision.pruned}
        options = tuple(each for each in options if each.id not in pruned)
        if not decision.funded:
            return trials, decision
        trials += [trial_of(f.option, speedup=speedups[f.option.model]) for f in decision.funded]
    raise AssertionError(f"{policy.name} never stops")
