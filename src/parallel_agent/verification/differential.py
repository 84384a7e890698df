"""Gates: the candidate answers as the original does, at small sizes and at those that are timed."""

from __future__ import annotations

import re
from pathlib import Path

from parallel_agent.toolchain.runner import WorkerDied, WorkerError
from parallel_agent.verification.build import build
from parallel_agent.verification.gate import Examination, Rejection
from parallel_agent.verification.reference import thread_counts

REPETITIONS = 3
"""How often the inputs of the repetition gate are run anew with every number of threads."""
_FINDING = re.compile(r"runtime error: .*|(?<=SUMMARY: ).*|Assertion .*")


def _optimized(examination: Examination) -> Path:
    if examination.optimized is None:
        raise Rejection("could not be checked: there is no binary")
    return examination.optimized


class DifferentialGate:
    """Edge-case and random inputs, at 1, 2, all and twice as many threads as cores."""

    name = "differential"

    def check(self, examination: Examination) -> str:
        """Run every case with every number of threads on the optimized build."""
        reference = examination.reference
        cases = list(reference.check_cases())
        for threads in thread_counts(examination.threads):
            found = reference.run_cases(_optimized(examination), threads, cases)
            if found:
                raise Rejection(found)
        return f"{len(cases)} inputs at {_shown(thread_counts(examination.threads))} threads"


class SanitizerGate:
    """The same inputs, and those of the timed sizes, under the sanitizers."""

    name = "sanitizers"

    def check(self, examination: Examination) -> str:
        """Build with address and undefined-behaviour sanitizers and run with several threads."""
        compiled = build(
            examination.compiler,
            examination.kernel.signature,
            examination.source,
            examination.directory,
            "sanitized",
        )
        if compiled.binary is None:
            raise Rejection(f"could not be checked: {compiled.stderr.strip()[-300:]}")
        reference = examination.reference
        cases = [*reference.check_cases(), *reference.timing_cases()]
        threads = max(2, examination.threads)
        found = reference.run_cases(compiled.binary, threads, cases, describe=_finding)
        compiled.binary.unlink()
        if found:
            raise Rejection(found)
        return f"{len(cases)} inputs, address and undefined behaviour"


class TimingSizeGate:
    """The sizes that are timed: that is where guarded parallel code runs at all."""

    name = "timing size"

    def check(self, examination: Examination) -> str:
        """Run one input of every timed size with every number of threads."""
        reference = examination.reference
        cases = list(reference.timing_cases())
        for threads in thread_counts(examination.threads):
            found = reference.run_cases(_optimized(examination), threads, cases)
            if found:
                raise Rejection(found)
        return f"{len(cases)} inputs at {_shown(thread_counts(examination.threads))} threads"


class RepetitionGate:
    """The same input again and again: results may not depend on how threads are scheduled."""

    name = "repetition"

    def check(self, examination: Examination) -> str:
        """Repeat the second largest timed size, with all and with too many threads."""
        reference = examination.reference
        timed = list(reference.timing_cases())[-2:] or list(reference.check_cases())[-1:]
        cases = timed[:1]
        counts = thread_counts(examination.threads)[-2:]
        for threads in counts:
            repeated = cases * REPETITIONS
            found = reference.run_cases(_optimized(examination), threads, repeated)
            if found:
                raise Rejection(f"not the same every time: {found}")
        return f"{REPETITIONS} repetitions at {_shown(counts)} threads"


def _finding(error: WorkerError) -> str:
    """What the sanitizer or the standard library's assertion said."""
    said = _FINDING.search(error.output) if isinstance(error, WorkerDied) else None
    return str(error) if said is None else f"{error}: {said[0]}"


def _shown(counts: tuple[int, ...]) -> str:
    return ", ".join(str(count) for count in counts)
