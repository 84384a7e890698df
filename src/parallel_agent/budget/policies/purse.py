"""What every policy does alike: weigh an option, and commit no more than there is.

An option that takes money, tokens and time is weighed by the largest share that it takes of what is
left of any of them: where time is short the fast one is cheap, and where money is, the free one. It
is the measure of dominant resource fairness (A. Ghodsi et al., NSDI 2011, section 3), and of greedy
packing into knapsacks with several bounds; with money alone it orders options as their price does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from parallel_agent.budget.allocation import Decision, Funding, Option, View
from parallel_agent.budget.amount import CURRENCIES, Amount, amount_text, text_of
from parallel_agent.budget.estimates import Estimate, Estimates
from parallel_agent.budget.money import NANO_PER_USD


@dataclass(frozen=True, slots=True)
class Weighed:
    """An option with what it promises, and the share that it takes of what is left (see above).

    ``gain`` is that of the log of the set's geometric mean.
    """

    option: Option
    estimate: Estimate
    gain: float
    share: float

    @property
    def per_cost(self) -> float:
        """The expected gain for what it is expected to cost, as such a share; infinite if free."""
        if self.option.free:
            return math.inf
        return self.gain / self.share if self.share > 0 else math.inf

    @property
    def numbers(self) -> dict[str, float]:
        """For the event: all finite, so 0 per dollar for what costs none."""
        cost, bound = self.option.cost, self.option.bound
        usd = cost.nano_usd / NANO_PER_USD
        return {
            "success": self.estimate.success,
            "novelty": self.estimate.novelty,
            "improvement": self.estimate.improvement,
            "gain": self.gain,
            "cost_usd": usd,
            "bound_usd": bound.nano_usd / NANO_PER_USD,
            "gain_per_usd": self.gain / usd if usd else 0.0,
            **_counted("cost", cost),
            **_counted("bound", bound),
            "share": self.share if math.isfinite(self.share) else 1.0,
        }

    def __str__(self) -> str:
        promise = f"p(success) {self.estimate.success:.2f}, expected gain {self.gain:.2%}"
        if self.option.free:
            return f"{promise}, free"
        return f"{promise} for {_roughly(self.option.cost)}"


def _counted(name: str, amount: Amount) -> dict[str, float]:
    """Tokens and seconds, where they are counted."""
    found = {"tokens": float(amount.tokens), "seconds": amount.milliseconds / 1000}
    return {f"{name}_{unit}": value for unit, value in found.items() if value}


def _roughly(amount: Amount) -> str:
    usd, others = amount.nano_usd / NANO_PER_USD, replace(amount, nano_usd=0)
    told = [f"{usd:.2g} USD"] if usd else []
    return ", ".join([*told, *([amount_text(others)] if others != Amount() else [])]) or "0 USD"


class Purse:
    """The options of a view, and what is committed while a decision is made.

    ``tried`` counts trials, and what was just funded, by kernel.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self.left = view.available
        self.tried = Counter(trial.kernel for trial in view.trials)
        self._strategies = Counter((trial.kernel, trial.strategy) for trial in view.trials)
        self._estimates = Estimates(view.standings, view.trials)
        self._funded: dict[str, Funding] = {}

    def weigh(self, option: Option) -> Weighed:
        """What an option promises; what is in the purse already counts as a failure."""
        estimate = self._estimates.of(option)
        gain = estimate.gain / len(self.view.standings)
        return Weighed(option, estimate, gain, self.share(option.cost))

    def share(self, amount: Amount) -> float:
        """The largest part of what was left before this decision."""
        return self.view.available.share(amount)

    def affordable(self) -> list[Option]:
        """The options that are not funded yet and fit into what is left, as they were offered."""
        return [
            option
            for option in self.view.options
            if self.left.holds(option.bound) and option.id not in self._funded
        ]

    def diverse(self, options: Iterable[Option]) -> list[Option]:
        """New starts with the strategies least tried on their kernel, and all refinements."""
        options = list(options)
        least: dict[tuple[str, str], int] = {}
        for option in options:
            if option.action == "new":
                pair, tried = (option.kernel, option.model), self._tries(option)
                least[pair] = min(tried, least.get(pair, tried))
        return [
            option
            for option in options
            if option.action != "new" or self._tries(option) == least[option.kernel, option.model]
        ]

    def fund(self, option: Option, why: str) -> None:
        """Commit the option's bound; ValueError if it does not fit."""
        if not self.left.holds(option.bound) or option.id in self._funded:
            raise ValueError(f"{option.id} cannot be funded")
        weighed = self.weigh(option)
        self._funded[option.id] = Funding(option, f"{why}: {weighed}", weighed.numbers)
        self.left = self.left.minus(option.bound)
        self.tried[option.kernel] += 1
        self._strategies[option.kernel, option.strategy] += 1
        self._estimates.pretend_failure(option)

    def fund_free(self) -> bool:
        """Fund what costs nothing, as it was offered; whether there was any."""
        free = [option for option in self.affordable() if option.free]
        for option in free[: self.view.width]:
            self.fund(option, "free")
        return bool(free)

    def full(self, width: int | None = None) -> bool:
        """Whether as much is funded as can be at work at once."""
        return len(self._funded) >= (self.view.width if width is None else width)

    def decision(self, pruned: Iterable[tuple[str, str]] = (), stop: str = "") -> Decision:
        """What was funded, or why nothing was: ``stop``, or that nothing is affordable."""
        if self._funded:
            stop = ""
        elif not stop:
            stop = self._why_nothing()
        return Decision(tuple(self._funded.values()), tuple(pruned), stop)

    def _why_nothing(self) -> str:
        if not self.view.options:
            return "nothing is left to try"
        bounds = [option.bound for option in self.view.options]
        if any(self.left.holds(bound) for bound in bounds):
            return "nothing is left that this policy would try"
        cheapest = min(bounds, key=self._excess)
        short = self.left.short_of(cheapest)
        most = ", ".join(text_of(getattr(cheapest, name), name) for name in short)
        left = ", ".join(text_of(max(0, getattr(self.left, name)), name) for name in short)
        return f"the cheapest option may cost {most}, and {left} is left"

    def _excess(self, bound: Amount) -> tuple[float, tuple[int, ...]]:
        """How far a bound is from what is left, in the currency where that is the most."""
        return self.left.share(bound), tuple(getattr(bound, name) for name in CURRENCIES)

    def _tries(self, option: Option) -> int:
        return self._strategies[option.kernel, option.strategy]


def models_by_cost(view: View) -> list[str]:
    """The models that cost something, the cheapest first.

    By the mean share that an option is expected to take of what is left, then by what that is.
    """
    means = _mean_costs(view)
    return sorted(means, key=lambda model: (view.available.share(means[model]), model))


def strongest_model(view: View) -> str:
    """The one that is taken for the strongest: the dearest, or else the slowest; empty for none."""
    means = _mean_costs(view)

    def key(model: str) -> tuple[int, int, int, str]:
        mean = means[model]
        return mean.nano_usd, mean.milliseconds, mean.tokens, model

    return max(means, key=key, default="")


def _mean_costs(view: View) -> dict[str, Amount]:
    """What an option is expected to cost, by model, for those that cost something."""
    costs: dict[str, list[Amount]] = {}
    for option in view.options:
        if not option.free:
            costs.setdefault(option.model, []).append(option.cost)
    return {model: sum(own, Amount()).times(1 / len(own)) for model, own in costs.items()}
