"""Values with which results at the timed sizes stay inside the range of their type.

A product of a million factors from -10 to 10 is infinite or not a number, and a recurrence runs away:
such results tell no right candidate from a wrong one. Then factors are drawn near one, and the
values that were inferred stay as a variant, for checking at small sizes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from parallel_agent.agent.checking_sizes import checking_sizes
from parallel_agent.kernel.contract import Contract, ParameterContract, Values
from parallel_agent.kernel.leaves import Leaf, leaves_of
from parallel_agent.kernel.source import Kernel
from parallel_agent.kernel.types import String
from parallel_agent.measurement.plan import MIB, SizeLimits
from parallel_agent.settings import Settings
from parallel_agent.verification.range_ends import NEAR, shares
from parallel_agent.verification.reference import Reference

SPANS = (0.5, 0.1, 0.01, 1e-3, 1e-4)
"""How far from one values are drawn, the farthest that does it."""
LIMITS = SizeLimits(max_seconds=0.25, max_bytes=8 * MIB)
"""Of the size that is looked at, where nobody has given one."""
FEWEST, MOST, SECONDS = 4, 16, 0.5
"""Inputs that are looked at for each, as many as the time allows."""
LOST = 0.2
"""Of the results: more near the ends of the range, or beyond them, say little."""
CALM = 0.1
"""Of the largest binary exponent, at most, with the values near one: timed sizes may be larger."""
_SEED = 7000

IN_RANGE = (
    "Results at the timed sizes leave the range of their type with the more general values, which"
    " are a variant."
)


def kept_in_range(reference: Reference, kernel: Kernel, given: Settings) -> Contract:
    """The contract, with values near one where most results leave their range without.

    The user's own contract stays as it is, and one for which no such values help. Raises
    SettingsError for sizes that the contract does not allow, WorkerError where the original fails.
    """
    contract = reference.contract
    if given.contract is not None or not any(_reals(contract, kernel)):
        return contract
    sizes = checking_sizes(reference, given, LIMITS)[-1]
    found = _exponents(reference, sizes)
    if np.count_nonzero(found > NEAR) <= LOST * len(found):
        return contract
    for span in SPANS:
        changed = _near_one(contract, kernel, span)
        tried = contract.model_copy(update={"parameters": {**contract.parameters, **changed}})
        if not changed:
            continue
        found = _exponents(replace(reference, contract=tried), sizes)
        if len(found) and found.max() <= CALM:  # nothing but zeros would say as little
            former = {name: contract.parameters[name] for name in changed}
            return tried.model_copy(update={"variants": [former, *contract.variants]})
    return contract


def _exponents(reference: Reference, sizes: Mapping[str, int]) -> np.ndarray[Any, Any]:
    """How near the results for some inputs are to the ends of their range, zeros left out."""
    started, found = time.monotonic(), [np.zeros(0)]
    with reference.worker(reference.binary, 1) as original:
        for draw in range(MOST):
            if draw >= FEWEST and time.monotonic() - started > SECONDS:
                break
            case = reference.case(sizes, (reference.seed, _SEED, draw))
            found.append(shares(reference, original.call(case.payload)))
    return np.concatenate(found)


def _reals(contract: Contract, kernel: Kernel) -> Iterator[tuple[Leaf, Values]]:
    """The real numbers among the parameters that are drawn one by one, with their domains."""
    for leaf in leaves_of(kernel, contract):
        values = leaf.of(contract)
        real = not isinstance(leaf.type, String) and leaf.type.kind in ("float", "complex")
        plain = Values(kind="uniform", low=values.low, high=values.high) if values else None
        if real and values is not None and values == plain:
            yield leaf, values


def _near_one(contract: Contract, kernel: Kernel, span: float) -> dict[str, ParameterContract]:
    """The parameters that are real numbers, drawn from the part of their domain around one."""
    changed: dict[str, ParameterContract] = {}
    for leaf, values in _reals(contract, kernel):
        low, high = max(float(values.low), 1.0 - span), min(float(values.high), 1.0 + span)
        if low < high:
            given = changed.get(leaf.parameter, contract.parameters[leaf.parameter])
            narrow = values.model_copy(update={"low": low, "high": high})
            changed[leaf.parameter] = leaf.changed(given, narrow)
    return changed
