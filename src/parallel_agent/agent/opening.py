"""The start of a run: the source taken in, a contract found, the original built and measured.

Every part leaves a file in the run folder and is skipped when the file is there, so that a run
which was cut off goes on where it was.
"""

from __future__ import annotations

from pathlib import Path

from parallel_agent.agent.context import Context
from parallel_agent.agent.contracting import build_original, get_contract
from parallel_agent.agent.intake import take_in
from parallel_agent.agent.study import chosen_sizes, study_original
from parallel_agent.agent.subject import OriginalAtSize
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import ParsedSource
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Mode
from parallel_agent.toolchain.objectcode import object_hash


def open_run(context: Context, source: str | None, kernel: str | None = None) -> None:
    """Do all that must be done before the first candidate; ``kernel`` goes before the settings'.

    Raises SourceError, ContractError, ContractNeeded, BuildError, SettingsError or WorkerError:
    with any of them there is nothing to optimize.
    """
    folder = context.folder
    if folder.exists("original", "study.json"):
        return
    context.emit("stage", "reading the source")
    text = source if source is not None else folder.read("original.cpp")
    parsed = take_in(text, kernel or context.settings.kernel, context.compiler)
    folder.write(parsed.kernel.source, "original.cpp")
    for note in (*parsed.kernel.notes, *sandbox.notes()):
        context.emit("note", note)
    if not folder.exists("contract.toml"):
        _find_contract(context, parsed)
    _study(context, parsed)


def _find_contract(context: Context, parsed: ParsedSource) -> None:
    binary = _built(context, parsed, "sanitized")
    origin = "inferred" if context.settings.contract is None else "given"
    context.emit("stage", "finding the contract")
    try:
        with context.lane.work():
            toml = get_contract(parsed, binary, context.settings)
    finally:
        binary.unlink()
    context.folder.write(toml, "contract.toml")
    contract = Contract.from_toml(toml)
    context.emit("contract", f"contract {origin}", contract=contract.model_dump(mode="json"))


def _study(context: Context, parsed: ParsedSource) -> None:
    contract = Contract.from_toml(context.folder.read("contract.toml"))
    chosen_sizes(context.settings.size, contract)  # a wrong --size is told before the work
    binary = _built(context, parsed, "optimized")
    context.folder.claim("code", object_hash(binary), "the original")
    context.emit("stage", "timing the original against itself")

    def progress(size: OriginalAtSize) -> None:
        context.emit("original", **size.model_dump(mode="json"))

    with context.lane.timing():
        study = study_original(
            parsed,
            contract,
            binary,
            context.settings,
            progress,
            compiler=context.compiler.version(),
        )
    context.folder.write(study.model_dump_json(indent=2), "original", "study.json")
    for note in study.notes[len(parsed.kernel.notes) :]:
        context.emit("note", note)


def _built(context: Context, parsed: ParsedSource, mode: Mode) -> Path:
    context.emit("stage", f"building the original ({mode})")
    directory = context.folder.path("original", "optimized").parent
    with context.lane.work():
        return build_original(context.compiler, parsed, directory, mode)
