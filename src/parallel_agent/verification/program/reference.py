"""The original program as the judge of candidates: its builds, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from parallel_agent.toolchain.program import PROGRAM_LIMITS, ProgramCase, ProgramRun, run_program
from parallel_agent.toolchain.sandbox import Limits
from parallel_agent.verification.build import Purpose
from parallel_agent.verification.program.build import BuiltProgram
from parallel_agent.verification.program.compare import Tolerance, run_difference


class ProgramFails(RuntimeError):
    """The original fails on an input, or does not answer the same twice: it is no reference."""


@dataclass(frozen=True)
class ProgramFailure:
    """A run of a candidate that condemns it; ``difference`` is what it did otherwise."""

    difference: str
    purpose: Purpose
    threads: int
    case: ProgramCase
    run: ProgramRun

    def __str__(self) -> str:
        return f"{self.difference} ({self.case}, {self.threads} threads)"


@dataclass
class ProgramReference:
    """An original program, its optimized binary, the cases it is run on, and its answers so far.

    Raises `ProgramFails` from whatever runs it where it fails or answers differently the second
    time.
    """

    binary: Path
    cases: Sequence[ProgramCase]
    tolerance: Tolerance
    limits: Limits = PROGRAM_LIMITS
    _answers: dict[ProgramCase, ProgramRun] = field(default_factory=dict)

    def answer(self, case: ProgramCase) -> ProgramRun:
        """What the original does with one thread; it was run twice, and did the same."""
        if case not in self._answers:
            first, second = (self._run(case) for _ in range(2))
            found = run_difference(first, second, Tolerance(0.0, 0.0))
            if found:
                raise ProgramFails(f"the original does not do the same twice: {found} ({case})")
            self._answers[case] = first
        return self._answers[case]

    def run_cases(
        self,
        built: BuiltProgram,
        threads: int,
        cases: Sequence[ProgramCase],
    ) -> ProgramFailure | None:
        """Run a candidate on the cases; the first run that condemns it, or None."""
        for case in cases:
            run = run_program(
                built.binary, case, threads=threads, limits=self.limits, env=built.environment
            )
            found = built.describe(run) or run_difference(self.answer(case), run, self.tolerance)
            if found:
                return ProgramFailure(found, built.purpose, threads, case, run)
        return None

    def _run(self, case: ProgramCase) -> ProgramRun:
        run = run_program(self.binary, case, threads=1, limits=self.limits)
        if run.broken:
            raise ProgramFails(f"the original fails: {run.broken} ({case})")
        return run
