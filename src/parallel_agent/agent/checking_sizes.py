"""At which sizes a candidate is checked that nobody is going to time."""

from __future__ import annotations

import math

from parallel_agent.agent.study import Probe, chosen_sizes
from parallel_agent.measurement.plan import MIB, SizeLimits
from parallel_agent.measurement.sizes import choose_sizes
from parallel_agent.settings import Settings
from parallel_agent.verification.reference import Reference

LIMITS = SizeLimits(max_seconds=0.02, max_bytes=8 * MIB)
"""Of the largest: under the race detector everything takes 10 to 50 times as long."""


def checking_sizes(
    reference: Reference, given: Settings, limits: SizeLimits = LIMITS
) -> tuple[dict[str, int], ...]:
    """The user's own sizes, else the contract's, else a large and a middling one, smallest first.

    The large one is within the limits. Small sizes are checked anyway. Raises SettingsError for sizes
    that the contract does not allow, WorkerError where the original fails.
    """
    contract = reference.contract
    sizes = chosen_sizes(given.size, contract) or list(contract.timing)
    if not sizes:
        bases = choose_sizes(Probe(reference, contract), limits)
        sizes = [contract.sizes(base) for base in bases[-2:]]
    return tuple(sorted(sizes, key=lambda chosen: math.prod(chosen.values())))
