"""Gate: the candidate answers the same every time."""

from __future__ import annotations

from dataclasses import replace

from parallel_agent.verification.differential import run_and_compare, shown
from parallel_agent.verification.gate import Examination, Rejection
from parallel_agent.verification.reference import thread_counts

REPETITIONS = 3
"""How often the inputs of the repetition gate are run anew with every number of threads."""


class RepetitionGate:
    """The same input again and again: results may not depend on how threads are scheduled."""

    name = "repetition"

    def check(self, examination: Examination) -> str:
        """Repeat the second largest timed size, with all and with too many threads."""
        reference = examination.reference
        timed = list(reference.timing_cases())[-2:] or list(reference.check_cases())[-1:]
        counts = thread_counts(examination.threads)[-2:]
        try:
            run_and_compare(examination, timed[:1] * REPETITIONS, counts)
        except Rejection as rejection:
            if rejection.failure is None:
                raise
            found = f"not the same every time: {rejection.failure.difference}"
            raise Rejection(replace(rejection.failure, difference=found)) from None
        return f"{REPETITIONS} repetitions at {shown(counts)} threads"
