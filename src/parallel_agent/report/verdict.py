"""What is said of a candidate that was verified, and of a run that was replayed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parallel_agent.agent.events import Event
from parallel_agent.agent.replaying import Replaying
from parallel_agent.agent.verify import Verification
from parallel_agent.report.progress import plain_line, sizes_text
from parallel_agent.report.saying import printable, say


@contextmanager
def gate_progress(*, quiet: bool) -> Iterator[Callable[[Event], None]]:
    """A listener that shows on stderr what is done: one line that changes in a terminal, else one
    for each event.
    """
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    if quiet:
        yield lambda event: None
    elif console.is_terminal and not console.is_dumb_terminal:
        with console.status(Text("starting")) as status:
            yield lambda event: status.update(_plain(event.message))
    else:
        started: list[float] = []

        def line(event: Event) -> None:
            started.append(event.at)
            sys.stderr.write(plain_line(event, started[0]) + "\n")

        yield line


def show_verification(verification: Verification, *, as_json: bool, quiet: bool) -> None:
    """The verdict on stdout: for people, or as one JSON object; then people read on stderr."""
    if as_json:
        sys.stdout.write(verification.model_dump_json() + "\n")
    if not (as_json and quiet):
        print_verification(
            verification, Console(stderr=as_json, highlight=False, markup=False, emoji=False)
        )


def show_replaying(replaying: Replaying, *, as_json: bool) -> None:
    """What the replay showed, on stdout: for people, or as one JSON object."""
    if as_json:
        sys.stdout.write(replaying.model_dump_json() + "\n")
    else:
        print_replaying(replaying, Console(highlight=False, markup=False, emoji=False))


def print_verification(verification: Verification, console: Console) -> None:
    """The verdict in a sentence, the gates, and how to see for oneself."""
    say(console, headline(verification), style="bold")
    say(console, "")
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("gate", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("what was checked, or what broke it", overflow="fold")
    for gate in verification.gates:
        word = Text("passed", "green") if gate.passed else Text("rejected", "red")
        table.add_row(Text(gate.name), word, f"{gate.seconds:.2f}", _plain(gate.detail))
    console.print(table)
    say(console, "")
    for note in verification.notes:
        say(console, f"note: {note}")
    last = verification.gates[-1]
    if last.replay:
        say(
            console,
            f"run it again: parallel-agent verify ORIGINAL CANDIDATE --replay {last.replay}",
        )
    say(console, f"all of it is in {verification.run} ({verification.seconds:.1f} s)")


def headline(verification: Verification) -> str:
    """The verdict in one sentence."""
    if verification.accepted:
        return f"{verification.kernel}: accepted, all {len(verification.gates)} gates passed"
    return f"{verification.kernel}: rejected by the gate '{verification.gates[-1].name}'"


def print_replaying(replaying: Replaying, console: Console) -> None:
    """What was run, on what, and what came of it, at the first difference."""
    if replaying.accepted:
        said = "as the original does on this input now"
        say(console, f"{replaying.kernel}: {said} (run {replaying.how})", style="bold")
    else:
        say(console, f"{replaying.kernel}: {replaying.difference}", style="bold")
        say(console, f"shown when run {replaying.how}")
    where = f"gate {replaying.gate}, {replaying.purpose} build, {replaying.threads} threads"
    drawn = f", {sizes_text(replaying.sizes)}, seed {list(replaying.seed)}"
    say(console, where + (drawn if replaying.seed else ""))
    _values(console, "inputs", replaying.inputs)
    _values(console, "expected", replaying.expected)
    _values(console, "got", replaying.got)
    if replaying.difference != replaying.recorded:
        say(console, f"\nrecorded: {replaying.recorded}")
    if replaying.printed:
        say(console, "\nthe last that it printed:")
        for line in replaying.printed.splitlines():
            say(console, f"  {line}")
    for note in replaying.notes:
        say(console, f"note: {note}")


def _values(console: Console, title: str, values: Mapping[str, str]) -> None:
    if values:
        say(console, f"\n{title}")
    for name, value in values.items():
        say(console, f"  {name} = {value}")


def _plain(text: str, style: str = "") -> Text:
    """Without what would steer a terminal: some of it was written by the candidate."""
    return Text(printable(text), style=style)
