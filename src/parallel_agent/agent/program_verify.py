"""Holding one whole program against another: `verify_program`."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parallel_agent.agent.events import Event
from parallel_agent.agent.intake import read_source
from parallel_agent.agent.program import ProgramJudge, ProgramTiming, has_main
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.agent.verify import BUILD, Listener, Verification, ignore, kept_replay
from parallel_agent.measurement.timing import MismatchError
from parallel_agent.settings import Settings, SettingsError, load_settings
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.program import ProgramCase
from parallel_agent.toolchain.race_detector import INSTALL, RaceDetector
from parallel_agent.verification.gate import GateResult
from parallel_agent.verification.program.inputs import given_cases


class ProgramVerification(Verification):
    """What `verify_program` says: the gates, on which cases, and the timing where asked for.

    ``inputs`` are the files with the standard input of each of the ``cases``, empty where it has
    none: with them every run that a gate speaks of can be run again. ``timing`` is None for a
    candidate that was rejected.
    """

    cases: tuple[str, ...]
    inputs: tuple[str, ...]
    relative_tolerance: float
    timing: ProgramTiming | None = None


def is_program(original: Path, given: Settings, *, asked: bool) -> bool:
    """True if a file is to be taken as a whole program: it has a ``main``, and no kernel is named.

    Raises SourceError for a file that cannot be read, SettingsError where something was ``asked``
    for that only programs have and it is none.
    """
    program = given.kernel is None and has_main(read_source(original))
    if asked and not program:
        raise SettingsError("--args, --input and --time are for originals with a main")
    return program


def verify_program(
    original: str | Path,
    candidate: str | Path,
    *,
    arguments: str = "",
    inputs: Sequence[str | Path] = (),
    timed: bool = False,
    given: Settings | None = None,
    listener: Listener = ignore,
    **overrides: Any,
) -> ProgramVerification:
    """Say whether one program can take another one's place; time it if it can and ``timed``.

    ``arguments`` are words as for a shell, ``inputs`` files for the standard input, each a case;
    without any they are generated for a program that reads its input. ``overrides`` are settings
    by name, used where no ``given`` settings come. ``listener`` is called with every event.

    Raises SettingsError, SourceError, FolderError, CompilerMissing, SandboxUnavailable, BuildError or WorkerError when
    there is nothing to hold the candidate against.
    """
    started = time.perf_counter()
    path = Path(original)
    text, rewritten = read_source(path), read_source(Path(candidate))
    cases = given_cases(arguments, [Path(each) for each in inputs])
    chosen = given if given is not None else load_settings(**overrides)
    sandbox.choose(no_sandbox=chosen.no_sandbox)
    folder = RunFolder.create(chosen.out, path.stem)
    try:
        listener(Event(kind="stage", message="running the original"))
        judge = ProgramJudge(text, cases, chosen, folder.path(BUILD))
        kept = tuple(_kept(case, folder, number) for number, case in enumerate(judge.cases))
        verdict = judge.verdict(rewritten, report=lambda result: listener(_told(result)))
        gates, timing = tuple(kept_replay(gate, folder) for gate in verdict.gates), None
        if timed and verdict.accepted:
            listener(Event(kind="stage", message="timing both programs"))
            result, timing = _timed(judge)
            gates = (*gates, result)
        folder.write(text, "original.cpp")
        folder.write(rewritten, "candidate.cpp")
        verification = ProgramVerification(
            accepted=all(gate.passed for gate in gates),
            kernel="main",
            gates=gates,
            contract=None,
            threads=chosen.thread_count,
            notes=tuple(_notes(judge, timing)),
            seconds=time.perf_counter() - started,
            run=str(folder.root.absolute()),
            cases=tuple(str(case) for case in judge.cases),
            inputs=kept,
            relative_tolerance=judge.reference.tolerance.relative,
            timing=timing,
        )
        folder.write(verification.model_dump_json(indent=2) + "\n", "verdict.json")
        return verification
    except BaseException:
        folder.discard()
        raise
    finally:
        shutil.rmtree(folder.root / BUILD, ignore_errors=True)
        folder.unlock()


def _timed(judge: ProgramJudge) -> tuple[GateResult, ProgramTiming | None]:
    """The timing as a gate: every result of every timed run is compared as well."""
    started = time.perf_counter()
    try:
        timing, detail = judge.timing(), "every result of every timed run"
    except MismatchError as error:
        timing, detail = None, str(error)
    seconds = time.perf_counter() - started
    passed = timing is not None
    return GateResult(name="timing", passed=passed, seconds=seconds, detail=detail), timing


def _kept(case: ProgramCase, folder: RunFolder, number: int) -> str:
    """Where the case's standard input is kept; empty where it has none."""
    if not case.stdin:
        return ""
    path = folder.path("inputs", f"{number}.txt")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(case.stdin)
    return str(path.absolute())


def _told(result: GateResult) -> Event:
    said = f"{result.name}: {'passed' if result.passed else 'rejected'}, {result.detail}"
    return Event(kind="gate", message=said, data=result.model_dump(mode="json"))


def _notes(judge: ProgramJudge, timing: ProgramTiming | None) -> list[str]:
    """What the user should know of the check, and how the timing went."""
    notes = [f"run on: {'; '.join(str(case) for case in judge.cases)}", *sandbox.notes()]
    if RaceDetector.find() is None:
        notes.append(f"no race detector is installed, so races were not looked for; {INSTALL}")
    if timing is not None:
        notes.extend(_times(timing))
    return notes


def _times(timing: ProgramTiming) -> list[str]:
    interval = timing.interval
    said = "faster beyond the noise" if timing.faster else "not faster beyond the noise"
    lines = [
        f"{case.case}: {case.original_seconds * 1e3:.1f} ms before, "
        f"{case.candidate_seconds * 1e3:.1f} ms now (noise {case.noise:.1%})"
        for case in timing.cases
    ]
    return [
        *lines,
        f"{interval.ratio:.2f} times as fast with {timing.threads} threads "
        f"({interval.low:.2f} to {interval.high:.2f}), {said}; the start of a process, in all "
        f"of these times, is {timing.startup_seconds * 1e3:.1f} ms",
    ]
