"""What the commands for data sets say: while they work on the terminal, and when they are done."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from parallel_agent.training.data.checking import Checked, NearPair
from parallel_agent.training.data.duration import shown
from parallel_agent.training.data.generating import Listener, Progress
from parallel_agent.training.data.splitting import Split

LINE_SECONDS = 30.0
"""Where no terminal is, a line is written so often."""
_SHOWN = 12


@contextmanager
def teller(*, quiet: bool) -> Iterator[Listener]:
    """Shows how far a data set is, on stderr: a bar on a terminal, else a line now and then."""
    if quiet:
        yield lambda progress: None
    elif sys.stderr.isatty():
        with Bar(
            TextColumn("pairs"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"),
            console=Console(stderr=True), transient=True, redirect_stdout=False,
        ) as bar:  # fmt: skip
            task = bar.add_task("", total=None)

            def paint(progress: Progress) -> None:
                have = progress.before + progress.pairs
                bar.update(task, total=progress.wanted, completed=have, description=_rate(progress))

            yield paint
    else:
        yield _lines()


def _lines() -> Callable[[Progress], None]:
    last = time.monotonic()

    def say(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_SECONDS:
            last = time.monotonic()
            have = progress.before + progress.pairs
            sys.stderr.write(f"{have} of {progress.wanted} pairs, {_rate(progress)}\n")

    return say


def _rate(progress: Progress) -> str:
    left = f", {shown(progress.left)} left" if progress.pairs else ""
    return f"{progress.tried} kernels tried, {progress.per_hour:.0f} pairs an hour{left}"


def show_made(folder: Path, made: Progress, *, as_json: bool, quiet: bool) -> None:
    """The end of a generation."""
    have = made.before + made.pairs
    if as_json:
        _print_json(
            {
                "pairs": have,
                "wanted": made.wanted,
                "new": made.pairs,
                "tried": made.tried,
                "outcomes": dict(made.outcomes),
                "rejected": dict(made.rejected),
                "seconds": round(made.elapsed, 1),
                "pairs_per_hour": round(made.per_hour, 1),
                "spent_on": {name: round(spent, 1) for name, spent in _most(made)},
                "folder": str(folder.absolute()),
            }
        )
        return
    typer.echo(f"{have} of {made.wanted} pairs in {folder}, {made.pairs} of them new")
    if quiet or not made.tried:
        return
    typer.echo(f"{made.tried} kernels in {shown(made.elapsed)}: {made.per_hour:.0f} pairs an hour")
    typer.echo(f"kernels: {_told(made.outcomes)}")
    if made.rejected:
        typer.echo(f"candidates turned away: {_told(made.rejected)}")
    whole = sum(made.seconds.values()) or 1.0
    shares = ", ".join(f"{name} {spent / whole:.0%}" for name, spent in _most(made))
    typer.echo(f"time of the workers: {shares}")


def show_split(found: Split, *, as_json: bool) -> None:
    """How many pairs and families each part has."""
    if as_json:
        _print_json(found.model_dump(mode="json"))
        return
    for part, count in found.pairs.items():
        typer.echo(f"{part:<11}{count:>7} pairs of {len(found.families[part])} families")


def show_card(path: Path, *, as_json: bool) -> None:
    """Where the card is."""
    if as_json:
        _print_json({"card": str(path.absolute())})
    else:
        typer.echo(str(path))


def show_check(found: Checked, *, as_json: bool) -> None:
    """The near-duplicates, or that there are none, and what comes nearest."""
    if as_json:
        _print_json(found.model_dump(mode="json"))
        return
    for row in found.near[:_SHOWN]:
        typer.echo(f"near: {_row(row)}")
    if len(found.near) > _SHOWN:
        typer.echo(f"and {len(found.near) - _SHOWN} more")
    typer.echo(
        f"{len(found.near)} of {found.texts} sources are near-duplicates of one of "
        f"{found.suite_kernels} kernels (resemblance from {found.threshold}, "
        f"or containment from {found.contained})"
    )
    if found.nearest is not None:
        typer.echo(f"nearest of the others: {_row(found.nearest)}")


def _row(row: NearPair) -> str:
    return (
        f"{row.kernel} ({row.family}, {row.index}) and {row.suite_kernel}: "
        f"resemblance {row.resemblance:.2f}, containment {row.containment:.2f}"
    )


def _most(made: Progress) -> list[tuple[str, float]]:
    return sorted(made.seconds.items(), key=lambda item: -item[1])


def _told(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {name}" for name, count in ordered)


def _print_json(plain: Any) -> None:
    typer.echo(json.dumps(plain))
