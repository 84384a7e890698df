"""Running again the one run that condemned a candidate: `replay`."""

from __future__ import annotations

import re
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.contracting import BuildError, build_original
from parallel_agent.agent.intake import read_source, take_in
from parallel_agent.agent.shown import inputs_shown, outputs_shown
from parallel_agent.agent.subject import reference_of
from parallel_agent.kernel.source import FILE_NAME, Kernel, SourceError, with_standard_headers
from parallel_agent.kernel.types import Signature
from parallel_agent.settings import Settings, load_settings
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.verification.build import build_for
from parallel_agent.verification.interface import mismatch
from parallel_agent.verification.replay import (
    Replay,
    Replayed,
    ReplayError,
    ReplayFile,
    contract_of,
    run_again,
    shown_flags,
)

_FRAME = re.compile(r"\s*#\d+ ")
_LINES = 30


class Replaying(BaseModel):
    """What a replay showed. ``accepted``: the candidate does on this input what the original does.

    ``how`` is the way in which the input was run when it failed, or all the ways in which it did
    not. Values are texts, long ones shortened; ``got`` is empty where the candidate left no result,
    ``printed`` is the last that it printed. ``recorded`` is what was seen when the file was written.
    """

    model_config = ConfigDict(frozen=True)

    accepted: bool
    kernel: str
    gate: str
    sizes: dict[str, int]
    seed: tuple[int, ...]
    threads: int
    purpose: str
    how: str
    difference: str
    recorded: str
    inputs: dict[str, str]
    expected: dict[str, str]
    got: dict[str, str]
    printed: str
    notes: tuple[str, ...]


def replay(
    original: str | Path,
    candidate: str | Path,
    file: str | Path,
    *,
    given: Settings | None = None,
    **overrides: Any,
) -> Replaying:
    """Run a candidate once more on the input of a ``replay.json``, as it was run then.

    The contract, the number of threads and the seed come from the file, the compiler and its flags
    from the settings. Raises ReplayError for a file that does not fit, and what `verify` raises.
    """
    chosen = given if given is not None else load_settings(**overrides)
    sandbox.choose(no_sandbox=chosen.no_sandbox)
    text, rewritten = read_source(Path(original)), read_source(Path(candidate))
    kept = Replay.load(Path(file))
    compiler = Compiler.find(chosen.cxx, chosen.cxxflags)
    parsed = take_in(text, chosen.kernel or kept.kernel, compiler)
    kernel = parsed.kernel
    contract = contract_of(kept)
    contract.check_against(kernel.signature)
    with tempfile.TemporaryDirectory(prefix="parallel-agent-") as scratch:
        directory = Path(scratch)
        binary = build_original(compiler, parsed, directory / "original", "optimized")
        program = _candidate(kept, compiler, kernel, rewritten, directory / "candidate")
        reference = reference_of(parsed, contract, binary, chosen.seed)
        replayed = run_again(kept, reference, program)
        with closing(reference.answers([replayed.case])) as answers:
            expected = bytes(next(answers))
    return _told(kept, kernel.signature, replayed, expected, notes_of(kept, compiler))


def _candidate(
    kept: Replay, compiler: Compiler, kernel: Kernel, source: str, directory: Path
) -> Path:
    """The candidate built for the replay's purpose, with standard headers where it needs them.

    Raises BuildError and SourceError if it cannot be built.
    """
    try:
        return _built(kept, compiler, kernel, source, directory)
    except (BuildError, SourceError):
        with suppress(BuildError, SourceError):
            return _built(kept, compiler, kernel, with_standard_headers(source), directory)
        raise


def _built(kept: Replay, compiler: Compiler, kernel: Kernel, source: str, directory: Path) -> Path:
    if problem := mismatch(kernel, source):
        raise SourceError(problem, "Give a candidate with the original's signature")
    try:
        compiled = build_for(kept.purpose, compiler, kernel.signature, source, directory)
    except LookupError as error:
        raise ReplayError(f"the race cannot be looked for: {error}") from None
    if compiled.binary is None:
        first = compiled.errors[0]
        raise BuildError(f"the candidate does not build: line {first.line}: {first.message}")
    return compiled.binary


def notes_of(kept: ReplayFile, compiler: Compiler) -> tuple[str, ...]:
    """How this replay differs from what was recorded, and what limits it had."""
    changed = kept.flags != shown_flags(compiler)
    recorded = [f"it was recorded with: {kept.flags}"] if changed else []
    return (*sandbox.notes(), *recorded)


def _told(
    kept: Replay, signature: Signature, replayed: Replayed, expected: bytes, notes: tuple[str, ...]
) -> Replaying:
    case, failure = replayed.case, replayed.failure
    got = None if failure is None else failure.got
    return Replaying(
        accepted=failure is None,
        kernel=kept.kernel,
        gate=kept.gate,
        sizes=dict(case.sizes),
        seed=case.seed,
        threads=kept.threads,
        purpose=kept.purpose,
        how=replayed.how,
        difference="" if failure is None else failure.difference,
        recorded=kept.difference,
        inputs=inputs_shown(signature, case.payload, case.calls),
        expected=outputs_shown(signature, expected, case.calls),
        got={} if got is None else outputs_shown(signature, got, case.calls),
        printed="" if failure is None else _readable(failure.printed),
        notes=notes,
    )


def _readable(printed: str) -> str:
    """What a sanitizer printed, of its stacks only the frames in the candidate."""
    lines = [line for line in printed.splitlines() if not _FRAME.match(line) or FILE_NAME in line]
    return "\n".join(lines[:_LINES])
