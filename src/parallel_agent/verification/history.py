"""Gate: what came before a call, or comes with it, does not change the answer."""

from __future__ import annotations

import numpy as np

from parallel_agent.verification.gate import Examination, Rejection
from parallel_agent.verification.reference import Case, Reference

BATCH = 8
"""Calls that are handed over together, as calls are when they are timed."""
ROUNDS = 2


class HistoryGate:
    """The checking inputs in a random order, each again, and several in one batch."""

    name = "history"

    def check(self, examination: Examination) -> str:
        """Run the optimized build in one process; Rejection where an answer differs."""
        if examination.optimized is None:
            raise Rejection("could not be checked: there is no binary")
        reference, threads = examination.reference, max(2, examination.threads)
        cases = examination.small_cases()
        order = np.random.default_rng([reference.seed, 5000])
        shuffled = [cases[k] for _ in range(ROUNDS) for k in order.permutation(len(cases))]
        failure = reference.run_cases(examination.optimized, threads, shuffled)
        if failure is not None:
            raise Rejection(failure)
        batches = [_batch(reference, case) for case in cases[-2:]]
        failure = reference.run_cases(examination.optimized, threads, batches)
        if failure is not None:
            raise Rejection(failure)
        calls = len(batches) * BATCH
        return f"{len(cases)} inputs {ROUNDS} times in another order, {calls} calls in batches"


def _batch(reference: Reference, case: Case) -> Case:
    """Inputs of the size of a case that are handed over together."""
    return reference.case(case.sizes, (*case.seed, 5000), calls=BATCH)
