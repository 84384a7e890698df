"""Holding a candidate, written by anyone or anything, against an original: `verify`."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.events import Event
from parallel_agent.agent.intake import read_source, with_contract_beside
from parallel_agent.agent.reviewer import Reviewed, Reviewer
from parallel_agent.agent.run_folder import TEMPLATE, RunFolder
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.inference import ContractNeeded
from parallel_agent.kernel.types import Pointer, Signature
from parallel_agent.settings import Settings, load_settings
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.race_detector import INSTALL, RaceDetector
from parallel_agent.verification.gate import GateResult
from parallel_agent.verification.replay import REPLAY_FILE

Listener = Callable[[Event], None]
BUILD = "build"
"""Where the programs are while a candidate is examined; nothing of it stays."""


class Verification(BaseModel):
    """What `verify` says of a candidate: the gates it was put through, and under which contract.

    The last gate is the one that rejected it, where one did; its ``replay`` is a file for
    `replay`. ``contract`` is None where the candidate was rejected before one was needed. ``run``
    is the folder with the evidence. Paths are absolute, times in seconds.
    """

    model_config = ConfigDict(frozen=True)

    accepted: bool
    kernel: str
    gates: tuple[GateResult, ...]
    contract: dict[str, Any] | None
    threads: int
    notes: tuple[str, ...]
    seconds: float
    run: str


def ignore(event: Event) -> None:
    """Listen to nothing."""


def verify(
    original: str | Path,
    candidate: str | Path,
    *,
    given: Settings | None = None,
    listener: Listener = ignore,
    **overrides: Any,
) -> Verification:
    """Say whether the function in the file ``candidate`` can take the place of the original's.

    ``overrides`` are settings by name (``threads=2, contract="kernel.toml"``), used where no
    ``given`` settings come. ``listener`` is called with every event. Of the settings that are for
    searching and timing, none matters here.

    Raises SettingsError, SourceError, ContractError, ContractNeeded, FolderError, CompilerMissing,
    SandboxUnavailable, BuildError or WorkerError when there is nothing to hold the candidate against.
    """
    started = time.perf_counter()
    path = Path(original)
    text, rewritten = read_source(path), read_source(Path(candidate))
    chosen = with_contract_beside(given if given is not None else load_settings(**overrides), path)
    sandbox.choose(no_sandbox=chosen.no_sandbox)
    Compiler.find(chosen.cxx, chosen.cxxflags)
    folder = RunFolder.create(chosen.out, path.stem)
    try:
        with Reviewer(text, chosen, folder.path(BUILD), listener) as reviewer:
            reviewed = reviewer.review(rewritten, folder.path(BUILD, "candidate"))
            folder.write(reviewer.parsed.kernel.source, "original.cpp")
            folder.write(reviewed.source, "candidate.cpp")
            if reviewer.has_contract:
                folder.write(reviewer.contract, "contract.toml")
        verification = _verification(folder, reviewer, reviewed, chosen, started)
        folder.write(verification.model_dump_json(indent=2) + "\n", "verdict.json")
        return verification
    except ContractNeeded as needed:
        folder.discard()
        needed.add_note(str(folder.write(needed.template, TEMPLATE)))
        raise
    except BaseException:
        folder.discard()
        raise
    finally:
        shutil.rmtree(folder.root / BUILD, ignore_errors=True)
        folder.unlock()


def _verification(
    folder: RunFolder, reviewer: Reviewer, reviewed: Reviewed, given: Settings, started: float
) -> Verification:
    return Verification(
        accepted=reviewed.verdict.accepted,
        kernel=reviewer.parsed.kernel.name,
        gates=tuple(kept_replay(gate, folder) for gate in reviewed.verdict.gates),
        contract=Contract.from_toml(reviewer.contract).model_dump(mode="json")
        if reviewer.has_contract
        else None,
        threads=given.thread_count,
        notes=tuple(_notes(reviewer, reviewed)),
        seconds=time.perf_counter() - started,
        run=str(folder.root.absolute()),
    )


def kept_replay(gate: GateResult, folder: RunFolder) -> GateResult:
    """The gate's result with its replay file out of the folder that goes."""
    if not gate.replay:
        return gate
    kept = folder.path(REPLAY_FILE)
    folder.path(BUILD, "candidate", gate.replay).replace(kept)
    return gate.model_copy(update={"replay": str(kept)})


def _notes(reviewer: Reviewer, reviewed: Reviewed) -> list[str]:
    """What the user should know of the check."""
    notes = [*reviewer.parsed.kernel.notes, *reviewed.notes, *sandbox.notes()]
    if RaceDetector.find() is None:
        notes.append(f"no race detector is installed, so races were not looked for; {INSTALL}")
    if _pointers(reviewer.parsed.kernel.signature) > 1:
        notes.append("pointers were never made to overlap")
    return notes


def _pointers(signature: Signature) -> int:
    return sum(isinstance(parameter.type, Pointer) for parameter in signature.parameters)
