"""The gates in order, cheapest first, and the verdict they give together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Diagnostic
from parallel_agent.verification.compilation import CompilationGate
from parallel_agent.verification.differential import DifferentialGate
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
_Asked = TypeVar("_Asked", bound=Submission, contravariant=True)


class _Check(Protocol[_Asked]):
    """A gate for one of the two things that there are to examine."""

    name: str

    def check(self, examination: _Asked) -> str: ...


def entry_gates() -> tuple[EntryGate, ...]:
    """The gates that need nothing but the original's text, cheapest first."""
    return (ForbiddenGate(), SignatureGate(), CompilationGate())


def trial_gates(*, require_race_check: bool = False) -> tuple[Gate, ...]:
    """The gates that run the candidate against the original, cheapest first."""
    return (
        LinkageGate(),
        DifferentialGate(),
        HistoryGate(),
        SanitizerGate(),
        RaceGate(required=require_race_check),
        TimingSizeGate(),
        RepetitionGate(),
    )


def all_gates(*, require_race_check: bool = False, built: Sequence[Gate] = ()) -> tuple[Gate, ...]:
    """All gates that a candidate must pass, cheapest first; ``built`` come after compiling."""
    return (*entry_gates(), *built, *trial_gates(require_race_check=require_race_check))


def examine(
    examination: _Examined,
    gates: Sequence[_Check[_Examined]],
    report: Callable[[GateResult], None] = lambda result: None,
) -> Verdict:
    """Put a candidate through the gates; the first that it does not pass ends the examination.

    ``report`` is told of every gate as it is done. Whatever goes wrong inside a gate, so that it
    could not decide, is a rejection. The run that condemns a candidate is left in ``replay.json``
    in its directory.
    """
    results: list[GateResult] = []
    diagnostics: tuple[Diagnostic, ...] = ()
    for gate in gates:
        start = time.perf_counter()
        replay = ""
        try:
            detail, passed = gate.check(examination), True
        except Rejection as rejection:
            detail, passed = str(rejection), False
            diagnostics = rejection.diagnostics
            if rejection.failure is not None:
                write_replay(examination, gate.name, rejection.failure)
                replay = REPLAY_FILE
        except Exception as error:
            detail, passed = f"could not be checked: {type(error).__name__}: {error}", False
        results.append(
            GateResult(
                name=gate.name,
                passed=passed,
                seconds=time.perf_counter() - start,
                detail=detail,
                replay=replay,
            )
        )
        report(results[-1])
        if not passed:
            break
    return Verdict(
        accepted=all(result.passed for result in results),
        gates=tuple(results),
        diagnostics=diagnostics,
        code_hash=examination.code_hash,
        notes=sandbox.notes(),
        binary="" if examination.optimized is None else examination.optimized.name,
    )
