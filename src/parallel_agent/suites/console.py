"""What a suite came to, on the console."""

from __future__ import annotations

import sys

from rich.console import Console

from parallel_agent.suites.compare import SuiteComparison, comparison_grid
from parallel_agent.suites.disagreements import disagreements
from parallel_agent.suites.result import SuiteResult
from parallel_agent.suites.tables import category_grid, kernel_grid, toolkit_grid

_WIDE = 200
"""Columns of the tables where no terminal bounds them."""


def show_suite(result: SuiteResult, *, as_json: bool, quiet: bool) -> None:
    """The result on stdout: for people, or as one JSON object; then people read on stderr."""
    if as_json:
        sys.stdout.write(result.model_dump_json() + "\n")
    if not (as_json and quiet):
        print_suite(result, _console(as_json))


def print_suite(result: SuiteResult, console: Console) -> None:
    """A row for each kernel, the score by category, the sum of it all."""
    console.print(kernel_grid(result).table(), "", category_grid(result).table(), "", sep="\n")
    if result.toolkit:
        console.print(toolkit_grid(result).table(), "", sep="\n")
    for line in summary(result):
        console.print(line, soft_wrap=True)


def show_comparison(comparison: SuiteComparison, *, as_json: bool, quiet: bool) -> None:
    """What moved, on stdout: for people, or as one JSON object; then people read on stderr."""
    if as_json:
        sys.stdout.write(comparison.model_dump_json() + "\n")
    if quiet:
        return
    console = _console(as_json)
    console.print(comparison_grid(comparison).table())
    for line in comparison.notes:
        console.print(f"note: {line}", soft_wrap=True)


def _console(as_json: bool) -> Console:
    console = Console(stderr=as_json, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:  # for grep and the like: a row is a line
        console.width = max(console.width, _WIDE)
    return console


def summary(result: SuiteResult) -> list[str]:
    """The sum of it all, a line each."""
    number, gates = len(result.kernels), result.without_gates
    won = ", ".join(f"{name} {count}" for name, count in result.winners.items())
    by_gate = ", ".join(f"{gate} {count}" for gate, count in gates.by_gate.items())
    return [
        f"{result.suite}: {result.geomean:.2f} times as fast on the geometric mean of {number} "
        f"kernels with {result.threads} threads",
        f"{result.built} built, {result.correct} correct of {number}",
        *([f"won by {won}"] if won else []),
        f"of {gates.candidates} candidates {gates.wrong} were turned away by a gate"
        f"{f' ({by_gate})' if by_gate else ''}, and {gates.slower} were correct but slower",
        *(f"the judges disagree: {line}" for line in disagreements(result)),
        f"spent {result.spent_of_caps} in {result.seconds:.0f} s",
        *(f"note: {note}" for note in result.notes),
        f"run   {result.run}",
    ]
