"""Gate: what came before a call, or comes with it, does not change the answer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parallel_agent.toolchain.runner import Worker, WorkerError
from parallel_agent.verification.gate import Examination, Rejection
from parallel_agent.verification.reference import Case, Reference

BATCH = 8
"""Calls that are handed over together, as calls are when they are timed."""
ROUNDS = 2
_PERTURBED = {"MALLOC_PERTURB_": "165"}
"""The C library fills memory that it gives out or takes back: nobody reads zeros by luck."""


class HistoryGate:
    """The checking inputs in a random order, each again, and several in one batch."""

    name = "history"

    def check(self, examination: Examination) -> str:
        """Run the optimized build in one process; Rejection where an answer differs."""
        reference = examination.reference
        if examination.optimized is None:
            raise Rejection("could not be checked: there is no binary")
        cases = examination.small_cases()
        order = np.random.default_rng([reference.seed, 5000])
        threads = max(2, examination.threads)
        with reference.worker(examination.optimized, threads, env=_PERTURBED) as worker:
            try:
                for _ in range(ROUNDS):
                    for position in order.permutation(len(cases)):
                        _ask(reference, worker, cases[position])
                batches = sum(_ask_together(reference, worker, cases))
            except WorkerError as error:
                raise Rejection(f"{error} (in another order, {threads} threads)") from None
        return f"{len(cases)} inputs {ROUNDS} times in another order, {batches} calls in batches"


def _ask(reference: Reference, worker: Worker, case: Case) -> None:
    (expected,) = reference.answers([case])
    found = reference.compare(expected, worker.call(case.payload), sizes=case.sizes)
    if found:
        raise Rejection(f"another answer after other calls: {found} ({case})")


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
