"""The default: the best expected gain of the set's score for its cost, learned while spending.

Greedy in the expected improvement per unit of cost, after a cheap initial design, as in cost-aware
Bayesian optimization (J. Snoek, H. Larochelle, R. P. Adams: Practical Bayesian optimization of machine
learning algorithms, NeurIPS 2012, section 3.2; E. H. Lee et al.: Cost-aware Bayesian optimization,
2020). What is learned, and from which priors, is in `estimates`.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from numpy.random import Generator

from parallel_agent.budget.allocation import Decision, Option, Standing, View
from parallel_agent.budget.amount import NOTHING, Amount
from parallel_agent.budget.policies.purse import Purse, Weighed, models_by_cost, strongest_model

OPENING_SHARE = 0.5
"""The most of the cap that the first samples of all kernels may be expected to cost."""
NEAR_CEILING = 0.9
"""From this share of the speedup at the machine's bound on, a kernel is done: the bound is rough."""
WITHIN_REACH = 2.0
"""The speedup that is expected of any kernel: two threads at least. Its bound may be far above."""
WORTH = 0.002
"""Of the log of a kernel's speedup: an answer that promises less is not worth asking for."""
LEARNED = 3
"""Trials of the strongest model after which its own record decides what is kept for it."""


@dataclass(frozen=True)
class CostAware:
    """First samples, then gain for the cost, with a share kept for a stronger model.

    ``opening`` samples of every kernel by the cheapest model come first, fewer where they would
    cost half of the cap. ``share`` of the cap is kept for the dearest model on kernels that are
    still weak. From ``prune_at`` of the cap on, one option of each kernel lives, and the best of
    them is funded alone.
    """

    name: str = "default"
    opening: int = 2
    share: float = 0.25
    prune_at: float = 0.8

    def decide(self, view: View, rng: Generator) -> Decision:
        """Fund what is free, else by expected gain for the cost; prune what cannot win any more."""
        rationing = _Rationing(view, self)
        near_cap = view.used >= self.prune_at
        free = rationing.fund_free()
        pruned = rationing.finished()
        if not free and near_cap:
            pruned += rationing.prune()
        while not free and not rationing.purse.full(1 if near_cap else None):
            if not rationing.fund_best(opening=not near_cap):
                break
        return rationing.purse.decision(pruned, rationing.stop())


