"""Sequential refinement: one line of work per kernel, each step from the best so far."""

from __future__ import annotations

from numpy.random import Generator

from parallel_agent.budget.allocation import Decision, Option, Trial, View
from parallel_agent.budget.policies.purse import Purse, models_by_cost


class Sequential:
    """What an agent without a budget does: write, look at what was found, refine, repeat."""

    name = "sequential"

    def decide(self, view: View, rng: Generator) -> Decision:
        """Fund a step from the best candidate of the kernels that have fewest trials.

        From the last candidate, to be repaired, where none was accepted; a new start where there is
        no candidate, or where it cannot be refined. One step of a kernel at a time.
        """
        purse = Purse(view)
        cheapest = models_by_cost(view)[:1]
        if purse.fund_free():
            return purse.decision()
        parents = _parents(view.trials)
        stepping: set[str] = set()
        while not purse.full():
            options = [
                option
                for option in purse.affordable()
                if option.model in cheapest and option.kernel not in stepping
            ]
            onward = _onward(options, parents)
            if not onward:
                break
            chosen = min(onward, key=lambda o: (purse.tried[o.kernel], purse.share(o.cost)))
            purse.fund(chosen, f"step {purse.tried[chosen.kernel] + 1} of {chosen.kernel}")
            stepping.add(chosen.kernel)
        return purse.decision()


def _parents(trials: tuple[Trial, ...]) -> dict[str, str]:
    """By kernel the fastest accepted candidate, or else the last one."""
    best: dict[str, Trial] = {}
    for trial in trials:
        before = best.get(trial.kernel)
        if trial.candidate and (before is None or _rank(trial) >= _rank(before)):
            best[trial.kernel] = trial
    return {kernel: trial.candidate for kernel, trial in best.items()}


def _rank(trial: Trial) -> tuple[bool, float]:
    return (trial.accepted, trial.speedup if trial.accepted else 0.0)


def _onward(options: list[Option], parents: dict[str, str]) -> list[Option]:
    """Refinements of the parents, and new starts for kernels where none is offered."""
    refining = [
        option
        for option in options
        if option.action == "refine" and option.parent == parents.get(option.kernel)
    ]
    underway = {option.kernel for option in refining}
    return refining + [o for o in options if o.action == "new" and o.kernel not in underway]
