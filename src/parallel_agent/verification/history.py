"""Gate: what came before a call, or comes with it, does not change the answer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parallel_agent.toolchain.runner import Worker, WorkerError
from parallel_agent.verification.gate import Examination, Rejection
from parallel_agent.verification.reference import PERTURBED, Case, Reference

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
        with reference.worker(examination.optimized, threads, env=PERTURBED) as worker:
            try:
                batches = sum(_ask_together(reference, worker, cases))
            except WorkerError as error:
                raise Rejection(f"{error} (in a batch, {threads} threads)") from None
        return f"{len(cases)} inputs {ROUNDS} times in another order, {batches} calls in batches"


def _ask_together(reference: Reference, worker: Worker, cases: list[Case]) -> Iterator[int]:
    """Inputs of the larger sizes handed over together; how many there were."""
    for case in cases[-2:]:
        rng = np.random.default_rng([*case.seed, 5000])
        payload = bytes(reference.workload.payload(case.sizes, rng, BATCH))
        with reference.worker(reference.binary, 1) as original:
            expected = original.call(payload, BATCH)
        found = reference.compare(expected, worker.call(payload, BATCH), BATCH, sizes=case.sizes)
        if found:
            raise Rejection(f"another answer among other calls: {found} ({case})")
        yield BATCH
