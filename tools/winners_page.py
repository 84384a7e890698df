"""Writes docs/strategies/winners.md from the runs of the bundled suite: what wins on each kernel.

    parallel-agent bench bundled --threads 2 --out suite
    python tools/winners_page.py suite

Folders may be those of `bench --out` and of `tools/peers.py --out`; of several, the first with a
finished run of a kernel counts.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from pydantic import ValidationError

from comparison.subjects import run_folder
from generated import ROOT, write_or_check
from parallel_agent.agent.outcome import ChainStep, Outcome
from parallel_agent.suites.adapters.bundled import bundled
from parallel_agent.suites.suite import SuiteKernel

PAGE = ROOT / "docs/strategies/winners.md"
MOST_REASONS = 4
HEAD = """\
# What wins on the bundled suite

<!-- Written by tools/winners_page.py: do not edit. -->

Generated with `python tools/winners_page.py FOLDER...` from the folders of runs of the
[bundled suite](../how-to/bench.md) on {threads}. {improved} of {kernels} kernels came back faster, the
others unchanged. Speedups are the geometric mean over all sizes, with the 95 % interval, from a timing
made after the choice; beside each step stands how many times as fast as the original the chain was with
it, at first sight.
"""


@dataclass(frozen=True)
class Winner:
    """What a finished run came to, and the change it made; ``diff`` is empty without one."""

    kernel: SuiteKernel
    outcome: Outcome
    diff: str


def main() -> int:
    """Write the page; exit status 2 where the folders give none."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="of a suite's run")
    try:
        text = page(parser.parse_args().folders, bundled())
    except (LookupError, ValueError, OSError) as error:
        print(f"error: {error}\n  help: tools/winners_page.py --help", file=sys.stderr)
        return 2
    return write_or_check(PAGE, text)


def page(folders: Sequence[Path], kernels: Sequence[SuiteKernel]) -> str:
    """The page on these kernels, in their order.

    Raises LookupError where no run of them came to an end, ValueError for a file that is no outcome
    and for runs on different numbers of threads, OSError for a run folder that lacks a file.
    """
    found = [winner for kernel in kernels if (winner := _winner(folders, kernel)) is not None]
    if not found:
        raise LookupError("there is no finished run of a kernel of the suite")
    head = HEAD.format(
        threads=_threads(found),
        improved=sum(winner.outcome.status == "improved" for winner in found),
        kernels=len(found),
    )
    missing = [kernel.name for kernel in kernels if kernel not in [w.kernel for w in found]]
    left_out = [f"Without a finished run: {', '.join(missing)}.\n"] if missing else []
    categories = [
        part
        for category, winners in groupby(found, key=lambda winner: winner.kernel.category)
        for part in (f"## {category}\n", *map(_section, winners))
    ]
    return "\n".join([head, *left_out, *categories])


def _winner(folders: Sequence[Path], kernel: SuiteKernel) -> Winner | None:
    """The first finished run of the kernel as it is now."""
    source = kernel.path.read_text(encoding="utf-8")
    for root in (run_folder(folder, kernel) for folder in folders):
        finished = (root / "outcome.json").exists()
        if finished and (root / "original.cpp").read_text(encoding="utf-8") == source:
            diff = (root / "best.diff").read_text(encoding="utf-8")
            return Winner(kernel, _outcome(root / "outcome.json"), diff)
    return None


def _outcome(path: Path) -> Outcome:
    try:
        return Outcome.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError:
        raise ValueError(f"{path} is not the outcome of a run") from None


def _threads(winners: Sequence[Winner]) -> str:
    counts = {winner.outcome.threads for winner in winners}
    if len(counts) > 1:
        raise ValueError(f"the runs are on different numbers of threads: {sorted(counts)}")
    (count,) = counts
    return "1 thread" if count == 1 else f"{count} threads"


def _section(winner: Winner) -> str:
    """One kernel: how much faster, by which steps, with what change; or why it stayed as it was."""
    outcome = winner.outcome
    if outcome.status == "unchanged":
        said = f"Unchanged: {_reasons(outcome.reasons)}."
    else:
        low, high = outcome.interval
        said = (
            f"**{outcome.speedup:.2f} times as fast** ({low:.2f} to {high:.2f}) "
            f"on {_threads([winner])}.\n\n{_steps(outcome)}\n\n```diff\n{winner.diff.rstrip()}\n```"
        )
    return f"### {winner.kernel.name}\n\n{said}\n"


def _steps(outcome: Outcome) -> str:
    """The chain as a numbered list; a model's answer has no chain, but a strategy's name."""
    chain = outcome.chain or (ChainStep(name=outcome.strategy, speedup=None),)
    return "\n".join(f"{number}. {_step(step)}" for number, step in enumerate(chain, start=1))


def _step(step: ChainStep) -> str:
    name, _, rest = step.name.partition(" ")
    if PAGE.with_name(f"{name}.md").is_file():
        said = f"[`{name}`]({name}.md)" + (f" `{rest}`" if rest else "")
    else:
        said = f"`{step.name}`"
    return said + (f": {step.speedup:.2f}" if step.speedup else "")


def _reasons(reasons: Sequence[str]) -> str:
    """The first few reasons in one line, with nothing that Markdown would take for its own."""
    more = len(reasons) - MOST_REASONS
    shown = [*reasons[:MOST_REASONS], *([f"and {more} more"] if more > 0 else [])]
    text = " ".join("; ".join(shown or ["nothing was faster"]).split())
    return re.sub(r"([\\`*_\[\]])", r"\\\1", text).replace("<", "&lt;")


if __name__ == "__main__":
    sys.exit(main())
