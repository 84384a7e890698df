"""What a gate is, what it examines, and the verdict that all of them give."""

from __future__ import annotations

from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from parallel_agent.kernel.source import Kernel
from parallel_agent.toolchain.compiler import Compilation, Compiler, Diagnostic
from parallel_agent.verification.boundaries import boundary_cases, constants
from parallel_agent.verification.build import Purpose, build_for
from parallel_agent.verification.reference import Case, Failure, Reference


class GateResult(BaseModel):
    """How one check went. ``detail`` says what broke it, or what it covered.

    ``replay`` names the file beside the verdict with which the very run that broke it can be run
    again; empty where there is none.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    passed: bool
    seconds: float
    detail: str
    replay: str = ""


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

    def followed_by(self, other: Verdict) -> Verdict:
        """The verdict of this one's gates and then, of the same candidate, those of another."""
        return other.model_copy(
            update={
                "gates": (*self.gates, *other.gates),
                "accepted": self.accepted and other.accepted,
            }
        )

    @property
    def failed(self) -> GateResult | None:
        """The gate that rejected the candidate; None if it was accepted."""
        return next((gate for gate in self.gates if not gate.passed), None)


class Rejection(Exception):
    """Raised by a gate that a candidate does not pass; the message says what broke it.

    ``failure`` is the run that did, where it was a run.
    """

    def __init__(self, broken: str | Failure, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(str(broken))
        self.failure = broken if isinstance(broken, Failure) else None
        self.diagnostics = diagnostics


@dataclass(kw_only=True)
class Submission:
    """A candidate as it is handed in, before anything is known of the original but its text.

    Gates that build leave what later ones need.
    """

    kernel: Kernel
    source: str
    compiler: Compiler
    directory: Path
    code_hash: str = ""
    optimized: Path | None = None
    building: dict[Purpose, Future[Compilation]] = field(default_factory=dict)

    def built(self, purpose: Purpose) -> Compilation:
        """The candidate built for a purpose; LookupError without a race detector for races."""
        if purpose in self.building:
            return self.building[purpose].result()
        return self._build(purpose)

    def build_ahead(self, pool: Executor, *purposes: Purpose) -> None:
        """Begin with what gates to come will ask for, unless it was begun; end with `abandon`."""
        for purpose in purposes:
            if purpose not in self.building:
                self.building[purpose] = pool.submit(self._build, purpose)

    def abandon(self) -> None:
        """Build nothing more ahead; returns when nothing is being built any more."""
        wait([build for build in self.building.values() if not build.cancel()])

    def _build(self, purpose: Purpose) -> Compilation:
        return build_for(purpose, self.compiler, self.kernel.signature, self.source, self.directory)


@dataclass(kw_only=True)
class Examination(Submission):
    """A candidate before the gates that run it against the original."""

    reference: Reference
    threads: int

    def small_cases(self) -> list[Case]:
        """Edge-case and random inputs of small sizes, the candidate's own edges among them."""
        return [*self.reference.check_cases(), *self._at_boundaries[0]]

    def large_cases(self) -> list[Case]:
        """One input for every size that is timed, and those beyond the candidate's own limits."""
        return [*self.reference.timing_cases(), *self._at_boundaries[1]]

    @cached_property
    def _at_boundaries(self) -> tuple[list[Case], list[Case]]:
        return boundary_cases(self.reference, constants(self.source, self.kernel.source))


class EntryGate(Protocol):
    """A check that needs no more than the candidate and the original's text."""

    name: str

    def check(self, examination: Submission) -> str:
        """What was covered, in a few words; Rejection if the candidate does not pass."""
        ...


class Gate(Protocol):
    """One check that a candidate must pass. Every `EntryGate` is one."""

    name: str

    def check(self, examination: Examination) -> str:
        """What was covered, in a few words; Rejection if the candidate does not pass."""
        ...
