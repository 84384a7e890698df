"""The gates in order, cheapest first, and the verdict they give together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from parallel_agent.toolchain.compiler import Diagnostic
from parallel_agent.verification.compilation import CompilationGate
from parallel_agent.verification.differential import (
    DifferentialGate,
    RepetitionGate,
    TimingSizeGate,
)
from parallel_agent.verification.forbidden import ForbiddenGate
from parallel_agent.verification.gate import Examination, Gate, GateResult, Rejection, Verdict
from parallel_agent.verification.history import HistoryGate
from parallel_agent.verification.linkage import LinkageGate
from parallel_agent.verification.races import RaceGate
from parallel_agent.verification.sanitizers import SanitizerGate
from parallel_agent.verification.signature import SignatureGate


def all_gates(*, require_race_check: bool = False, built: Sequence[Gate] = ()) -> tuple[Gate, ...]:
    """All gates that a candidate must pass, cheapest first; ``built`` come after compiling."""
    return (
        ForbiddenGate(),
        SignatureGate(),
        CompilationGate(),
        LinkageGate(),
        *built,
        DifferentialGate(),
        HistoryGate(),
        SanitizerGate(),
        RaceGate(required=require_race_check),
        TimingSizeGate(),
        RepetitionGate(),
    )


def examine(
    examination: Examination,
    gates: Sequence[Gate],
    report: Callable[[GateResult], None] = lambda result: None,
) -> Verdict:
    """Put a candidate through the gates; the first that it does not pass ends the examination.

    ``report`` is told of every gate as it is done. Whatever goes wrong inside a gate, so that it
    could not decide, is a rejection.
    """
    results: list[GateResult] = []
    diagnostics: tuple[Diagnostic, ...] = ()
    for gate in gates:
        start = time.perf_counter()
        try:
            detail, passed = gate.check(examination), True
        except Rejection as rejection:
            detail, passed = str(rejection), False
            diagnostics = rejection.diagnostics
        except Exception as error:
            detail, passed = f"could not be checked: {type(error).__name__}: {error}", False
        seconds = time.perf_counter() - start
        results.append(GateResult(name=gate.name, passed=passed, seconds=seconds, detail=detail))
        report(results[-1])
        if not passed:
            break
    return Verdict(
        accepted=all(result.passed for result in results),
        gates=tuple(results),
        diagnostics=diagnostics,
        code_hash=examination.code_hash,
        binary="" if examination.optimized is None else examination.optimized.name,
    )
