"""One kernel of a suite on its way: whatever becomes of it, the others go on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from parallel_agent.agent.governed import GovernedRun
from parallel_agent.agent.outcome import Outcome
from parallel_agent.agent.run import Interrupted
from parallel_agent.suites.score import KernelResult
from parallel_agent.suites.suite import SuiteKernel
from parallel_agent.suites.worked import Worked

_Found = TypeVar("_Found")


class Member:
    """A kernel with its run. ``failure`` is why it takes part no more, empty while it does.

    ``refuted`` is what the suite's own comparison has against the answer.
    """

    def __init__(
        self, kernel: SuiteKernel, run: GovernedRun, halt: threading.Event, worked: Worked
    ) -> None:
        """When ``halt`` is set, no step is begun any more."""
        self.kernel = kernel
        self._worked = worked
        self._halt = halt
        self.run = run
        self.failure = ""
        self.refuted = ""
        self._outcome: Outcome | None = None

    def attempt(self, step: Callable[[], _Found]) -> _Found | None:
        """Take a step of the run; None where it fails, which ends the run. Interrupted goes through."""
        if self._halt.is_set():
            raise Interrupted(self.kernel.path, "")
        with self._worked.on(self.kernel.name):
            try:
                return step()
            except Interrupted:
                raise
            except Exception as error:  # its score is 1, its reason is in the table
                self.failure = f"{type(error).__name__}: {error}"
                return None

    def free(self) -> None:
        """Do all that is free."""
        self.attempt(self.run.free)
        if not self.failure:
            kernel = self.kernel
            self.run.note_origin(
                {"name": kernel.name, "category": kernel.category, "licence": kernel.licence}
            )

    def close(self) -> None:
        """End the run."""
        if not self.failure:
            self._outcome = self.attempt(self.run.close)
        outcome, check = self._outcome, self.kernel.check
        if outcome is not None and outcome.status == "improved" and check is not None:
            best = Path(outcome.best_source).read_text(encoding="utf-8")
            self.refuted = self.attempt(lambda: check(best)) or self.failure

    def result(self, seconds: float) -> KernelResult:
        """Its row of the table; ``seconds`` is how long it was worked on."""
        outcome = self._outcome
        if outcome is None:
            return KernelResult(
                name=self.kernel.name,
                category=self.kernel.category,
                status="failed",
                built=False,
                correct=False,
                seconds=seconds,
                reason=self.failure,
            )
        return row_of(
            self.kernel.name, self.kernel.category, outcome, seconds, refuted=self.refuted
        )


def row_of(
    name: str, category: str, outcome: Outcome, seconds: float, *, refuted: str = ""
) -> KernelResult:
    """The row of a kernel that has an outcome, which ``refuted`` has something against."""
    return KernelResult(
        name=name,
        category=category,
        status="failed" if refuted else outcome.status,
        built=True,
        correct=not refuted,
        speedup=outcome.speedup,
        interval=outcome.interval,
        sizes=outcome.sizes,
        seconds=seconds,
        spent_usd=Decimal(outcome.spent_usd),
        proposer=outcome.proposer,
        candidates=outcome.candidates,
        rejected=outcome.rejected,
        not_faster=outcome.not_faster,
        slower=outcome.slower,
        strategy=outcome.strategy,
        reason=refuted or "; ".join(outcome.reasons),
    )
