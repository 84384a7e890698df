"""Calibrating the tolerance, the last thing before the first candidate."""

from __future__ import annotations

import itertools
import shutil

from parallel_agent.agent.context import Context
from parallel_agent.kernel.source import ParsedSource
from parallel_agent.verification.reference import Reference
from parallel_agent.verification.tolerance import calibrate


def write_calibrated(context: Context, parsed: ParsedSource, reference: Reference) -> None:
    """Write the contract again with the tolerance of every result and the evidence for it.

    A tolerance of the user's own is left alone. Raises ContractError for a result that is nowhere
    finite, and WorkerError where the original fails.
    """
    contract = reference.contract
    if contract.comparison.given:
        return
    context.emit("stage", "calibrating the tolerance")
    directory = context.folder.path("original", "rebuilt")
    try:
        with context.lane.work():
            comparison = calibrate(reference, parsed.kernel, context.compiler, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    calibrated = contract.model_copy(update={"comparison": comparison})
    before = context.folder.read("contract.toml").splitlines()
    notes = [line[1:].strip() for line in itertools.takewhile(_is_comment, before)]
    context.folder.write(calibrated.to_toml(notes), "contract.toml")
    for name, tolerance in comparison.results.items():
        if tolerance.caution:
            context.emit("note", f"the result '{name}' {tolerance.caution}")


def _is_comment(line: str) -> bool:
    return line.startswith("#")
