"""Gate: no sanitizer finds anything while the candidate runs."""

from __future__ import annotations

import re

from parallel_agent.toolchain.runner import WorkerDied, WorkerError
from parallel_agent.verification.gate import Examination, Rejection

_FINDING = re.compile(r"runtime error: .*|(?<=SUMMARY: ).*|Assertion .*")


class SanitizerGate:
    """The inputs for checking, and those of the timed sizes, under the sanitizers."""

    name = "sanitizers"

    def check(self, examination: Examination) -> str:
        """Build with address and undefined-behaviour sanitizers and run with several threads."""
        compiled = examination.built("sanitized")
        if compiled.binary is None:
            raise Rejection(f"could not be checked: {compiled.stderr.strip()[-300:]}")
        reference = examination.reference
        cases = [*examination.small_cases(), *examination.large_cases()]
        threads = 2 * examination.threads
        found = reference.run_cases(
            compiled.binary, threads, cases, describe=sanitizer_finding, purpose="sanitized"
        )
        compiled.binary.unlink()
        if found:
            raise Rejection(found)
        return f"{len(cases)} inputs, address and undefined behaviour"


def sanitizer_finding(error: WorkerError) -> str:
    """What the sanitizer or the standard library's assertion said."""
    said = _FINDING.search(error.output) if isinstance(error, WorkerDied) else None
    return str(error) if said is None else f"{error}: {said[0]}"
