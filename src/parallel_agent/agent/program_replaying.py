"""Running again the one run of a program that condemned it: `replay_program`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from parallel_agent.agent.contracting import BuildError
from parallel_agent.agent.intake import read_source
from parallel_agent.agent.replaying import Replaying, notes_of
from parallel_agent.agent.shown import text_shown
from parallel_agent.kernel.source import SourceError
from parallel_agent.settings import Settings, load_settings
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.program import ProgramCase, ProgramRun
from parallel_agent.verification.build import Purpose
from parallel_agent.verification.program.build import BuiltProgram, NotBuilt, build_for
from parallel_agent.verification.program.compare import Tolerance
from parallel_agent.verification.program.reference import ProgramFails, ProgramReference
from parallel_agent.verification.program.replay import ProgramReplay, run_again
from parallel_agent.verification.replay import ReplayError


def replay_program(
    original: str | Path,
    candidate: str | Path,
    file: str | Path,
    *,
    given: Settings | None = None,
    **overrides: Any,
) -> Replaying:
    """Run a program once more on the input of a ``replay.json``, as it was run then.

    Arguments, input and the number of threads come from the file, the compiler and its flags from
    the settings. Raises ReplayError for a file that does not fit, BuildError, and SourceError where
    the original fails.
    """
    chosen = given if given is not None else load_settings(**overrides)
    sandbox.choose(no_sandbox=chosen.no_sandbox)
    text, rewritten = read_source(Path(original)), read_source(Path(candidate))
    kept = ProgramReplay.load(Path(file))
    case = kept.case
    compiler = Compiler.find(chosen.cxx, chosen.cxxflags)
    with tempfile.TemporaryDirectory(prefix="parallel-agent-") as scratch:
        directory = Path(scratch)
        judge = _built("optimized", compiler, text, directory / "original")
        program = _built(kept.purpose, compiler, rewritten, directory / "candidate")
        reference = ProgramReference(judge.binary, (case,), Tolerance.for_source(text))
        try:
            replayed, expected = run_again(kept, reference, program), reference.answer(case)
        except ProgramFails as error:
            raise SourceError(str(error), "Give the original that the file was made with") from None
    failure = replayed.failure
    return Replaying(
        accepted=failure is None,
        kernel=kept.kernel,
        gate=kept.gate,
        sizes={},
        seed=(),
        threads=kept.threads,
        purpose=kept.purpose,
        how="once" if replayed.runs == 1 else f"{replayed.runs} times",
        difference="" if failure is None else failure.difference,
        recorded=kept.difference,
        inputs=_given(case),
        expected=_left(expected),
        got={} if failure is None else _left(failure.run),
        printed="" if failure is None else text_shown(failure.run.completed.stderr.encode()),
        notes=notes_of(kept, compiler),
    )


def _built(purpose: Purpose, compiler: Compiler, source: str, directory: Path) -> BuiltProgram:
    try:
        return build_for(purpose, compiler, source, directory)
    except NotBuilt as error:
        raise BuildError(f"the {directory.name} does not build: {error}") from None
    except LookupError as error:
        raise ReplayError(f"the race cannot be looked for: {error}") from None


def _given(case: ProgramCase) -> dict[str, str]:
    arguments = {"arguments": " ".join(case.arguments)} if case.arguments else {}
    return arguments | ({"standard input": text_shown(case.stdin)} if case.stdin else {})


def _left(run: ProgramRun) -> dict[str, str]:
    """What is compared of a run."""
    status = {"exit status": str(run.completed.returncode)}
    printed = {"standard output": text_shown(run.completed.stdout.encode())}
    return status | printed | {name: text_shown(data) for name, data in run.files.items()}
