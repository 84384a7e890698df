"""Calibrating the tolerance, the last thing before the first candidate: in a run, and without one."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from parallel_agent.agent.checking_sizes import checking_sizes
from parallel_agent.agent.context import Context
from parallel_agent.agent.subject import reference_of
from parallel_agent.agent.values_in_range import IN_RANGE, kept_in_range
from parallel_agent.kernel.comparison import Comparison
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import ParsedSource
from parallel_agent.settings import Settings
from parallel_agent.toolchain.compiler import Compiler
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
    context.folder.write(
        rewritten(context.folder.read("contract.toml"), calibrated), "contract.toml"
    )
    for caution in cautions(comparison):
        context.emit("note", caution)


def keep_in_range(
    context: Context, parsed: ParsedSource, contract: Contract, binary: Path
) -> Contract:
    """The run's contract, written again where its values were narrowed to keep results in range."""
    reference = reference_of(parsed, contract, binary, context.settings.seed)
    with context.lane.work():
        kept = kept_in_range(reference, parsed.kernel, context.settings)
    if kept != contract:
        context.emit("note", IN_RANGE[0].lower() + IN_RANGE[1:-1])
        context.folder.write(rewritten(context.folder.read("contract.toml"), kept), "contract.toml")
    return kept


def calibrated_reference(
    parsed: ParsedSource,
    contract: Contract,
    binary: Path,
    compiler: Compiler,
    given: Settings,
    tell: Callable[[str], None],
) -> Reference:
    """The original as the judge at the sizes for checking, its contract's tolerance calibrated.

    An inferred contract's values are such that results stay in range.

    Raises SettingsError for a size that the contract does not allow, ContractError for a result that
    is nowhere finite, and WorkerError where the original fails.
    """
    reference = reference_of(parsed, contract, binary, given.seed)
    tell("choosing sizes")
    reference = replace(reference, contract=kept_in_range(reference, parsed.kernel, given))
    reference = replace(reference, timing_sizes=checking_sizes(reference, given))
    if not contract.comparison.given:
        tell("calibrating the tolerance")
    comparison = calibrate(reference, parsed.kernel, compiler, binary.parent / "rebuilt")
    calibrated = reference.contract.model_copy(update={"comparison": comparison})
    return replace(reference, contract=calibrated)


def rewritten(toml: str, contract: Contract) -> str:
    """The text of a contract that was changed; the remarks at its top stay, with one on its values."""
    remarks = [line[1:].strip() for line in itertools.takewhile(_is_comment, toml.splitlines())]
    if contract.parameters != Contract.from_toml(toml).parameters:
        remarks.append(IN_RANGE)
    return contract.to_toml(remarks)


def cautions(comparison: Comparison) -> list[str]:
    """What a reader must know of results that could be calibrated only in part."""
    return [
        f"the result '{name}' {tolerance.caution}"
        for name, tolerance in comparison.results.items()
        if tolerance.caution
    ]


def _is_comment(line: str) -> bool:
    return line.startswith("#")
