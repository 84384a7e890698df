"""Building a program for a purpose, and reading what a run of such a build says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from parallel_agent.toolchain.compiler import Compilation, Compiler, Diagnostic, Mode
from parallel_agent.toolchain.program import ProgramRun
from parallel_agent.toolchain.race_detector import INSTALL, RaceDetector, finding
from parallel_agent.verification.build import Purpose

SOURCE_FILE = "program.cpp"

_FINDING = re.compile(r"runtime error: .*|(?<=SUMMARY: ).*|Assertion .*")


class NotBuilt(Exception):
    """The compiler's errors; the message is the first of them."""

    def __init__(self, compiled: Compilation) -> None:
        first = compiled.errors[0]
        where = f"line {first.line}: " if first.line else ""
        super().__init__(f"{where}{first.message}")
        self.diagnostics: tuple[Diagnostic, ...] = compiled.errors


@dataclass(frozen=True)
class BuiltProgram:
    """A program that was built, the environment that its runs need, and how to read them.

    ``describe`` says what condemns a run by itself, in better words than ours; None where nothing does.
    """

    binary: Path
    purpose: Purpose = "optimized"
    environment: Mapping[str, str] = field(default_factory=dict)
    describe: Callable[[ProgramRun], str | None] = lambda run: None


def build_program(compiler: Compiler, source: str, directory: Path, mode: Mode) -> Compilation:
    """Compile a program to ``directory/mode``; the result says how it went."""
    directory.mkdir(parents=True, exist_ok=True)
    return compiler.compile({SOURCE_FILE: source}, directory=directory, output=mode, mode=mode)


def build_for(purpose: Purpose, compiler: Compiler, source: str, directory: Path) -> BuiltProgram:
    """`build_program` for a purpose; a build for races lies in a folder of its own.

    Raises NotBuilt, and LookupError where races are asked for and there is no detector.
    """
    if purpose == "races":
        return _for_races(compiler, source, directory / "races")
    compiled = build_program(compiler, source, directory, purpose)
    if compiled.binary is None:
        raise NotBuilt(compiled)
    if purpose == "sanitized":
        return BuiltProgram(compiled.binary, purpose, describe=sanitizer_finding)
    return BuiltProgram(compiled.binary)


def _for_races(compiler: Compiler, source: str, directory: Path) -> BuiltProgram:
    detector = RaceDetector.find()
    if detector is None:
        raise LookupError(f"no race detector; {INSTALL}")
    compiled = build_program(detector.compiler(compiler), source, directory, "optimized")
    if compiled.binary is None:
        raise NotBuilt(compiled)
    return BuiltProgram(compiled.binary, "races", detector.environment(directory), _race)


def sanitizer_finding(run: ProgramRun) -> str | None:
    """What a sanitizer or the standard library's assertion said; None if they said nothing."""
    said = _FINDING.search(run.completed.stderr) if run.broken else None
    return f"{run.broken}: {said[0]}" if said else run.broken


def _race(run: ProgramRun) -> str | None:
    """What the detector says, with the lines that it names."""
    return finding(run.completed.stderr, SOURCE_FILE) if run.found_by_sanitizer else run.broken
