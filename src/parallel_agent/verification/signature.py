"""Gate: the candidate has the original's signature."""

from __future__ import annotations

from parallel_agent.kernel.source import SourceError, parse
from parallel_agent.verification.gate import Examination, Rejection


class SignatureGate:
    """The same function with the same parameters and result."""

    name = "signature"

    def check(self, examination: Examination) -> str:
        """Parse the candidate and compare."""
        try:
            candidate = parse(examination.source, name=examination.kernel.name).kernel
        except SourceError as error:
            raise Rejection(f"{error}. {error.hint}") from None
        if candidate.signature != examination.kernel.signature:
            raise Rejection(f"the signature of {candidate.name} is not the original's")
        return "same signature"
