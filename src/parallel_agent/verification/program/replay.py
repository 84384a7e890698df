"""The run of a program that condemned it, kept so that a person can run it again, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.program import ProgramCase
from parallel_agent.verification.program.build import BuiltProgram
from parallel_agent.verification.program.reference import ProgramFailure, ProgramReference
from parallel_agent.verification.replay import (
    ATTEMPTS,
    REPLAY_FILE,
    ReplayFile,
    packed,
    shown_flags,
    unpacked,
)


class ProgramReplay(ReplayFile):
    """One run of a program: its arguments, and its standard input as `packed`.

    ``input_name`` is what the user calls that input, empty where it has none.
    """

    arguments: tuple[str, ...]
    input_name: str
    input: str

    @property
    def case(self) -> ProgramCase:
        """What the program is given; ReplayError if the input is damaged."""
        return ProgramCase(self.arguments, unpacked(self.input), self.input_name)


@dataclass(frozen=True)
class ReplayedProgram:
    """What came of it: the failure if it showed again, and how often it was run for it."""

    failure: ProgramFailure | None
    runs: int


def write_replay(gate: str, failure: ProgramFailure, compiler: Compiler, directory: Path) -> str:
    """Leave the run that condemned a candidate in its directory, and return the name of the file.

    Empty where the input is too large to be stored.
    """
    stdin = packed(failure.case.stdin)
    if not stdin:
        return ""
    ProgramReplay(
        kernel="main",
        gate=gate,
        difference=failure.difference,
        purpose=failure.purpose,
        threads=failure.threads,
        flags=shown_flags(compiler),
        arguments=failure.case.arguments,
        input_name=failure.case.name,
        input=stdin,
    ).write(directory)
    return REPLAY_FILE


def run_again(
    replay: ProgramReplay, reference: ProgramReference, built: BuiltProgram
) -> ReplayedProgram:
    """Run a program, built for the replay's purpose, up to `ATTEMPTS` times, until it fails.

    Raises ReplayError where the input is damaged.
    """
    case = replay.case
    for run in range(1, ATTEMPTS + 1):
        failure = reference.run_cases(built, replay.threads, [case])
        if failure is not None:
            return ReplayedProgram(failure, run)
    return ReplayedProgram(None, ATTEMPTS)
