"""What is said of a profile: the times by size and by thread, the loops, and what to make of them."""

from __future__ import annotations

import sys

from rich import box
from rich.console import Console
from rich.table import Table

from parallel_agent.agent.profile import Profiled, SizeProfile
from parallel_agent.measurement.scaling import Scaling
from parallel_agent.report.progress import milliseconds, sizes_text
from parallel_agent.report.saying import say

_WIDE = 200


def show_profile(found: Profiled, *, as_json: bool, quiet: bool) -> None:
    """The profile on stdout: for people, or as one JSON object; then people read on stderr."""
    if as_json:
        sys.stdout.write(found.model_dump_json() + "\n")
    if not (as_json and quiet):
        console = Console(stderr=as_json, highlight=False, markup=False, emoji=False)
        if not console.is_terminal:
            console.width = max(console.width, _WIDE)
        print_profile(found, console)


def print_profile(found: Profiled, console: Console) -> None:
    """The headline, the tables, the conclusions, and where it all lies."""
    say(console, headline(found), style="bold")
    say(console, "")
    console.print(_size_table(found))
    if found.scaling is not None:
        say(console, "")
        console.print(_thread_table(found.scaling))
    if found.loops:
        say(console, "")
        for loop in found.loops:
            say(console, str(loop))
    say(console, "")
    for line in found.conclusions:
        say(console, f"- {line}")
    for line in (*found.findings, *found.notes):
        say(console, f"note: {line}")
    say(console, f"all of it is in {found.run} ({found.seconds:.1f} s)")


def headline(found: Profiled) -> str:
    """The result in one sentence."""
    if found.failure:
        return f"{found.kernel}: the candidate is no match: {found.failure}"
    if found.speedup is None or found.interval is None:
        return f"{found.kernel}: {milliseconds(found.sizes[-1].seconds)} ms at the largest size"
    low, high = found.interval
    early = "" if found.complete else ", as far as it was timed"
    return (
        f"{found.kernel}: the candidate is {found.speedup:.2f} times as fast ({low:.2f} to "
        f"{high:.2f}) with {found.threads} threads{early}; whether it is right, 'verify' says"
    )


def _size_table(found: Profiled) -> Table:
    table = _table()
    rewritten = found.speedup is not None
    table.add_column("size", no_wrap=True)
    table.add_column("original ms", justify="right")
    if rewritten:
        for name in ("candidate ms", "speedup", "95 % interval"):
            table.add_column(name, justify="right", no_wrap=True)
    for name in ("noise", "reading ms", "times of reading"):
        table.add_column(name, justify="right", no_wrap=True)
    for size in found.sizes:
        times = size.times_of_reading
        table.add_row(
            sizes_text(size.sizes),
            milliseconds(size.original_seconds),
            *(_candidate_cells(size) if rewritten else ()),
            f"{size.noise:.1%}",
            "" if size.read_seconds is None else milliseconds(size.read_seconds),
            "" if times is None else f"{times:.3g}",
        )
    return table


def _candidate_cells(size: SizeProfile) -> tuple[str, str, str]:
    if size.candidate_seconds is None or size.interval is None:
        return ("not timed", "", "")
    low, high = size.interval
    return (milliseconds(size.candidate_seconds), f"{size.speedup:.2f}", f"{low:.2f} to {high:.2f}")


def _thread_table(scaling: Scaling) -> Table:
    table = _table()
    for name in ("threads", "ms", "speedup", "95 % interval", "over one thread", "efficiency"):
        table.add_column(name, justify="right", no_wrap=True)
    for at in scaling.points:
        low, high = at.interval
        table.add_row(
            str(at.threads),
            milliseconds(at.seconds),
            f"{at.speedup:.2f}",
            f"{low:.2f} to {high:.2f}",
            f"{at.relative:.2f}",
            f"{at.efficiency:.0%}",
        )
    return table


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
