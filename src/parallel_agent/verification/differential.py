"""Gate: the candidate answers as the original does, on edge-case and random inputs."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agent.verification.gate import Examination, Rejection
from parallel_agent.verification.reference import Case, thread_counts


class DifferentialGate:
    """Small inputs at 1, 2, all and twice as many threads as cores; read-only inputs untouched."""

    name = "differential"

    def check(self, examination: Examination) -> str:
        """Run every case with every number of threads on the optimized build."""
        cases = examination.small_cases()
        counts = thread_counts(examination.threads)
        run_and_compare(examination, cases, counts)
        return f"{len(cases)} inputs at {shown(counts)} threads"


def run_and_compare(examination: Examination, cases: Sequence[Case], counts: Sequence[int]) -> None:
    """Run the optimized build on the cases; Rejection where it answers differently or fails."""
    if examination.optimized is None:
        raise Rejection("could not be checked: there is no binary")
    for threads in counts:
        found = examination.reference.run_cases(examination.optimized, threads, cases)
        if found:
            raise Rejection(found)


def shown(counts: Sequence[int]) -> str:
    """Numbers of threads, in words."""
    return ", ".join(str(count) for count in counts)
