"""One original program, a file with a ``main``, and the candidates that are held against it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.contracting import BuildError
from parallel_agent.kernel.source import SourceError, translation_unit
from parallel_agent.measurement.lane import Lane
from parallel_agent.measurement.plan import plan_for
from parallel_agent.measurement.process_timing import (
    ProcessPair,
    ProcessSamples,
    startup_seconds,
    time_processes,
)
from parallel_agent.measurement.statistics import Interval, geometric_mean_interval, noise_floor
from parallel_agent.measurement.timing import MismatchError
from parallel_agent.settings import Settings
from parallel_agent.toolchain.compiler import Compiler, Mode
from parallel_agent.toolchain.program import ProgramCase, ProgramRun, reads_input, run_program
from parallel_agent.verification.gate import GateResult, Verdict
from parallel_agent.verification.program.build import build_program, sanitizer_finding
from parallel_agent.verification.program.compare import Tolerance, run_difference
from parallel_agent.verification.program.gates import (
    ProgramExamination,
    examine_program,
    program_gates,
)
from parallel_agent.verification.program.inputs import complete_cases
from parallel_agent.verification.program.reference import ProgramFails, ProgramReference

_HINT = "Give arguments and inputs that it can take (--args, --input), or correct it"
_EMPTY = "int main() {}\n"


class CaseTiming(BaseModel):
    """A candidate against the original on one case; seconds are medians of whole processes."""

    model_config = ConfigDict(frozen=True)

    case: str
    original_seconds: float
    candidate_seconds: float
    noise: float
    """How far from 1 the ratio of two runs of the original may lie on this case."""
    samples: ProcessSamples


class ProgramTiming(BaseModel):
    """What was measured of a candidate: the geometric mean over cases, with its interval.

    ``startup_seconds`` is what a program that does nothing takes, built the same way: part of all
    times, for original and candidate alike, so that short programs show less speedup than they have.
    """

    model_config = ConfigDict(frozen=True)

    cases: tuple[CaseTiming, ...]
    interval: Interval
    startup_seconds: float
    threads: int

    @property
    def noise_floor(self) -> float:
        """The largest noise of all cases."""
        return max(case.noise for case in self.cases)

    @property
    def faster(self) -> bool:
        """Beyond the noise: the whole interval is."""
        return self.interval.low > 1.0 + self.noise_floor


class ProgramJudge:
    """One original program, and the candidates that are held against it.

    ``directory`` is where all is built; it is the caller's to remove.
    """

    def __init__(
        self, original: str, cases: Sequence[ProgramCase], given: Settings, directory: Path
    ) -> None:
        """Build the original and run it on the cases, with sanitizers and without.

        Cases without standard input get generated inputs if the program reads any. Raises
        CompilerMissing, BuildError, and SourceError where the program fails or does not do the
        same twice.
        """
        self._given = given
        self.directory = directory
        self._compiler = Compiler.find(given.cxx, given.cxxflags)
        self._source = original
        chosen = self._usable(cases)
        binary = self._built(original, "original", "optimized")
        self.reference = ProgramReference(binary, chosen, Tolerance.for_source(original))
        try:
            for case in chosen:
                self.reference.answer(case)
        except ProgramFails as failure:
            raise SourceError(str(failure), _HINT) from None

    @property
    def cases(self) -> Sequence[ProgramCase]:
        """What original and candidates are run on."""
        return self.reference.cases

    def verdict(
        self,
        candidate: str,
        name: str = "candidate",
        report: Callable[[GateResult], None] = lambda result: None,
    ) -> Verdict:
        """Put a candidate through the gates; its binary stays in the folder of its ``name``."""
        examination = ProgramExamination(
            source=candidate,
            reference=self.reference,
            compiler=self._compiler,
            directory=self.directory / name,
            threads=self._given.thread_count,
        )
        gates = program_gates(require_race_check=self._given.require_race_check)
        return examine_program(examination, gates, report)

    def timing(self, name: str = "candidate") -> ProgramTiming:
        """Time a candidate that was accepted under that name, on every case.

        Waits for the timing lane. Raises MismatchError where a result differs after all, and
        SourceError where the original's own does.
        """
        empty = self._built(_EMPTY, "empty", "optimized")
        candidate = self.directory / name / "optimized"
        nothing = ProgramCase()
        with Lane().timing():
            startup = startup_seconds(lambda: self._run(empty, nothing))
            cases = [self._timed(candidate, case) for case in self.cases]
        samples = [(case.samples.original, case.samples.candidate) for case in cases]
        return ProgramTiming(
            cases=tuple(cases),
            interval=geometric_mean_interval(samples),
            startup_seconds=startup,
            threads=self._given.thread_count,
        )

    def _usable(self, cases: Sequence[ProgramCase]) -> list[ProgramCase]:
        sanitized = self._built(self._source, "original", "sanitized")
        runs: dict[ProgramCase, ProgramRun] = {}

        def run(case: ProgramCase) -> ProgramRun:
            if case not in runs:
                runs[case] = run_program(sanitized, case, threads=1)
            return runs[case]

        chosen = complete_cases(
            cases, lambda case: reads_input(sanitized, case), run, seed=self._given.seed
        )
        for case in chosen:
            found = sanitizer_finding(run(case))
            if found:
                raise SourceError(f"the original fails under sanitizers: {found} ({case})", _HINT)
        return chosen

    def _built(self, source: str, name: str, mode: Mode) -> Path:
        compiled = build_program(self._compiler, source, self.directory / name, mode)
        if compiled.binary is None:
            first = compiled.errors[0]
            raise BuildError(f"the {name} does not build: line {first.line}: {first.message}")
        return compiled.binary

    def _timed(self, candidate: Path, case: ProgramCase) -> CaseTiming:
        plan = plan_for(self._given.effort)
        same = self._pair(self.reference.binary, case)
        try:
            against_itself = time_processes(same, plan)
        except MismatchError as error:
            raise SourceError(f"the original does not do the same twice: {error}", _HINT) from None
        noise = noise_floor(against_itself.original, against_itself.candidate)
        samples = time_processes(self._pair(candidate, case), plan, noise)
        return CaseTiming(
            case=str(case),
            original_seconds=statistics.median(samples.original),
            candidate_seconds=statistics.median(samples.candidate),
            noise=noise,
            samples=samples,
        )

    def _pair(self, candidate: Path, case: ProgramCase) -> ProcessPair[ProgramRun]:
        rule = self.reference.tolerance
        return ProcessPair(
            lambda: self._run(self.reference.binary, case),
            lambda: self._run(candidate, case),
            lambda original, other: run_difference(original, other, rule),
        )

    def _run(self, binary: Path, case: ProgramCase) -> ProgramRun:
        return run_program(binary, case, threads=self._given.thread_count)


def has_main(source: str) -> bool:
    """True for a whole program: its text defines the function ``main``."""
    unit = translation_unit(source)
    return any(
        cursor.kind.name == "FUNCTION_DECL"
        and cursor.spelling == "main"
        and cursor.is_definition()
        and cursor.location.file is not None
        and cursor.location.file.name == unit.spelling
        for cursor in unit.cursor.get_children()
    )
