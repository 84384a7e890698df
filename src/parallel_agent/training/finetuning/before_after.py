"""The same suite with the model as it was and as it is now, each served on this machine."""

from __future__ import annotations

from pathlib import Path

from parallel_agent.report.console import progress
from parallel_agent.settings import load_settings
from parallel_agent.suites.result import SuiteResult
from parallel_agent.suites.runner import run_suite
from parallel_agent.training.finetuning.record import BenchScore, Record
from parallel_agent.training.finetuning.settings import Folder


class Suite:
    """A suite that a model is tried on before and after it was trained."""

    def __init__(self, name: str, *, threads: int | None = None, quiet: bool = False) -> None:
        self._name = name
        self._threads = threads
        self._quiet = quiet

    def __call__(self, record: Record, base: Path, folder: Folder) -> tuple[BenchScore, BenchScore]:
        """The scores before and after, under the cap of the training.

        A suite that was interrupted goes on where it stopped.
        """
        before = self._score(record, base, folder.bench("before"))
        return before, self._score(record, folder.model, folder.bench("after"))

    def _score(self, record: Record, model: Path, out: Path) -> BenchScore:
        cap = record.asked.memory
        given = load_settings(
            model=[f"local:{model}"], out=out, threads=self._threads, seed=record.asked.seed,
            memory=None if cap is None else str(cap),
        )  # fmt: skip
        with progress(quiet=self._quiet) as listener:
            result = run_suite(self._name, given, lambda kernel, event: listener(event, kernel))
        return score_of(result)


def score_of(result: SuiteResult) -> BenchScore:
    """What a suite came to, in a line."""
    candidates = sum(kernel.candidates for kernel in result.kernels)
    rejected = sum(sum(kernel.rejected.values()) for kernel in result.kernels)
    return BenchScore(
        suite=result.suite,
        kernels=len(result.kernels),
        improved=sum(kernel.status == "improved" for kernel in result.kernels),
        candidates=candidates,
        accepted=candidates - rejected,
        score=result.geomean,
        run=result.run,
    )
