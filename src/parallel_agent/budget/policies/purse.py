"""What every policy does alike: weigh an option, and commit no more than there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from parallel_agent.budget.allocation import Decision, Funding, Option, View
from parallel_agent.budget.estimates import Estimate, Estimates
from parallel_agent.budget.money import NANO_PER_USD, NanoUSD, format_usd


@dataclass(frozen=True, slots=True)
class Weighed:
    """An option with what it promises; ``gain`` is that of the log of the set's geometric mean."""

    option: Option
    estimate: Estimate
    gain: float

    @property
    def per_dollar(self) -> float:
        """The expected gain for each dollar that it is expected to cost, infinite if free."""
        if self.option.free:
            return float("inf")
        return self.gain * NANO_PER_USD / max(1, self.option.cost)

    @property
    def numbers(self) -> dict[str, float]:
        """For the event: all finite, so 0 per dollar for what is free."""
        return {
            "success": self.estimate.success,
            "novelty": self.estimate.novelty,
            "improvement": self.estimate.improvement,
            "gain": self.gain,
            "cost_usd": self.option.cost / NANO_PER_USD,
            "bound_usd": self.option.bound / NANO_PER_USD,
            "gain_per_usd": 0.0 if self.option.free else self.per_dollar,
        }

    def __str__(self) -> str:
        promise = f"p(success) {self.estimate.success:.2f}, expected gain {self.gain:.2%}"
        if self.option.free:
            return f"{promise}, free"
        return f"{promise} for {self.option.cost / NANO_PER_USD:.2g} USD"


class Purse:
    """The options of a view, and what of the money is committed while a decision is made.

    ``tried`` counts trials, and what was just funded, by kernel.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self.left: NanoUSD = view.available
        self.tried = Counter(trial.kernel for trial in view.trials)
        self._strategies = Counter((trial.kernel, trial.strategy) for trial in view.trials)
        self._estimates = Estimates(view.standings, view.trials)
        self._funded: dict[str, Funding] = {}

    def weigh(self, option: Option) -> Weighed:
        """What an option promises; what is in the purse already counts as a failure."""
        estimate = self._estimates.of(option)
        return Weighed(option, estimate, estimate.gain / len(self.view.standings))

    def affordable(self) -> list[Option]:
        """The options that are not funded yet and fit into what is left, as they were offered."""
        return [
            option
            for option in self.view.options
            if option.bound <= self.left and option.id not in self._funded
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
        if option.bound > self.left or option.id in self._funded:
            raise ValueError(f"{option.id} cannot be funded")
        weighed = self.weigh(option)
        self._funded[option.id] = Funding(option, f"{why}: {weighed}", weighed.numbers)
        self.left -= option.bound
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
        cheapest = min(option.bound for option in self.view.options)
        if cheapest <= self.left:
            return "nothing is left that this policy would try"
        return (
            f"the cheapest option may cost {format_usd(cheapest)} USD, "
            f"and {format_usd(max(0, self.left))} USD is left"
        )

    def _tries(self, option: Option) -> int:
        return self._strategies[option.kernel, option.strategy]


def models_by_cost(options: Iterable[Option]) -> list[str]:
    """The models that cost something, the cheapest first, by the mean expected cost of an option."""
    costs: dict[str, list[NanoUSD]] = {}
    for option in options:
        if not option.free:
            costs.setdefault(option.model, []).append(option.cost)
    return sorted(costs, key=lambda model: (sum(costs[model]) / len(costs[model]), model))
