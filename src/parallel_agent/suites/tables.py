"""The tables of a suite's result: by category, by kernel, and what the gates kept out."""

from __future__ import annotations

from statistics import geometric_mean

from parallel_agent.suites.grid import Grid
from parallel_agent.suites.judges.toolkit import Judgement
from parallel_agent.suites.result import SuiteResult
from parallel_agent.suites.score import KernelResult, by_category


def category_grid(result: SuiteResult) -> Grid:
    """A row for each category, and one for all."""
    rows = tuple(
        (row.category, f"{row.built:.1f}", f"{row.correct:.1f}", f"{row.geomean:.2f}")
        for row in by_category(result.kernels)
    )
    headings = ("category", "% built", "% correct", "geomean speedup")
    return Grid(headings, rows, left=("category",), last_apart=True)


def kernel_grid(result: SuiteResult) -> Grid:
    """A row for each kernel: its speedup with interval, money and seconds, and how it came to be.

    Where the toolkit judged, too, its speedup or verdict stands beside ours.
    """
    theirs = {judgement.kernel: _verdict(judgement) for judgement in result.toolkit}
    headings: tuple[str, ...] = ("kernel", "speedup", "95 % interval", "USD", "s", "by, or why not")
    rows = [_row(kernel) for kernel in result.kernels]
    if theirs:
        headings = (*headings[:3], "toolkit's", *headings[3:])
        rows = [(*row[:3], theirs.get(row[0], ""), *row[3:]) for row in rows]
    return Grid(headings, tuple(rows), left=("kernel", "by, or why not"))


def gate_grid(result: SuiteResult) -> Grid:
    """A row for each gate that turned candidates away, and how many."""
    found = result.without_gates
    rows = tuple((gate, str(count)) for gate, count in found.by_gate.items())
    return Grid(("gate", "turned away"), rows, left=("gate",))


def toolkit_grid(result: SuiteResult) -> Grid:
    """The contest's table, by category: ours beside the toolkit's verdict."""
    theirs = {judgement.kernel: judgement for judgement in result.toolkit}
    rows = []
    for row in by_category(result.kernels):
        names = [k.name for k in result.kernels if row.category in (k.category, "all")]
        found = [theirs[name] for name in names if name in theirs]
        rows.append(
            (
                row.category,
                f"{row.correct:.1f}",
                f"{row.geomean:.2f}",
                f"{100 * sum(j.compiled for j in found) / len(names):.1f}",
                f"{100 * sum(j.correct and j.compiled for j in found) / len(names):.1f}",
                f"{_mean([theirs[n].credit if n in theirs else 1.0 for n in names]):.2f}",
            )
        )
    headings = (
        "category", "ours: % correct", "ours: geomean",
        "toolkit: % compiled", "toolkit: % correct", "toolkit: geomean",
    )  # fmt: skip
    return Grid(headings, tuple(rows), left=("category",), last_apart=True)


def _verdict(judgement: Judgement) -> str:
    if not judgement.judged:
        return "no verdict"
    if not judgement.compiled:
        return "not built"
    if not judgement.correct:
        return "wrong"
    return "no time" if judgement.speedup is None else f"{judgement.speedup:.2f}"


def _mean(credits: list[float]) -> float:
    return geometric_mean(credits) if credits else 1.0


def _row(kernel: KernelResult) -> tuple[str, ...]:
    improved = kernel.status == "improved"
    speedup = "" if kernel.speedup is None else f"{kernel.speedup:.2f}"
    interval = ""
    if improved and kernel.interval is not None:
        interval = f"{kernel.interval[0]:.2f} to {kernel.interval[1]:.2f}"
    reason = f"{kernel.status}: {kernel.reason}"
    if improved:
        reason = " ".join(filter(None, (kernel.strategy, f"({kernel.proposer})")))
    spent = f"{kernel.spent_usd:.6f}" if kernel.spent_usd else "0"
    return (kernel.name, speedup, interval, spent, f"{kernel.seconds:.0f}", reason)
