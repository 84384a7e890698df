"""What a gate is, what it examines, and the verdict that all of them give."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from parallel_agent.kernel.source import Kernel
from parallel_agent.toolchain.compiler import Compiler, Diagnostic
from parallel_agent.verification.reference import Reference


class GateResult(BaseModel):
    """How one check went. ``detail`` says what broke it, or what it covered."""

    model_config = ConfigDict(frozen=True)

    name: str
    passed: bool
    seconds: float
    detail: str


class Verdict(BaseModel):
    """The result of all gates: accepted only if every one was passed.

    ``diagnostics`` are the compiler's errors where it did not compile, and ``code_hash`` is equal
    for candidates that compile to the same machine code. ``notes`` say what to know of how it was
    reached.
    """

    model_config = ConfigDict(frozen=True)

    accepted: bool
    gates: tuple[GateResult, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    code_hash: str = ""
    binary: str = ""
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> GateResult | None:
        """The gate that rejected the candidate; None if it was accepted."""
        return next((gate for gate in self.gates if not gate.passed), None)


class Rejection(Exception):
    """Raised by a gate that a candidate does not pass; the message says what broke it."""

    def __init__(self, detail: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(detail)
        self.diagnostics = diagnostics


@dataclass
class Examination:
    """A candidate before the gates. Gates that build leave their binaries for the later ones."""

    kernel: Kernel
    source: str
    reference: Reference
    compiler: Compiler
    directory: Path
    threads: int
    code_hash: str = ""
    optimized: Path | None = None


class Gate(Protocol):
    """One check that a candidate must pass."""

    name: str

    def check(self, examination: Examination) -> str:
        """What was covered, in a few words; Rejection if the candidate does not pass."""
        ...
