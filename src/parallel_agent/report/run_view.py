"""A run as the live view shows it: branches gate by gate, the best so far, money and time."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from parallel_agent.budget.amount import Cap, spent_text
from parallel_agent.budget.money import format_usd
from parallel_agent.report.progress import BranchProgress, Progress, Status

NO_CAP = Cap()
_STYLES: dict[Status, str] = {"working": "", "better": "green", "stopped": "dim"}


def run_view(
    progress: Progress, *, cap: Cap = NO_CAP, now: float, rows: int = 20
) -> RenderableType:
    """The run as it stands ``now`` (seconds since the epoch), with the last ``rows`` branches.

    ``cap`` is its own, where it has one.
    """
    branches = list(progress.branches.values())
    hidden = len(branches) - rows
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True, ratio=3, overflow="ellipsis")
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, ratio=4, overflow="ellipsis")
    for branch in branches[-rows:]:
        _add_row(table, branch)
    stage = f"{progress.title}: {progress.stage}" if progress.title else progress.stage
    lines = [Text(stage or "starting", style="bold"), _sums(progress, cap, now)]
    if hidden > 0:
        lines.append(Text(f"... {hidden} more above", style="dim"))
    return Group(*lines, *([table] if branches else []))


def _sums(progress: Progress, cap: Cap, now: float) -> Text:
    seconds = 0 if progress.started is None else max(0, int(now - progress.started))
    parts = [
        "nothing faster yet"
        if progress.best is None
        else f"best {progress.best:.2f} times as fast ({progress.best_branch})",
        spent_text(progress.spent, cap) or f"{format_usd(progress.spent.nano_usd)} USD",
        f"{seconds // 60}:{seconds % 60:02d}",
    ]
    if progress.pruned:
        parts.append(f"{progress.pruned} pruned")
    return Text("  |  ".join(parts))


def _add_row(table: Table, branch: BranchProgress) -> None:
    name = branch.name if branch.step == 1 else f"{branch.name} (step {branch.step})"
    gates = Text()
    for passed in branch.gates.values():
        gates.append("✓" if passed else "✗", style="green" if passed else "red")
    style = _STYLES[branch.status]
    table.add_row(Text(name, style=style), gates, Text(" ".join(branch.doing.split()), style=style))
