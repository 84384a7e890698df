"""Inputs on which the original's results come near the ends of what their type can hold.

A product of many factors wanders over the range of its type. Where it leaves it, and whether, depends
on the order of the factors: the original may answer infinity where threads that multiply their own
shares do not, or the other way round. That shows on a few inputs of a hundred or of a thousand. So
the original is asked for many, and a candidate for those that came nearest to an end.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import numpy as np

from parallel_agent.kernel.codec import decode_calls
from parallel_agent.toolchain.memory import Payload
from parallel_agent.verification.reference import Reference
from parallel_agent.verification.results import floating_results, real

NEAR = 0.5
"""Of the largest binary exponent. A logarithm that wanders as far as that on one of a hundred inputs
is twice as far out on few of a hundred thousand, if it is about normally distributed."""
TRIED = 64
"""Inputs that must have a result as near as that before more are drawn."""
DRAWS = 1000
SECONDS = 3.0
"""For each size, once for all candidates."""
KEPT = 16
"""Inputs that candidates are asked for."""
_MOST_ELEMENTS = 4096

Seed = tuple[int, ...]


def near_the_ends(
    reference: Reference, sizes: Mapping[str, int], seeds: Iterable[Seed]
) -> list[Seed]:
    """Those of an input's seeds whose results are nearest to the ends of their range.

    None where the results for the first of them stay in the middle of it. WorkerError where the
    original fails.
    """
    started, near, reached = time.monotonic(), False, list[tuple[float, Seed]]()
    with reference.worker(reference.binary, 1) as original:
        for number, seed in enumerate(islice(seeds, DRAWS)):
            late = time.monotonic() - started > SECONDS / (1 if near else 8)
            if late or (number >= TRIED and not near):
                break
            case = reference.case(sizes, seed)
            reach = _reach(reference, original.call(case.payload))
            near = near or reach > NEAR
            reached.append((reach, seed))
    return [seed for _, seed in heapq.nlargest(KEPT, reached)] if near else []


def _reach(reference: Reference, answer: Payload) -> float:
    return float(shares(reference, answer).max(initial=0.0))


def shares(reference: Reference, answer: Payload) -> np.ndarray[Any, Any]:
    """How near an answer's numbers lie to the ends of their range: a flat array, without zeros.

    The absolute binary exponent as a share of the type's largest, infinite for what is not finite. Of
    a long result some thousand elements are looked at.
    """
    (outputs,) = decode_calls(reference.signature, answer, 1)
    results = floating_results(reference.signature, reference.contract.comparison, outputs)
    found = [_shares(real(values)) for values in results.values()]
    return np.concatenate([np.empty(0), *found])


def _shares(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    some = values[:: len(values) // _MOST_ELEMENTS | 1]
    some = some[some != 0]
    exponents = np.abs(np.frexp(some)[1]) / np.finfo(some.dtype).maxexp
    return np.where(np.isfinite(some), exponents, np.inf)
