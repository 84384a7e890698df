"""Gate: the candidate has the original's signature."""

from __future__ import annotations

from parallel_agent.kernel.source import SourceError
from parallel_agent.verification.gate import Rejection, Submission
from parallel_agent.verification.interface import mismatch


class SignatureGate:
    """The same function with the same parameters and result."""

    name = "signature"

    def check(self, examination: Submission) -> str:
        """Parse the candidate and compare."""
        try:
            problem = mismatch(examination.kernel, examination.source)
        except SourceError as error:
            raise Rejection(f"{error}. {error.hint}") from None
        if problem:
            raise Rejection(problem)
        return "same signature and linkage"
