"""Gate: the candidate's machine code is not what the original or another candidate has already."""

from __future__ import annotations

from collections.abc import Callable

from parallel_agent.verification.gate import Examination, Rejection


class DuplicateGate:
    """Rejects what would only be examined and timed a second time.

    ``claim`` is given a hash of the machine code and returns the name of whoever had it first.
    """

    name = "duplicate"

    def __init__(self, claim: Callable[[str], str], own: str) -> None:
        self._claim = claim
        self._own = own

    def check(self, examination: Examination) -> str:
        """Claim the machine code for this candidate."""
        first = self._claim(examination.code_hash)
        if first != self._own:
            raise Rejection(f"compiles to the same machine code as {first}")
        return "machine code of its own"
