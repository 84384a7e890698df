"""What is said when a run is over: the speedup in words and by size, the bill, the evidence."""

from __future__ import annotations

import shlex
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from parallel_agent.agent.outcome import Outcome
from parallel_agent.agent.run_folder import REPORT
from parallel_agent.report.progress import milliseconds, sizes_text
from parallel_agent.report.saying import say

_MOST_REASONS = 12


def print_outcome(outcome: Outcome, console: Console) -> None:
    """The closing table and all that stands around it."""
    say(console, headline(outcome), style="bold")
    for reason in outcome.reasons[:_MOST_REASONS]:
        say(console, f"  {reason}")
    if len(outcome.reasons) > _MOST_REASONS:
        say(console, f"  and {len(outcome.reasons) - _MOST_REASONS} more")
    for line in chain_lines(outcome):
        say(console, line)
    say(console, "")
    console.print(speed_table(outcome))
    say(console, "")
    for line in (counts(outcome), bill(outcome)):
        say(console, line)
    if outcome.bill.models:
        console.print("", bill_table(outcome), "", answer_table(outcome), "", sep="\n")
    for caution in outcome.cautions:
        say(console, f"caution: {caution}")
    for note in outcome.notes:
        say(console, f"note: {note}")
    say(console, "")
    for name, path in (
        ("best", outcome.best_source),
        ("diff", outcome.diff),
        ("run", outcome.run),
    ):
        say(console, f"{name:5} {path}")
    for line in project_lines(outcome):
        say(console, line)
    report = Path(outcome.run) / REPORT
    if report.is_file():
        say(console, f"report {report}")
        say(console, f"to see it: parallel-agent report {shlex.quote(outcome.run)} --open")


def project_lines(outcome: Outcome) -> list[str]:
    """How the user's tree gets what was found; nothing for a run about a file or without a patch."""
    project = outcome.project
    if project is None or not project.files:
        return []
    lines = [f"apply cd {project.root} && git apply {outcome.diff}"]
    if project.branch:
        lines.append(f"branch {project.branch} ({project.commit[:12]})")
    return lines


def headline(outcome: Outcome) -> str:
    """The result in one sentence."""
    threads = counted(outcome.threads, "thread")
    if outcome.status == "unchanged":
        return f"{outcome.kernel}: unchanged, nothing was faster with {threads}"
    low, high = outcome.interval
    said = (
        f"{outcome.kernel}: {outcome.speedup:.2f} times as fast ({low:.2f} to {high:.2f}) "
        f"with {threads}, by {outcome.strategy} ({outcome.proposer})"
    )
    trusted = outcome.project is not None and outcome.project.checked_by == "test only"
    return f"{said}, checked by your test only" if trusted else said


def chain_lines(outcome: Outcome) -> list[str]:
    """What each strategy of a chain brought, where there are several."""
    if len(outcome.chain) < 2:
        return []
    said = [
        f"  {number}. {step.name}" + (f": {step.speedup:.2f}" if step.speedup else "")
        for number, step in enumerate(outcome.chain, start=1)
    ]
    return ["step by step, times as fast as the original at first sight:", *said]


def speed_table(outcome: Outcome) -> Table:
    """A row for each size and, for an improved kernel, one for all sizes together."""
    improved = outcome.status == "improved"
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("size")
    bounded = any(size.bound_seconds for size in outcome.sizes)
    headings = ["original ms", "best ms", "speedup", "95 % interval"] if improved else ["ms"]
    for heading in (*headings, "noise", *(["bound ms"] * bounded)):
        table.add_column(heading, justify="right", no_wrap=True)
    for size in outcome.sizes:
        cells = [milliseconds(size.original_seconds)]
        if improved:
            cells += [milliseconds(size.candidate_seconds), *_ratio(size.speedup, size.interval)]
        cells.append(f"{size.noise:.1%}")
        if size.bound_seconds:
            cells.append(milliseconds(size.bound_seconds))
        table.add_row(sizes_text(size.sizes), *cells)
    if improved:
        table.add_section()
        overall = _ratio(outcome.speedup, outcome.interval)
        name = "all" if outcome.project is None else "your benchmark"
        table.add_row(name, "", "", *overall, f"{outcome.noise_floor:.1%}")
    return table


def counts(outcome: Outcome) -> str:
    """What became of the candidates."""
    parts = []
    if outcome.rejected:
        gates = ", ".join(f"{gate} {number}" for gate, number in outcome.rejected.items())
        parts.append(f"{sum(outcome.rejected.values())} rejected ({gates})")
    if outcome.not_faster:
        parts.append(f"{outcome.not_faster} not faster")
    if outcome.pruned:
        parts.append(f"{counted(len(outcome.pruned), 'move')} pruned")
    return ", ".join([counted(outcome.candidates, "candidate"), *parts])


def bill(outcome: Outcome) -> str:
    """What was spent of every cap, and how long it took."""
    return f"spent {outcome.spent_of_caps} in {outcome.seconds:.0f} s"


def bill_table(outcome: Outcome) -> Table:
    """A row for each model, node and branch that was asked; seconds are models' time."""
    table = _plain_table(
        "", "", "requests", "USD", "of it forfeited", "tokens in", "tokens out", "s"
    )
    parts = {
        "model": outcome.bill.models,
        "node": outcome.bill.nodes,
        "branch": outcome.bill.branches,
    }
    for part, spending in parts.items():
        for item in spending:
            tokens = (str(item.input_tokens), str(item.output_tokens), f"{item.seconds:.1f}")
            table.add_row(
                part, item.name, str(item.requests), item.spent_usd, item.forfeited_usd, *tokens
            )
        table.add_section()
    return table


def answer_table(outcome: Outcome) -> Table:
    """A row for each answer of a model: what became of it, and its price in US dollars."""
    table = _plain_table(
        "branch", "step", "model", "answer", "USD", left=("branch", "model", "answer")
    )
    for answer in outcome.answers:
        table.add_row(answer.branch, str(answer.step), answer.model, answer.result, answer.cost_usd)
    return table


def _plain_table(*headings: str, left: tuple[str, ...] = ("",)) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="left" if heading in left else "right", overflow="fold")
    return table


def _ratio(speedup: float, interval: tuple[float, float]) -> tuple[str, str]:
    return f"{speedup:.2f}", f"{interval[0]:.2f} to {interval[1]:.2f}"


def counted(number: int, noun: str) -> str:
    """``1 gate``, ``7 gates``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
