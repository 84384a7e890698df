"""Best of n: independent samples of the cheapest model, spread evenly over the kernels."""

from __future__ import annotations

from numpy.random import Generator

from parallel_agent.budget.allocation import Decision, View
from parallel_agent.budget.policies.purse import Purse, models_by_cost


class BestOfN:
    """Never refines, never learns, stops when the money does: as good as it is simple."""

    name = "best_of_n"

    def decide(self, view: View, rng: Generator) -> Decision:
        """Fund new starts on the kernels that have fewest trials, in diverse strategies."""
        purse = Purse(view)
        cheapest = models_by_cost(view)[:1]
        if purse.fund_free():
            return purse.decision()
        while not purse.full():
            options = [
                option
                for option in purse.affordable()
                if option.action == "new" and option.model in cheapest
            ]
            if not options:
                break
            chosen = min(
                purse.diverse(options), key=lambda o: (purse.tried[o.kernel], purse.share(o.cost))
            )
            purse.fund(chosen, f"sample {purse.tried[chosen.kernel] + 1} of {chosen.kernel}")
        return purse.decision()
