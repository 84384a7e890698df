"""The start of a run: the source taken in, a contract found, the original built and measured.

Every part leaves a file in the run folder and is skipped when the file is there, so that a run
which was cut off goes on where it was.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from parallel_agent.agent.asking_contract import ask_for_contract
from parallel_agent.agent.calibrating import keep_in_range, write_calibrated
from parallel_agent.agent.context import Context
from parallel_agent.agent.contracting import MOVED, build_original, find_contract
from parallel_agent.agent.estimating import (
    check_affordable,
    estimate_of,
    estimate_text,
    first_request,
)
from parallel_agent.agent.intake import take_in
from parallel_agent.agent.project.subject import project_study
from parallel_agent.agent.study import chosen_sizes, study_original
from parallel_agent.agent.subject import OriginalAtSize, reference_of
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.inference import ContractNeeded
from parallel_agent.kernel.source import ParsedSource
from parallel_agent.measurement.bounds import Bandwidth
from parallel_agent.proposers.chat import SourceTooLong
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Mode
from parallel_agent.toolchain.errors import WorkerError
from parallel_agent.toolchain.objectcode import object_hash


def open_run(context: Context, source: str | None, kernel: str | None = None) -> None:
    """Do all that must be done before the first candidate; ``kernel`` goes before the settings'.

    Raises SourceError, ContractError, ContractNeeded, BuildError, SettingsError, WorkerError or CapExceeded:
    with any of them there is nothing to optimize.
    """
    folder = context.folder
    if folder.exists("original", "study.json"):
        return
    if context.project is not None and not context.isolated:
        study = project_study(context.project.known(), context.settings, context.compiler.version())
        folder.write(study.model_dump_json(indent=2), "original", "study.json")
        return
    context.emit("stage", "reading the source")
    text = source if source is not None else folder.read("original.cpp")
    parsed = take_in(text, kernel or context.settings.kernel, context.compiler)
    folder.write(parsed.kernel.source, "original.cpp")
    for note in (*parsed.kernel.notes, *sandbox.notes()):
        context.emit("note", note)
    if not folder.exists("contract.toml"):
        _find_contract(context, parsed)
    contract = Contract.from_toml(folder.read("contract.toml"))
    _estimate(context, parsed, contract)
    _study(context, parsed, contract)


def _estimate(context: Context, parsed: ParsedSource, contract: Contract) -> None:
    """Tell what chat models may cost; CapExceeded where the cap does not pay one answer."""
    if not context.models.coders:
        return
    source = parsed.kernel.source
    try:
        request = first_request(parsed, contract, context.settings, context.compiler.version())
    except SourceTooLong:
        return  # said when a model would be asked; what is free comes first
    told = estimate_of(context.models, request, source, context.settings)
    for model in told.models:
        context.emit("estimate", estimate_text(model, told), **model.model_dump(mode="json"))
    check_affordable(context.models, request, source, context.ledger, context.scope)


def _find_contract(context: Context, parsed: ParsedSource) -> None:
    origin = "inferred" if context.settings.contract is None else "given"
    context.emit("stage", "finding the contract")
    try:
        with context.lane.work():
            found = find_contract(
                parsed,
                context.compiler,
                context.settings,
                lambda stage: context.emit("stage", stage),
            )
    except ContractNeeded as needed:
        asked = ask_for_contract(context, parsed, needed)
        if asked is None:
            raise
        found, origin = asked, "proposed by a model, and checked"
    context.folder.write(found.toml, "contract.toml")
    contract = found.contract.model_dump(mode="json")
    evidence = None if found.evidence is None else found.evidence.model_dump(mode="json")
    context.emit("contract", f"contract {origin}", contract=contract, evidence=evidence)


def _study(context: Context, parsed: ParsedSource, contract: Contract) -> None:
    chosen_sizes(context.settings.size, contract)  # a wrong --size is told before the work
    binary = _built(context, parsed, "optimized")
    contract = keep_in_range(context, parsed, contract, binary)
    twin = _built(context, parsed, "optimized", above=MOVED)
    context.folder.claim("code", object_hash(binary), "the original")
    bandwidth = _bandwidth(context)

    def progress(size: OriginalAtSize) -> None:
        context.emit("original", **size.model_dump(mode="json"))

    with context.lane.timing():
        context.emit("stage", "timing the original against itself")
        study = study_original(
            parsed,
            contract,
            binary,
            twin,
            context.settings,
            progress,
            compiler=context.compiler.version(),
            bandwidth=bandwidth,
        )
    shutil.rmtree(twin.parent)
    shutil.rmtree(context.folder.path("original", "bandwidth"), ignore_errors=True)
    reference = reference_of(parsed, contract, binary, context.settings.seed, study)
    write_calibrated(context, parsed, reference)
    context.folder.write(study.model_dump_json(indent=2), "original", "study.json")
    for note in study.notes[len(parsed.kernel.notes) :]:
        context.emit("note", note)


def _bandwidth(context: Context) -> Bandwidth | None:
    """What the machine's bound is measured with; None, and a note, where it cannot be built."""
    settings, directory = context.settings, context.folder.path("original", "bandwidth")
    try:
        with context.lane.work():
            return Bandwidth(settings.cxx, directory, settings.thread_count)
    except WorkerError as error:
        context.emit("note", f"the machine's bound is not known: {error}")
        return None


def _built(context: Context, parsed: ParsedSource, mode: Mode, above: str = "") -> Path:
    context.emit("stage", f"building the original ({mode}{', moved' if above else ''})")
    directory = context.folder.path("original", "optimized").parent
    with context.lane.work():
        return build_original(
            context.compiler, parsed, directory / "moved" if above else directory, mode, above=above
        )
