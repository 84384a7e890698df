"""One original, and the candidates that are held against it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from parallel_agent.agent.calibrating import calibrated_reference, cautions, rewritten
from parallel_agent.agent.contracting import build_original, find_contract, load_contract
from parallel_agent.agent.events import Event
from parallel_agent.agent.intake import HEADERS_NOTE, take_in
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import with_standard_headers
from parallel_agent.measurement.lane import Lane
from parallel_agent.settings import Settings
from parallel_agent.toolchain.compiler import Compiler, Mode
from parallel_agent.toolchain.pool import Pool
from parallel_agent.verification.gate import Examination, GateResult, Submission, Verdict
from parallel_agent.verification.pipeline import entry_gates, examine, trial_gates
from parallel_agent.verification.reference import Reference

BUILDS_AT_A_TIME = 2
"""Compilers beside the work on the contract, which takes a core by itself."""
CANDIDATE_NOTE = (
    "the candidate lacks includes that it needs: <bits/stdc++.h> was added, a line that counts"
)


@dataclass(frozen=True)
class Reviewed:
    """The verdict on a candidate, its text as it was compiled, and what else is to be said."""

    verdict: Verdict
    source: str
    notes: tuple[str, ...]


class Reviewer:
    """Examines any number of candidates of one original; a context manager.

    The original is built and its contract found once, in ``directory``, while the first candidate
    is being compiled. ``tell`` is called with every event.
    """

    def __init__(
        self, original: str, given: Settings, directory: Path, tell: Callable[[Event], None]
    ) -> None:
        """Take the original in; raises CompilerMissing, SourceError and ContractError."""
        self._given = given
        self._directory = directory
        self._tell = tell
        self._compiler = Compiler.find(given.cxx, given.cxxflags)
        self._stage("reading the original")
        self.parsed = take_in(original, given.kernel, self._compiler)
        if given.contract is not None:  # one that cannot be read is told before the work
            load_contract(given.contract, self.parsed)
        self._pool = Pool(BUILDS_AT_A_TIME, "build")
        self._originals: dict[Mode, Future[Path]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    @cached_property
    def contract(self) -> str:
        """The contract as TOML: the user's, checked, or an inferred one.

        Raises ContractError, ContractNeeded and BuildError.
        """
        inferred = self._given.contract is None
        self._stage(f"{'finding' if inferred else 'checking'} the contract")
        toml = find_contract(self.parsed, self._compiler, self._given, self._stage).toml
        origin = "inferred" if inferred else "given"
        plain = Contract.from_toml(toml).model_dump(mode="json")
        self._tell(Event(kind="contract", message=f"contract {origin}", data={"contract": plain}))
        return toml

    @cached_property
    def reference(self) -> Reference:
        """The original as the judge, at the sizes for checking.

        Raises what `contract` raises, SettingsError for a size that it does not allow, and
        WorkerError where the original fails at one.
        """
        contract = Contract.from_toml(self.contract)
        binary = self._original("optimized")
        reference = calibrated_reference(
            self.parsed, contract, binary, self._compiler, self._given, self._stage
        )
        self.contract = rewritten(self.contract, reference.contract)
        return reference

    @property
    def has_contract(self) -> bool:
        """Whether a contract was needed so far, and found."""
        return "contract" in vars(self)

    def review(self, candidate: str, directory: Path) -> Reviewed:
        """Put a candidate through the gates; what they leave lies in ``directory``.

        One that is rejected by its text alone needs no contract. Raises what `reference` raises.
        """
        helped = HEADERS_NOTE in self.parsed.kernel.notes
        submission = self._submission(candidate, directory, helped=helped)
        self._stage("compiling the candidate")
        with Lane().work():
            entry = examine(submission, entry_gates())
            if not (entry.accepted or helped):  # once more, as originals have it
                second = self._submission(candidate, directory, helped=True)
                again = examine(second, entry_gates())
                if again.accepted:
                    submission, entry, helped = second, again, True
            for gate in entry.gates:
                self._report(gate)
            verdict = self._tried(submission, entry) if entry.accepted else entry
        notes = [CANDIDATE_NOTE] if helped else []
        if self.has_contract:
            notes += cautions(Contract.from_toml(self.contract).comparison)
        return Reviewed(verdict, submission.source, tuple(notes))

    def _submission(self, candidate: str, directory: Path, *, helped: bool) -> Submission:
        return Submission(
            kernel=self.parsed.kernel,
            source=with_standard_headers(candidate) if helped else candidate,
            compiler=self._compiler,
            directory=directory,
        )

    def _tried(self, submission: Submission, entry: Verdict) -> Verdict:
        """The whole verdict on a candidate that passed the entry gates."""
        if not self.has_contract:  # a core is idle while it is found
            self._begin("optimized")
            submission.build_ahead(self._pool, "sanitized", "races")
        try:
            examination = Examination(
                **vars(submission), reference=self.reference, threads=self._given.thread_count
            )
            gates = trial_gates(require_race_check=self._given.require_race_check)
            verdict = examine(examination, gates, self._report)
        finally:
            submission.abandon()
        return verdict.model_copy(update={"gates": (*entry.gates, *verdict.gates)})

    def _begin(self, mode: Mode) -> None:
        """Have the original built in the background, unless that was begun before."""
        if mode not in self._originals:
            self._originals[mode] = self._pool.submit(
                build_original, self._compiler, self.parsed, self._directory / mode, mode
            )

    def _original(self, mode: Mode) -> Path:
        self._begin(mode)
        return self._originals[mode].result()

    def _stage(self, message: str) -> None:
        self._tell(Event(kind="stage", message=message))

    def _report(self, result: GateResult) -> None:
        said = f"{result.name}: {'passed' if result.passed else 'rejected'}, {result.detail}"
        self._tell(Event(kind="gate", message=said, data=result.model_dump(mode="json")))
