"""Getting the contract of a kernel: the user's own, checked and completed, or an inferred one."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from parallel_agent.agent.intake import HEADERS_NOTE
from parallel_agent.agent.trials import Observed, OriginalObserver, OriginalTrial
from parallel_agent.kernel.contract import Contract, ContractError
from parallel_agent.kernel.evidence import Evidence
from parallel_agent.kernel.hints import read_hints
from parallel_agent.kernel.inference import check, infer
from parallel_agent.kernel.pinned import Pinned, is_partial
from parallel_agent.kernel.source import ParsedSource
from parallel_agent.settings import Settings
from parallel_agent.toolchain.adapter import adapter_sources
from parallel_agent.toolchain.compiler import Compiler, Mode
from parallel_agent.toolchain.coverage import build_coverage, gcov_of
from parallel_agent.toolchain.pool import Pool
from parallel_agent.verification.build import adapter_spec, build

Tell = Callable[[str], None]
"""Hears what is being done, while it is done."""
SILENT_SECONDS = 2.0
"""A search that is over sooner has nothing to tell of its stages."""


class BuildError(RuntimeError):
    """The original cannot be built with its adapter; the message is the compiler's first error."""


MOVED = """asm(".pushsection .text\\n.skip 4144\\n.popsection");\n"""
"""Put above a source, it moves the code to another address: by a page and 48 bytes."""


@dataclass(frozen=True)
class FoundContract:
    """A contract, the evidence for it where it was inferred, and where it is from, if not from us."""

    contract: Contract
    evidence: Evidence | None = None
    origin: str = ""

    @property
    def toml(self) -> str:
        """The contract's file, with where it is from and the evidence as comments on top."""
        notes = [] if self.evidence is None else self.evidence.notes()
        return self.contract.to_toml([self.origin, *notes] if self.origin else notes)


def build_original(
    compiler: Compiler, parsed: ParsedSource, directory: Path, mode: Mode, *, above: str = ""
) -> Path:
    """The original's binary in ``directory``; BuildError if it does not build.

    ``above`` is text that is put above the source.
    """
    kernel = parsed.kernel
    compiled = build(compiler, kernel.signature, above + kernel.source, directory, mode)
    if compiled.binary is None:
        first = compiled.errors[0]
        raise BuildError(f"the original does not build: line {first.line}: {first.message}")
    return compiled.binary


def find_contract(
    parsed: ParsedSource, compiler: Compiler, given: Settings, tell: Tell = lambda stage: None
) -> FoundContract:
    """The user's contract, completed where it is partial, or one that is inferred.

    Raises ContractError for a contract under which the original fails or that does not fit it,
    ContractNeeded where none can be inferred, BuildError.
    """
    own = None if given.contract is None else load_contract(given.contract, parsed)
    with tempfile.TemporaryDirectory(prefix="parallel-agent-") as scratch:
        directory = Path(scratch)
        if own is None or is_partial(own, parsed.kernel):
            return _inferred(parsed, compiler, directory, given, own, _patient(tell))
        binary = build_original(compiler, parsed, directory, "sanitized")
        with Observed(OriginalTrial(binary)) as original:
            problem = check(parsed.kernel, own, original.trial, seed=given.seed)
    if problem is not None:
        raise ContractError(f"the original fails under the contract {given.contract}: {problem}")
    return FoundContract(own)


def load_contract(path: Path, parsed: ParsedSource) -> Contract:
    """The user's own contract, whole or partial; ContractError if it does not fit the kernel."""
    own = Contract.load(path)
    if not is_partial(own, parsed.kernel):
        own.check_against(parsed.kernel.signature)
    elif unknown := set(own.parameters) - {p.name for p in parsed.kernel.signature.parameters}:
        raise ContractError(f"{own.kernel} has no parameter '{sorted(unknown)[0]}'")
    return own


def _inferred(
    parsed: ParsedSource,
    compiler: Compiler,
    directory: Path,
    given: Settings,
    own: Contract | None,
    tell: Tell,
) -> FoundContract:
    tell("building the original with sanitizers and with counters")
    with _observed(compiler, parsed, directory) as original:
        found = infer(
            parsed.kernel,
            original.trial,
            original.observer,
            hints=read_hints(parsed),
            given=None if own is None else Pinned(own),
            seed=given.seed,
            before=int(HEADERS_NOTE in parsed.kernel.notes),
            tell=tell,
        )
    try:
        found.contract.check_against(parsed.kernel.signature)
    except ContractError as error:  # only a part of the user's own can be wrong
        raise ContractError(f"{given.contract}: {error}") from None
    return FoundContract(found.contract, found.evidence)


def _observed(compiler: Compiler, parsed: ParsedSource, directory: Path) -> Observed:
    """Both builds, made side by side: one that finds what is wrong, one that counts branches."""
    sources = adapter_sources(adapter_spec(parsed.kernel.signature), parsed.kernel.source)
    with Pool(1) as beside:
        counting = beside.submit(build_coverage, compiler, sources, directory / "counting")
        binary = build_original(compiler, parsed, directory, "sanitized")
        counted = counting.result().binary
    observer = None if counted is None else OriginalObserver(counted, gcov_of(compiler))
    return Observed(OriginalTrial(binary), observer)


def _patient(tell: Tell) -> Tell:
    """Tell of nothing before it takes long enough to be worth telling."""
    started = time.monotonic()

    def later(stage: str) -> None:
        if time.monotonic() - started > SILENT_SECONDS:
            tell(stage)

    return later