class _Rationing:
    """The state of one decision."""

    def __init__(self, view: View, policy: CostAware) -> None:
        self.purse = Purse(view)
        self._view = view
        self._policy = policy
        models, strongest = models_by_cost(view), strongest_model(view)
        self._cheapest = models[0] if models else ""
        self._strongest = strongest if strongest != self._cheapest else ""
        self._done = {standing.kernel for standing in view.standings if _near_ceiling(standing)}
        tried = {trial.kernel for trial in view.trials}
        self._weak = {
            each.kernel for each in view.standings if each.kernel in tried and _weak(each)
        }
        self._samples = Counter(t.kernel for t in view.trials if t.model == self._cheapest)
        self._opening = _opening(view, self._cheapest, policy.opening)
        strong = [trial for trial in view.trials if trial.model == self._strongest]
        self._strong_record = len(strong)
        paid = sum((trial.cost for trial in strong), NOTHING)
        self._share = view.cap.portion(policy.share).minus(paid)

    def fund_free(self) -> bool:
        """Fund what is free and promises something; whether there was any."""
        funded = False
        while not self.purse.full():
            free = [weighed for weighed in self._promising() if weighed.option.free]
            if not free:
                break
            self.purse.fund(max(free, key=lambda weighed: weighed.gain).option, "free")
            funded = True
        return funded

    def fund_best(self, *, opening: bool) -> bool:
        """Fund the next option that costs something; whether there was one."""
        choices = self._allowed()
        first = [weighed for weighed in choices if opening and self._opens(weighed.option)]
        if first:
            least = min(self._samples[weighed.option.kernel] for weighed in first)
            choices = [w for w in first if self._samples[w.option.kernel] == least]
        if not choices:
            return False
        option = max(choices, key=lambda weighed: weighed.per_cost).option
        self.purse.fund(option, self._why(option, opening=bool(first)))
        self._samples[option.kernel] += option.model == self._cheapest
        if option.model == self._strongest:
            self._share = self._share.minus(option.cost)
        return True

    def finished(self) -> list[tuple[str, str]]:
        """The options of kernels that are near the machine's bound."""
        why = f"its kernel is at {NEAR_CEILING:.0%} of the machine's bound or above"
        return [(option.id, why) for option in self._view.options if option.kernel in self._done]

    def prune(self) -> list[tuple[str, str]]:
        """All but the best option of each kernel that has one which may be funded."""
        best: dict[str, Weighed] = {}
        for weighed in self._allowed():
            kernel = weighed.option.kernel
            if kernel not in best or weighed.per_cost > best[kernel].per_cost:
                best[kernel] = weighed
        per = "per dollar" if self._money_alone else "for its share of the caps"
        near = f"{self._policy.prune_at:.0%} of the cap is spent"
        return [
            (option.id, f"{near}: {best[option.kernel].option.id} promises more {per}")
            for option in self._view.options
            if option.kernel in best and option.id != best[option.kernel].option.id
        ]

    def stop(self) -> str:
        """Why nothing is worth its money, where there is money for something."""
        if self._view.options and all(o.kernel in self._done for o in self._view.options):
            return f"every kernel is at {NEAR_CEILING:.0%} of the machine's bound or above"
        if self.purse.affordable() and not self._promising():
            return f"no option is expected to make its kernel {WORTH:.1%} faster"
        return ""

    def _promising(self) -> list[Weighed]:
        options = [o for o in self.purse.affordable() if o.kernel not in self._done]
        weighed = [self.purse.weigh(option) for option in self.purse.diverse(options)]
        return [each for each in weighed if each.estimate.gain >= WORTH]

    def _allowed(self) -> list[Weighed]:
        """What is promising, costs something, and leaves alone what is kept; first samples may not."""
        paid = [weighed for weighed in self._promising() if not weighed.option.free]
        room = self.purse.left.minus(self._kept(paid))
        return [
            weighed
            for weighed in paid
            if room.holds(weighed.option.bound)
            or self._strong_on_weak(weighed.option)
            or self._opens(weighed.option)
        ]

    def _kept(self, paid: list[Weighed]) -> Amount:
        """What is kept for the strongest model; nothing where it has no use for it.

        The share is of what is paid in the end. To reserve its last request takes more: the
        request's bound. Once the model has a record, it has a use for the share only where it
        promises more for its cost than all the rest.
        """
        strong = [
            weighed
            for weighed in paid
            if self._strong_on_weak(weighed.option) and self._share.holds(weighed.option.cost)
        ]
        others = [weighed for weighed in paid if not self._strong_on_weak(weighed.option)]
        if not strong or (self._strong_record >= LEARNED and _best(strong) < _best(others)):
            return NOTHING
        above = (weighed.option.bound - weighed.option.cost for weighed in strong)
        return self._share.whole() + min(above, key=self.purse.share)

    @property
    def _money_alone(self) -> bool:
        """Whether nothing but money has a cap."""
        return self._view.cap.tokens is None and self._view.cap.milliseconds is None

    def _strong_on_weak(self, option: Option) -> bool:
        return option.model == self._strongest and option.kernel in self._weak

    def _opens(self, option: Option) -> bool:
        """Whether it is one of the first samples of its kernel."""
        few = self._samples[option.kernel] < self._opening
        return option.action == "new" and option.model == self._cheapest and few

    def _why(self, option: Option, *, opening: bool) -> str:
        if opening:
            return f"first samples of {option.kernel}"
        if self._strong_on_weak(option):
            return f"the strongest model, {option.kernel} is still weak"
        return f"the most for the money, on {option.kernel}"


def _opening(view: View, model: str, samples: int) -> int:
    """How many first samples a kernel has: so many, or fewer where they would cost too much."""
    costs: dict[str, Amount] = {}
    for option in view.options:
        if option.action == "new" and option.model == model:
            known = costs.get(option.kernel, option.cost)
            costs[option.kernel] = min(option.cost, known, key=view.cap.share)
    affordable = OPENING_SHARE * view.cap.pays_for(sum(costs.values(), NOTHING))
    return max(1, math.floor(min(samples, affordable)))


def _near_ceiling(standing: Standing) -> bool:
    return standing.ceiling is not None and standing.best >= NEAR_CEILING * standing.ceiling


def _weak(standing: Standing) -> bool:
    """Less than half way, in logarithms, to what is within reach under the machine's bound."""
    ceiling = WITHIN_REACH if standing.ceiling is None else min(standing.ceiling, WITHIN_REACH)
    return standing.best**2 < ceiling


def _best(weighed: list[Weighed]) -> float:
    return max((each.per_cost for each in weighed), default=0.0)
