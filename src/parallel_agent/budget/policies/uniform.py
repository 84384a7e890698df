"""Uniform: any option that is affordable, with equal probability."""

from __future__ import annotations

from numpy.random import Generator

from parallel_agent.budget.allocation import Decision, View
from parallel_agent.budget.policies.purse import Purse


class Uniform:
    """The yardstick: whatever cannot beat it has learned nothing."""

    name = "uniform"

    def decide(self, view: View, rng: Generator) -> Decision:
        """Fund options drawn at random, what is free first."""
        purse = Purse(view)
        if purse.fund_free():
            return purse.decision()
        while not purse.full() and (options := purse.affordable()):
            purse.fund(options[int(rng.integers(len(options)))], "drawn at random")
        return purse.decision()
