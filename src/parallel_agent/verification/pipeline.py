"""The gates in order, cheapest first, and the verdict they give together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from parallel_agent.toolchain.pool import Pool
from parallel_agent.toolchain.race_detector import RaceDetector
from parallel_agent.verification.build import Purpose
from parallel_agent.verification.compilation import CompilationGate
from parallel_agent.verification.differential import DifferentialGate
from parallel_agent.verification.examining import Check, run_gates
from parallel_agent.verification.forbidden import ForbiddenGate
from parallel_agent.verification.gate import (
    EntryGate,
    Gate,
    GateResult,
    Rejection,
    Submission,
    Verdict,
)
from parallel_agent.verification.history import HistoryGate
from parallel_agent.verification.linkage import LinkageGate
from parallel_agent.verification.races import RaceGate
from parallel_agent.verification.repetition import RepetitionGate
from parallel_agent.verification.replay import REPLAY_FILE, write_replay
from parallel_agent.verification.sanitizers import SanitizerGate
from parallel_agent.verification.signature import SignatureGate
from parallel_agent.verification.timing_size import TimingSizeGate

_Examined = TypeVar("_Examined", bound=Submission)
_SLOW: dict[str, Purpose] = {SanitizerGate.name: "sanitized", RaceGate.name: "races"}
"""What gates after the quick ones ask to have built."""


def entry_gates() -> tuple[EntryGate, ...]:
    """The gates that need nothing but the original's text, cheapest first."""
    return (ForbiddenGate(), SignatureGate(), CompilationGate())


def quick_gates(*, built: Sequence[Gate] = ()) -> tuple[Gate, ...]:
    """The gates that need no more than the program that is timed; ``built`` come after compiling."""
    return (*entry_gates(), *built, LinkageGate(), DifferentialGate(), HistoryGate())


def thorough_gates(*, require_race_check: bool = False) -> tuple[Gate, ...]:
    """The gates that come after the quick ones."""
    race_gate = RaceGate(required=require_race_check)
    return (SanitizerGate(), race_gate, TimingSizeGate(), RepetitionGate())


def trial_gates(*, require_race_check: bool = False) -> tuple[Gate, ...]:
    """The gates that run the candidate against the original, cheapest first."""
    quick = quick_gates()[len(entry_gates()) :]
    return (*quick, *thorough_gates(require_race_check=require_race_check))


def all_gates(*, require_race_check: bool = False, built: Sequence[Gate] = ()) -> tuple[Gate, ...]:
    """All gates that a candidate must pass, cheapest first; ``built`` come after compiling."""
    return (*quick_gates(built=built), *thorough_gates(require_race_check=require_race_check))


def examine(
    examination: _Examined,
    gates: Sequence[Check[_Examined]],
    report: Callable[[GateResult], None] = lambda result: None,
) -> Verdict:
    """Put a candidate through the gates; the first that it does not pass ends the examination.

    ``report`` is told of every gate as it is done. The run that condemns a candidate is left in
    ``replay.json`` in its directory. What the slow gates run is built while quick ones decide.
    """
    purposes = [_SLOW[gate.name] for gate in gates if gate.name in _SLOW]
    if RaceDetector.find() is None:
        purposes = [purpose for purpose in purposes if purpose != "races"]
    running = [gate for gate in gates if gate.name in (LinkageGate.name, *_SLOW)][:1]
    with Pool(len(_SLOW)) as pool:
        ahead = [
            _WhileBuilding(gate, pool, purposes) if gate in running else gate for gate in gates
        ]
        try:
            return run_gates(examination, ahead, report, partial(_kept, examination))
        finally:
            examination.abandon()


class _WhileBuilding(Generic[_Examined]):
    """The first gate that runs the candidate, with builds for later ones begun beside it."""

    def __init__(self, gate: Check[_Examined], pool: Pool, purposes: Sequence[Purpose]) -> None:
        self.name = gate.name
        self._gate = gate
        self._pool = pool
        self._purposes = purposes

    def check(self, examination: _Examined) -> str:
        """Begin to build and ask the gate."""
        examination.build_ahead(self._pool, *self._purposes)
        return self._gate.check(examination)


def _kept(examination: Submission, gate: str, rejection: Rejection) -> str:
    if rejection.failure is None:
        return ""
    write_replay(examination, gate, rejection.failure)
    return REPLAY_FILE
