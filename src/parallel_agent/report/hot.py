"""What is said of a benchmark that was sampled: its functions, and what each could bring at most."""

from __future__ import annotations

import sys

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parallel_agent.agent.project.hot import Hot, HotFunction

_WIDE = 160


def show_hot(found: Hot, *, as_json: bool) -> None:
    """On stdout: a table for people, or one JSON object."""
    if as_json:
        sys.stdout.write(found.model_dump_json() + "\n")
        return
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, _WIDE)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("function", overflow="fold")
    table.add_column("at", overflow="fold")
    for name in ("own", "with what it calls", "at most"):
        table.add_column(name, justify="right", no_wrap=True)
    for function in found.functions:
        table.add_row(
            Text(function.name),
            Text(f"{function.file}:{function.line}" if function.file else ""),
            f"{function.own:.1%}",
            f"{function.total:.1%}",
            f"{function.bound:.2f} times",
        )
    console.print(table)
    console.print(
        Text(
            "\nat most: how many times as fast the benchmark would be if the function took no time at "
            f"all (Amdahl); {found.samples} samples in {found.seconds:.1f} s of processor time"
        ),
        soft_wrap=True,
    )
    for note in found.notes:
        console.print(Text(f"note: {note}"), soft_wrap=True)
    first = next((function for function in found.functions if _is_worth_it(function)), None)
    if first is not None:
        console.print(
            Text(
                f"next: parallel-agent optimize {first.file} --kernel {first.name} "
                "--build … --test … --bench …"
            ),
            soft_wrap=True,
        )


def _is_worth_it(function: HotFunction) -> bool:
    return bool(function.file) and function.name != "main"
