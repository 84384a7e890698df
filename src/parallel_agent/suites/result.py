"""What a suite came to."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.outcome import Metered
from parallel_agent.suites.judges.toolkit import Judgement
from parallel_agent.suites.score import KernelResult

FAILED_GATES = ("duplicate",)
"""Gates that say nothing against an answer."""


class CurvePoint(BaseModel):
    """The score of the set when so much was spent, in US dollars."""

    model_config = ConfigDict(frozen=True)

    spent_usd: float
    score: float


class WithoutGates(BaseModel):
    """What became of all candidates that were written, and so what nobody would have noticed.

    ``wrong`` were turned away by a gate: not built, not equivalent, racy, or worse; ``slower`` were
    correct and slower than the original.
    """

    model_config = ConfigDict(frozen=True)

    candidates: int
    wrong: int
    slower: int
    by_gate: dict[str, int]


class SuiteResult(Metered):
    """What a suite came to; ``run`` is its folder.

    ``geomean`` is the geometric mean over all kernels of max(1, speedup), 1 for a kernel that
    failed. ``built`` and ``correct`` count kernels. ``curve`` is the score by what was spent, from the
    first timings; what is reported in the end was timed once more. ``toolkit`` is what the contest's
    driver says, where it was asked. ``seconds`` are those of all processes that worked on the suite,
    ``own_cpu_seconds`` CPU time of the one that led it to its end: compilers and kernels are not in it.
    """

    suite: str
    kernels: tuple[KernelResult, ...]
    built: int
    correct: int
    geomean: float
    threads: int
    run: str
    seconds: float
    own_cpu_seconds: float = 0.0
    curve: tuple[CurvePoint, ...] = ()
    toolkit: tuple[Judgement, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def winners(self) -> dict[str, int]:
        """How many kernels each proposer improved, the most first."""
        found = Counter(k.proposer for k in self.kernels if k.status == "improved")
        return dict(found.most_common())

    @property
    def without_gates(self) -> WithoutGates:
        """What would have passed for an answer."""
        by_gate: Counter[str] = Counter()
        for kernel in self.kernels:
            by_gate.update(kernel.rejected)
        for gate in FAILED_GATES:
            del by_gate[gate]
        return WithoutGates(
            candidates=sum(kernel.candidates for kernel in self.kernels),
            wrong=by_gate.total(),
            slower=sum(kernel.slower for kernel in self.kernels),
            by_gate=dict(by_gate.most_common()),
        )
