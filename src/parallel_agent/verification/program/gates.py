"""The gates that a program must pass to take another one's place, cheapest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.objectcode import object_hash
from parallel_agent.toolchain.race_detector import INSTALL, RaceDetector
from parallel_agent.toolchain.race_detector import thread_counts as race_thread_counts
from parallel_agent.verification.build import Purpose
from parallel_agent.verification.examining import run_gates
from parallel_agent.verification.gate import GateResult, Rejection, Verdict
from parallel_agent.verification.program.build import BuiltProgram, NotBuilt, build_for
from parallel_agent.verification.program.reference import ProgramFailure, ProgramReference
from parallel_agent.verification.program.replay import write_replay
from parallel_agent.verification.races import UNAVAILABLE
from parallel_agent.verification.reference import thread_counts

RACE_REPETITIONS = 3
"""How often every case is watched for races with every number of threads."""
REPETITIONS = 5
"""How often the last case is run anew with every number of threads."""


class ProgramRejection(Rejection):
    """A rejection for a run, in its words or in others."""

    def __init__(self, condemning: ProgramFailure, said: str = "") -> None:
        super().__init__(said or str(condemning))
        self.condemning = condemning


@dataclass
class ProgramExamination:
    """A candidate before the gates. The compile gate leaves its binary for the later ones."""

    source: str
    reference: ProgramReference
    compiler: Compiler
    directory: Path
    threads: int
    code_hash: str = ""
    optimized: Path | None = None

    def built(self, purpose: Purpose) -> BuiltProgram:
        """The candidate built for a purpose; Rejection where it does not build."""
        try:
            return build_for(purpose, self.compiler, self.source, self.directory)
        except NotBuilt as error:
            raise Rejection(f"could not be checked: {error}") from None


class ProgramGate(Protocol):
    """One check that a candidate must pass."""

    name: str

    def check(self, examination: ProgramExamination) -> str:
        """What was covered, in a few words; Rejection if the candidate does not pass."""
        ...


def program_gates(*, require_race_check: bool = False) -> tuple[ProgramGate, ...]:
    """All gates, cheapest first."""
    return (
        CompileGate(),
        OutputGate(),
        SanitizersGate(),
        RacesGate(required=require_race_check),
        RepeatGate(),
    )


def examine_program(
    examination: ProgramExamination,
    gates: Sequence[ProgramGate],
    report: Callable[[GateResult], None] = lambda result: None,
) -> Verdict:
    """Put a candidate through the gates, as `pipeline.examine` does with that of a kernel."""
    return run_gates(examination, gates, report, partial(_kept, examination))


def _kept(examination: ProgramExamination, gate: str, rejection: Rejection) -> str:
    if not isinstance(rejection, ProgramRejection):
        return ""
    return write_replay(gate, rejection.condemning, examination.compiler, examination.directory)


class CompileGate:
    """Builds the optimized binary that later gates run and time."""

    name = "compile"

    def check(self, examination: ProgramExamination) -> str:
        """Compile; the compiler's errors go with the rejection."""
        compiler = examination.compiler
        try:
            built = build_for("optimized", compiler, examination.source, examination.directory)
        except NotBuilt as error:
            raise Rejection(str(error), error.diagnostics) from None
        examination.optimized = built.binary
        examination.code_hash = object_hash(built.binary)
        return " ".join(compiler.flags)


class OutputGate:
    """The same output, exit status and files, at 1, 2, all and twice as many threads as cores."""

    name = "differential"

    def check(self, examination: ProgramExamination) -> str:
        """Run every case with every number of threads on the optimized build."""
        counts = thread_counts(examination.threads)
        cases = examination.reference.cases
        for threads in counts:
            found = examination.reference.run_cases(_optimized(examination), threads, cases)
            if found:
                raise ProgramRejection(found)
        return f"{_runs(len(cases))} at {_shown(counts)} threads"


class SanitizersGate:
    """No sanitizer finds anything while the program runs."""

    name = "sanitizers"

    def check(self, examination: ProgramExamination) -> str:
        """Build with address and undefined-behaviour sanitizers and run with several threads."""
        reference = examination.reference
        threads = max(2, examination.threads)
        found = reference.run_cases(examination.built("sanitized"), threads, reference.cases)
        if found:
            raise ProgramRejection(found)
        return f"{_runs(len(reference.cases))}, address and undefined behaviour"


class RacesGate:
    """No data race shows in the whole program under the race detector.

    Without a detector on the machine nothing is decided, and the verdict says so; ``required``
    makes that a rejection.
    """

    name = "races"

    def __init__(self, *, required: bool = False) -> None:
        self._required = required

    def check(self, examination: ProgramExamination) -> str:
        """Build with the detector's compiler and run every case several times."""
        if RaceDetector.find() is None:
            if self._required:
                raise Rejection(f"could not be checked: no race detector; {INSTALL}")
            return f"{UNAVAILABLE}: no race detector; {INSTALL}"
        built = examination.built("races")
        reference = examination.reference
        counts = race_thread_counts(examination.threads)
        for threads in RACE_REPETITIONS * counts:
            found = reference.run_cases(built, threads, reference.cases)
            if found:
                raise ProgramRejection(found)
        runs = _runs(RACE_REPETITIONS * len(reference.cases))
        return f"{runs} at {_shown(counts)} threads, none found"


class RepeatGate:
    """The last case again and again: results may not depend on how threads are scheduled."""

    name = "repetition"

    def check(self, examination: ProgramExamination) -> str:
        """Repeat with all and with too many threads."""
        reference = examination.reference
        counts = thread_counts(examination.threads)[-2:]
        cases = list(reference.cases[-1:]) * REPETITIONS
        for threads in counts:
            found = reference.run_cases(_optimized(examination), threads, cases)
            if found:
                raise ProgramRejection(found, f"not the same every time: {found}")
        return f"{REPETITIONS} repetitions at {_shown(counts)} threads"


def _optimized(examination: ProgramExamination) -> BuiltProgram:
    if examination.optimized is None:
        raise Rejection("could not be checked: there is no binary")
    return BuiltProgram(examination.optimized)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _shown(counts: Sequence[int]) -> str:
    return ", ".join(str(count) for count in counts)
