"""Whom to fund, whom to prune, when to stop: the policies, by name.

A policy decides on the `View` alone, so that a run which is resumed decides as it did, and two
policies can be compared on the same recorded answers (``tools/policy_simulation.py``).
"""

from __future__ import annotations

from typing import Protocol

from numpy.random import Generator

from parallel_agent.budget.allocation import (
    Action,
    Decision,
    Funding,
    Option,
    Standing,
    Trial,
    View,
)
from parallel_agent.budget.policies.best_of_n import BestOfN
from parallel_agent.budget.policies.cost_aware import CostAware
from parallel_agent.budget.policies.sequential import Sequential
from parallel_agent.budget.policies.uniform import Uniform

__all__ = [
    "POLICIES",
    "Action",
    "Decision",
    "Funding",
    "Option",
    "Policy",
    "Standing",
    "Trial",
    "View",
]


class Policy(Protocol):
    """Decides what to pay for next."""

    @property
    def name(self) -> str:
        """What it is called on the command line and in the report."""
        ...

    def decide(self, view: View, rng: Generator) -> Decision:
        """Fund options, or say why to stop: the same for the same view and state of ``rng``.

        The bounds of all that is funded fit into ``view.available`` together, and no more than
        ``view.width`` options are funded.
        """
        ...


POLICIES: dict[str, Policy] = {
    policy.name: policy for policy in (CostAware(), BestOfN(), Sequential(), Uniform())
}
