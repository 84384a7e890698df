"""Putting a candidate through gates: what is said of each, and the verdict of all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Diagnostic
from parallel_agent.verification.gate import GateResult, Rejection, Verdict


class Examined(Protocol):
    """What is examined, a kernel or a program, with what the gates leave of it."""

    code_hash: str
    optimized: Path | None


_Examined = TypeVar("_Examined", bound=Examined)
_Asked = TypeVar("_Asked", contravariant=True)


class Check(Protocol[_Asked]):
    """A gate for one of the things that there are to examine."""

    name: str

    def check(self, examination: _Asked) -> str:
        """What was covered, in a few words; Rejection if the candidate does not pass."""
        ...


def run_gates(
    examination: _Examined,
    gates: Sequence[Check[_Examined]],
    report: Callable[[GateResult], None],
    keep: Callable[[str, Rejection], str],
) -> Verdict:
    """Ask the gates in order; the first that is not passed ends the examination.

    Whatever goes wrong inside a gate, so that it could not decide, is a rejection. ``keep`` is told the
    gate and its rejection, and returns the name of the file with which it can be replayed, or nothing.
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
            replay = keep(gate.name, rejection)
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
