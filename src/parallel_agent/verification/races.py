"""Gate: no data race shows under a race detector that knows OpenMP."""

from __future__ import annotations

from parallel_agent.toolchain.adapter import KERNEL_FILE
from parallel_agent.toolchain.race_detector import INSTALL, RaceDetector, finding, thread_counts
from parallel_agent.toolchain.runner import WorkerDied, WorkerError
from parallel_agent.verification.gate import Examination, Rejection

UNAVAILABLE = "unavailable"


class RaceGate:
    """Runs the checking inputs and those of the timed sizes with more threads than cores.

    Without a detector on the machine nothing is decided, and the verdict says so; ``required``
    makes that a rejection.
    """

    name = "races"

    def __init__(self, *, required: bool = False) -> None:
        self._required = required

    def check(self, examination: Examination) -> str:
        """Build with the detector's compiler and run."""
        detector = RaceDetector.find()
        if detector is None:
            if self._required:
                raise Rejection(f"could not be checked: no race detector; {INSTALL}")
            return f"{UNAVAILABLE}: no race detector; {INSTALL}"
        compiled = examination.built("races")
        if compiled.binary is None:
            first = compiled.errors[0]
            raise Rejection(f"could not be checked: {first.message} (line {first.line}, clang)")
        reference = examination.reference
        cases = [*examination.small_cases(), *examination.large_cases()]
        environment = detector.environment(compiled.binary.parent)
        counts = thread_counts(examination.threads)
        for threads in counts:
            found = reference.run_cases(
                compiled.binary, threads, cases,
                env=environment, describe=race_finding, purpose="races",
            )  # fmt: skip
            if found:
                raise Rejection(found)
        compiled.binary.unlink()
        shown = " and ".join(map(str, counts))
        return f"{len(cases)} inputs at {shown} threads, none found"


def race_finding(error: WorkerError) -> str:
    """Which lines of the candidate the detector names."""
    if not isinstance(error, WorkerDied) or not error.sanitizer:
        return str(error)
    return finding(error.output, KERNEL_FILE)
