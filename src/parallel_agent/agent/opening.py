"""The start of a run: the source taken in, a contract found, the original built and measured.

Every part leaves a file in the run folder and is skipped when the file is there, so that a run
which was cut off goes on where it was.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from parallel_agent.agent.calibrating import write_calibrated
from parallel_agent.agent.context import Context
from parallel_agent.agent.contracting import MOVED, build_original, find_contract
from parallel_agent.agent.intake import take_in
from parallel_agent.agent.study import chosen_sizes, study_original
from parallel_agent.agent.subject import OriginalAtSize, reference_of
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
    origin = "inferred" if context.settings.contract is None else "given"
    context.emit("stage", "finding the contract")
    with context.lane.work():
        found = find_contract(
            parsed, context.compiler, context.settings, lambda stage: context.emit("stage", stage)
        )
    context.folder.write(found.toml, "contract.toml")
    contract = found.contract.model_dump(mode="json")
    evidence = None if found.evidence is None else found.evidence.model_dump(mode="json")
    context.emit("contract", f"contract {origin}", contract=contract, evidence=evidence)


def _study(context: Context, parsed: ParsedSource) -> None:
    contract = Contract.from_toml(context.folder.read("contract.toml"))
    chosen_sizes(context.settings.size, contract)  # a wrong --size is told before the work
    binary = _built(context, parsed, "optimized")
    twin = _built(context, parsed, "optimized", above=MOVED)
    context.folder.claim("code", object_hash(binary), "the original")
    context.emit("stage", "timing the original against itself")

    def progress(size: OriginalAtSize) -> None:
        context.emit("original", **size.model_dump(mode="json"))

    with context.lane.timing():
        study = study_original(
            parsed,
            contract,
            binary,
            twin,
            context.settings,
            progress,
            compiler=context.compiler.version(),
        )
    shutil.rmtree(twin.parent)
    reference = reference_of(parsed, contract, binary, context.settings.seed, study)
    write_calibrated(context, parsed, reference)
    context.folder.write(study.model_dump_json(indent=2), "original", "study.json")
    for note in study.notes[len(parsed.kernel.notes) :]:
        context.emit("note", note)


def _built(context: Context, parsed: ParsedSource, mode: Mode, above: str = "") -> Path:
    context.emit("stage", f"building the original ({mode}{', moved' if above else ''})")
    directory = context.folder.path("original", "optimized").parent
    with context.lane.work():
        return build_original(
            context.compiler, parsed, directory / "moved" if above else directory, mode, above=above
        )
