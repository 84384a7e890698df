"""The original under observation: run under sanitizers, and on a build that counts its branches."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from parallel_agent.agent.subject import KERNEL_LIMITS
from parallel_agent.toolchain.coverage import Counts, measure
from parallel_agent.toolchain.runner import Worker, WorkerDied, WorkerError

TRIAL_LIMITS = replace(KERNEL_LIMITS, wall_seconds=2.0)
"""Longer than this at the small sizes of a trial is taken for an endless loop."""
_QUICK = {
    "ASAN_OPTIONS": "exitcode=86:detect_leaks=0:symbolize=0:handle_abort=1:color=never",
    "UBSAN_OPTIONS": "exitcode=86:symbolize=0:color=never",
}
"""Most trials are meant to fail, and a stack trace takes longer than all the rest of one."""

_FINDING = re.compile(
    r"(?:runtime error: |AddressSanitizer: |Assertion ')([^\n(']+?)(?: on | \(|'|\n)"
)


class OriginalTrial:
    """Runs a build of the original on one call after the other; a process that died is replaced."""

    def __init__(self, binary: Path) -> None:
        self._binary = binary
        self._worker: Worker | None = None

    def __call__(self, payload: memoryview) -> str | None:
        """None if the run was clean, else the sanitizer's or the system's word for it."""
        try:
            self._running().call(payload)
        except WorkerError as error:
            self.close()
            return _told(error)
        return None

    def answer(self, payload: memoryview) -> memoryview | None:
        """What a call answers; None where it fails."""
        try:
            return self._running().call(payload)
        except WorkerError:
            self.close()
            return None

    def _running(self) -> Worker:
        if self._worker is None:
            self._worker = Worker(
                self._binary,
                threads=1,
                limits=TRIAL_LIMITS,
                directory=self._binary.parent,
                env=_QUICK,
            )
        return self._worker

    def close(self) -> None:
        """End the process, if there is one."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None


def _told(error: WorkerError) -> str:
    """One line, with the name of what a sanitizer or a checked container found."""
    line = str(error).strip().splitlines()[0]
    found = _FINDING.search(error.output) if isinstance(error, WorkerDied) else None
    return f"{line}: {found[1]}" if found else line


class OriginalObserver:
    """The build of the original that counts: its answers, and what calls reach."""

    def __init__(self, binary: Path, gcov: str | None) -> None:
        self._binary = binary
        self._gcov = gcov
        self._answers = OriginalTrial(binary)

    def answer(self, payload: memoryview) -> memoryview | None:
        """The encoded results of a call; None where it fails."""
        return self._answers.answer(payload)

    def counts(self, payloads: Sequence[memoryview]) -> Counts | None:
        """How often these calls pass every place of the kernel's file; None if unknown."""
        if self._gcov is None:
            return None
        # The process for answers would add its counts to the same file when it ends.
        self._answers.close()
        try:
            return measure(self._binary, self._gcov, payloads, TRIAL_LIMITS)
        except WorkerError:
            return None

    def close(self) -> None:
        """End the process, if there is one."""
        self._answers.close()


class Observed:
    """The builds of an original; a context manager that ends their processes."""

    def __init__(self, trial: OriginalTrial, observer: OriginalObserver | None = None) -> None:
        self.trial = trial
        self.observer = observer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.trial.close()
        if self.observer is not None:
            self.observer.close()
