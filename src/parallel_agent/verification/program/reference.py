"""The original program as the judge of candidates: its builds, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from parallel_agent.toolchain.compiler import Compilation, Compiler, Mode
from parallel_agent.toolchain.program import PROGRAM_LIMITS, ProgramCase, ProgramRun, run_program
from parallel_agent.toolchain.sandbox import Limits
from parallel_agent.verification.program.compare import Tolerance, run_difference

SOURCE_FILE = "program.cpp"


class ProgramFails(RuntimeError):
    """The original fails on an input, or does not answer the same twice: it is no reference."""


def build_program(compiler: Compiler, source: str, directory: Path, mode: Mode) -> Compilation:
    """Compile a program to ``directory/mode``; the result says how it went."""
    directory.mkdir(parents=True, exist_ok=True)
    return compiler.compile({SOURCE_FILE: source}, directory=directory, output=mode, mode=mode)


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
        binary: Path,
        threads: int,
        cases: Sequence[ProgramCase],
        *,
        env: Mapping[str, str] | None = None,
        describe: Callable[[ProgramRun], str | None] = lambda run: None,
    ) -> str | None:
        """Run a candidate's binary on the cases; the first difference, or None.

        ``describe`` may have better words than ours for how a run ended.
        """
        for case in cases:
            run = run_program(binary, case, threads=threads, limits=self.limits, env=env)
            found = describe(run) or run_difference(self.answer(case), run, self.tolerance)
            if found:
                return f"{found} ({case}, {threads} threads)"
        return None

    def _run(self, case: ProgramCase) -> ProgramRun:
        run = run_program(self.binary, case, threads=1, limits=self.limits)
        if run.broken:
            raise ProgramFails(f"the original fails: {run.broken} ({case})")
        return run
