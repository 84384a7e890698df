"""The same suite with the model as it was and as it is now, each served on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from parallel_agent.settings import Settings
from parallel_agent.suites.result import SuiteResult
from parallel_agent.suites.runner import Listener, run_suite
from parallel_agent.training.finetuning.record import BenchScore
from parallel_agent.training.finetuning.settings import Folder


def bench_both(
    suite: str, given: Settings, base: Path, folder: Folder, listener: Listener
) -> tuple[BenchScore, BenchScore]:
    """The scores before and after; a suite that was interrupted goes on where it stopped.

    ``given`` are the settings of both, but for the model and the folder.
    """
    before = _bench("before", suite, given, base, folder, listener)
    return before, _bench("after", suite, given, folder.model, folder, listener)


def _bench(
    which: Literal["before", "after"],
    suite: str,
    given: Settings,
    model: Path,
    folder: Folder,
    listener: Listener,
) -> BenchScore:
    changed = {"model": (f"local:{model}",), "out": folder.bench(which)}
    return score_of(suite, run_suite(suite, given.model_copy(update=changed), listener))


def score_of(suite: str, result: SuiteResult) -> BenchScore:
    """What a suite came to, in a line."""
    candidates = sum(kernel.candidates for kernel in result.kernels)
    rejected = sum(sum(kernel.rejected.values()) for kernel in result.kernels)
    return BenchScore(
        suite=suite,
        kernels=len(result.kernels),
        improved=sum(kernel.status == "improved" for kernel in result.kernels),
        candidates=candidates,
        accepted=candidates - rejected,
        score=result.geomean,
        run=result.run,
    )
