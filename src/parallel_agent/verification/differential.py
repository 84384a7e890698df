"""Gates: the candidate answers as the original does, at every size and every time."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agent.verification.gate import Examination, Rejection
from parallel_agent.verification.reference import Case, thread_counts

REPETITIONS = 3
"""How often the inputs of the repetition gate are run anew with every number of threads."""


class DifferentialGate:
    """Edge-case and random inputs, at 1, 2, all and twice as many threads as cores."""

    name = "differential"

    def check(self, examination: Examination) -> str:
        """Run every case with every number of threads on the optimized build."""
        cases = list(examination.reference.check_cases())
        counts = thread_counts(examination.threads)
        _compare(examination, cases, counts)
        return f"{len(cases)} inputs at {_shown(counts)} threads"


class TimingSizeGate:
    """The sizes that are timed: that is where guarded parallel code runs at all."""

    name = "timing size"

    def check(self, examination: Examination) -> str:
        """Run one input of every timed size with every number of threads."""
        cases = list(examination.reference.timing_cases())
        counts = thread_counts(examination.threads)
        _compare(examination, cases, counts)
        return f"{len(cases)} inputs at {_shown(counts)} threads"


class RepetitionGate:
    """The same input again and again: results may not depend on how threads are scheduled."""

    name = "repetition"

    def check(self, examination: Examination) -> str:
        """Repeat the second largest timed size, with all and with too many threads."""
        reference = examination.reference
        timed = list(reference.timing_cases())[-2:] or list(reference.check_cases())[-1:]
        counts = thread_counts(examination.threads)[-2:]
        try:
            _compare(examination, timed[:1] * REPETITIONS, counts)
        except Rejection as rejection:
            raise Rejection(f"not the same every time: {rejection}") from None
        return f"{REPETITIONS} repetitions at {_shown(counts)} threads"


def _compare(examination: Examination, cases: Sequence[Case], counts: Sequence[int]) -> None:
    """Run the optimized build on the cases; Rejection where it answers differently or fails."""
    if examination.optimized is None:
        raise Rejection("could not be checked: there is no binary")
    for threads in counts:
        found = examination.reference.run_cases(examination.optimized, threads, cases)
        if found:
            raise Rejection(found)


def _shown(counts: Sequence[int]) -> str:
    return ", ".join(str(count) for count in counts)
