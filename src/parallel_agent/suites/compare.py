"""Two results of a suite side by side: what moved beyond the noise, kernel by kernel."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Literal

from pydantic import BaseModel, ConfigDict

from parallel_agent.suites.grid import Grid
from parallel_agent.suites.result import SuiteResult
from parallel_agent.suites.score import KernelResult, score

Move = Literal["better", "worse", "same", "only before", "only after"]


class Moved(BaseModel):
    """One kernel in two results; ``change`` is the speedup after over the one before."""

    model_config = ConfigDict(frozen=True)

    kernel: str
    before: float | None
    after: float | None
    change: float | None
    move: Move
    note: str = ""


class SuiteComparison(BaseModel):
    """All kernels of two results.

    ``before`` and ``after`` are the scores over the kernels that are in both, ``change`` their ratio.
    """

    model_config = ConfigDict(frozen=True)

    kernels: tuple[Moved, ...]
    before: float
    after: float
    change: float
    notes: tuple[str, ...] = ()

    @property
    def worse(self) -> list[str]:
        """The kernels that got worse beyond the noise."""
        return [moved.kernel for moved in self.kernels if moved.move == "worse"]


def compare(before: SuiteResult, after: SuiteResult, notes: Sequence[str] = ()) -> SuiteComparison:
    """What moved from one result to another; ``notes`` say what else is to be known of the two.

    A kernel moved where the 95 % intervals of its two speedups lie apart by more than the larger noise
    of the two, or where it failed in only one of them. What counts is what counts for the score: a
    speedup below 1 is 1.
    """
    first = {kernel.name: kernel for kernel in before.kernels}
    second = {kernel.name: kernel for kernel in after.kernels}
    both = [name for name in first if name in second]
    moved = [_moved(first[name], second[name]) for name in both]
    moved += [_alone(k, "only before") for k in before.kernels if k.name not in second]
    moved += [_alone(k, "only after") for k in after.kernels if k.name not in first]
    scores = [score(found[name] for name in both) for found in (first, second)]
    if before.threads != after.threads:
        notes = [f"{before.threads} threads before, {after.threads} after", *notes]
    return SuiteComparison(
        kernels=tuple(moved),
        before=scores[0],
        after=scores[1],
        change=scores[1] / scores[0],
        notes=tuple(notes),
    )


def comparison_grid(comparison: SuiteComparison) -> Grid:
    """A row for each kernel, and one for the score."""
    rows = [
        (
            moved.kernel,
            _shown(moved.before),
            _shown(moved.after),
            _shown(moved.change),
            moved.note or moved.move,
        )
        for moved in comparison.kernels
    ]
    before, after = _shown(comparison.before), _shown(comparison.after)
    rows.append(("score", before, after, _shown(comparison.change), ""))
    headings = ("kernel", "before", "after", "change", "")
    return Grid(headings, tuple(rows), left=("kernel", ""), last_apart=True)


def _moved(before: KernelResult, after: KernelResult) -> Moved:
    low_before, high_before = _interval(before)
    low_after, high_after = _interval(after)
    line = 1.0 + max(_noise(before), _noise(after))
    move: Move = "same"
    if low_after > line * high_before:
        move = "better"
    elif high_after * line < low_before:
        move = "worse"
    note = ""
    if before.status != after.status and "failed" in (before.status, after.status):
        move = "worse" if after.status == "failed" else "better"
        note = f"{move}: {before.status} before, {after.status} after"
    return Moved(
        kernel=before.name,
        before=before.credit,
        after=after.credit,
        change=after.credit / before.credit,
        move=move,
        note=note,
    )


def _alone(kernel: KernelResult, move: Literal["only before", "only after"]) -> Moved:
    gone = move == "only before"
    return Moved(
        kernel=kernel.name,
        before=kernel.credit if gone else None,
        after=None if gone else kernel.credit,
        change=None,
        move=move,
    )


def _interval(kernel: KernelResult) -> tuple[float, float]:
    low, high = kernel.interval or (1.0, 1.0)
    counts = kernel.built and kernel.correct
    return (max(1.0, low), max(1.0, high)) if counts else (1.0, 1.0)


def _noise(kernel: KernelResult) -> float:
    """Of the geometric mean over the sizes, as far as it is known."""
    noises = [size.noise for size in kernel.sizes]
    return fmean(noises) if noises else 0.0


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
