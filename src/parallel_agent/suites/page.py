"""The report of a suite: one HTML file, linked to the reports of its kernels."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from parallel_agent.agent.events import Event
from parallel_agent.agent.run_folder import LEDGER, REPORT, RunFolder
from parallel_agent.report.html.page import render
from parallel_agent.report.html.written import report_of
from parallel_agent.suites.console import summary
from parallel_agent.suites.environment import ENVIRONMENT
from parallel_agent.suites.grid import Grid
from parallel_agent.suites.pictures import by_kernel, score_by_money
from parallel_agent.suites.result import SuiteResult
from parallel_agent.suites.score import KernelResult
from parallel_agent.suites.stored import RESULT, read_result
from parallel_agent.suites.tables import category_grid, gate_grid, toolkit_grid
from parallel_agent.suites.unfinished import result_so_far

MOST_WORDS = 240
"""Characters of a kernel's reason that the table shows; the kernel's own report has them all."""
KernelListener = Callable[[str, Event], None]


@dataclass(frozen=True)
class Line:
    """A row of the table of kernels; ``link`` is the kernel's own report, empty where there is none."""

    kernel: KernelResult
    link: str
    words: str


def is_suite(root: Path) -> bool:
    """Whether a folder is that of a suite, finished or not."""
    return (root / RESULT).is_file() or ((root / "kernels").is_dir() and (root / LEDGER).is_file())


def write_suite_report(root: Path) -> Path:
    """Write ``report.html`` into the folder of a suite, whatever of it there is; its path.

    Raises OSError where it cannot be written.
    """
    return RunFolder(root).write(suite_page(root), REPORT)


def report_suite(root: Path, listener: KernelListener) -> None:
    """Write the reports of all kernels and of the suite; an event says which could not be drawn."""
    kernels = root / "kernels"
    for run in sorted(kernels.iterdir()) if kernels.is_dir() else []:
        if (run / "run.json").is_file():
            report_of(run, partial(listener, run.name))
    report_of(root, partial(listener, ""), write_suite_report)


def suite_page(root: Path) -> str:
    """The report of a suite as HTML."""
    finished = (root / RESULT).is_file()
    result = read_result(root) if finished else result_so_far(root)
    lines = [_line(root, kernel) for kernel in result.kernels]
    return render(
        "suite.html.jinja",
        {
            "title": f"{result.suite}: report of a suite",
            "finished": finished,
            "result": result,
            "verdict": _verdict(result, finished),
            "summary": summary(result)[1:-1],
            "improved": sum(kernel.status == "improved" for kernel in result.kernels),
            "failed": [kernel for kernel in result.kernels if kernel.status == "failed"],
            "lines": lines,
            "categories": category_grid(result),
            "gates": gate_grid(result),
            "toolkit": toolkit_grid(result) if result.toolkit else Grid((), ()),
            "by_kernel": by_kernel(result),
            "by_money": score_by_money(result),
            "environment": _environment(root),
            "commands": _commands(root, result, finished),
        },
    )


def _verdict(result: SuiteResult, finished: bool) -> str:
    if finished:
        return summary(result)[0]
    return (
        f"{result.suite}: this suite has not ended; of {len(result.kernels)} kernels that were begun, "
        f"{sum(kernel.speedup is not None for kernel in result.kernels)} have a result"
    )


def _line(root: Path, kernel: KernelResult) -> Line:
    link = f"kernels/{kernel.name}/{REPORT}"
    improved = kernel.status == "improved"
    by = f"{kernel.strategy} ({kernel.proposer})" if kernel.proposer else "not recorded"
    words = by if improved else kernel.reason
    if len(words) > MOST_WORDS:
        words = f"{words[:MOST_WORDS]} …"
    return Line(kernel, quote(link) if (root / link).is_file() else "", words)


def _environment(root: Path) -> dict[str, Any]:
    """What the suite ran with last; empty where that was not recorded."""
    try:
        found = json.loads((root / ENVIRONMENT).read_text(encoding="utf-8"))
        last = found[-1]
    except (OSError, ValueError, IndexError, KeyError, TypeError):
        return {}
    return last if isinstance(last, dict) else {}


def _commands(root: Path, result: SuiteResult, finished: bool) -> list[tuple[str, str]]:
    folder = shlex.quote(str(root.absolute()))
    if not finished:
        name = shlex.quote(result.suite)
        return [("Go on with this suite", f"parallel-agent bench {name} --out {folder}")]
    return [
        ("Check and time every answer again", f"parallel-agent bench --rejudge {folder}"),
        ("The account, entry by entry", f"parallel-agent ledger {folder}"),
        ("Draw this report again", f"parallel-agent report {folder}"),
    ]
