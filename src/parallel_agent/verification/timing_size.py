"""Gate: the candidate answers as the original does at the sizes that are timed."""

from __future__ import annotations

from parallel_agent.verification.differential import run_and_compare, shown
from parallel_agent.verification.gate import Examination
from parallel_agent.verification.reference import thread_counts


class TimingSizeGate:
    """The sizes that are timed: that is where guarded parallel code runs at all."""

    name = "timing size"

    def check(self, examination: Examination) -> str:
        """Run one input of every timed size with every number of threads."""
        cases = examination.large_cases()
        counts = thread_counts(examination.threads)
        run_and_compare(examination, cases, counts)
        return f"{len(cases)} inputs at {shown(counts)} threads"
