"""The contract of a kernel without a run: what `parallel-agent contract` prints."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from parallel_agent.agent.calibrating import calibrated_reference
from parallel_agent.agent.contracting import FoundContract, Tell, build_original, find_contract
from parallel_agent.agent.intake import read_source, take_in
from parallel_agent.agent.values_in_range import IN_RANGE
from parallel_agent.settings import Settings
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler


def contract_of(source: Path, given: Settings, tell: Tell = lambda stage: None) -> FoundContract:
    """The contract of the kernel in a file, found or checked, with its tolerance calibrated.

    Raises SourceError, CompilerMissing, and what `find_contract` and `calibrated_reference` raise.
    """
    sandbox.choose(no_sandbox=given.no_sandbox)
    compiler = Compiler.find(given.cxx, given.cxxflags)
    parsed = take_in(read_source(source), given.kernel, compiler)
    found = find_contract(parsed, compiler, given, tell)
    inferred = found.contract
    with tempfile.TemporaryDirectory(prefix="parallel-agent-") as scratch:
        binary = build_original(compiler, parsed, Path(scratch), "optimized")
        reference = calibrated_reference(parsed, found.contract, binary, compiler, given, tell)
    found = replace(found, contract=reference.contract)
    narrowed = found.contract.parameters != inferred.parameters
    if narrowed and found.evidence is not None:
        choices = (*found.evidence.choices, IN_RANGE)
        found = replace(found, evidence=found.evidence.model_copy(update={"choices": choices}))
    return found
