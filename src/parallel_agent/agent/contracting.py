"""Getting the contract of a kernel: the user's own, checked, or one that is inferred."""

from __future__ import annotations

import tempfile
from pathlib import Path

from parallel_agent.agent.intake import read_source, take_in
from parallel_agent.agent.study import SanitizedTrial
from parallel_agent.kernel.contract import Contract, ContractError
from parallel_agent.kernel.inference import check, infer
from parallel_agent.kernel.source import ParsedSource
from parallel_agent.settings import Settings
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler, Mode
from parallel_agent.verification.build import build


class BuildError(RuntimeError):
    """The original cannot be built with its adapter; the message is the compiler's first error."""


def build_original(compiler: Compiler, parsed: ParsedSource, directory: Path, mode: Mode) -> Path:
    """The original's binary in ``directory``; BuildError if it does not build."""
    kernel = parsed.kernel
    compiled = build(compiler, kernel.signature, kernel.source, directory, mode)
    if compiled.binary is None:
        first = compiled.errors[0]
        raise BuildError(f"the original does not build: line {first.line}: {first.message}")
    return compiled.binary


def get_contract(parsed: ParsedSource, sanitized: Path, given: Settings) -> str:
    """The TOML of the user's contract or, where there is none, of one that is inferred.

    ``sanitized`` is the original built with sanitizers. Raises ContractError for a contract under
    which the original fails or that does not fit it, ContractNeeded where none can be inferred.
    """
    trial = SanitizedTrial(sanitized)
    try:
        if given.contract is None:
            contract = infer(parsed.kernel, trial, seed=given.seed)
            return contract.to_toml(["Found by running the original under sanitizers."])
        contract = Contract.load(given.contract)
        contract.check_against(parsed.kernel.signature)
        problem = check(parsed.kernel, contract, trial, seed=given.seed)
    finally:
        trial.close()
    if problem is not None:
        raise ContractError(f"the original fails under the contract {given.contract}: {problem}")
    return contract.to_toml()


def infer_contract(source: Path, given: Settings) -> str:
    """The contract of the kernel in a file, as TOML, without a run.

    Raises SourceError, CompilerMissing, BuildError, and what `get_contract` raises.
    """
    sandbox.choose(no_sandbox=given.no_sandbox)
    text = read_source(source)
    compiler = Compiler.find(given.cxx, given.cxxflags)
    parsed = take_in(text, given.kernel, compiler)
    with tempfile.TemporaryDirectory(prefix="parallel-agent-") as scratch:
        binary = build_original(compiler, parsed, Path(scratch), "sanitized")
        return get_contract(parsed, binary, given)
