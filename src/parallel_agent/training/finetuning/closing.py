"""The closing lines of a training."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from parallel_agent.budget.memory import format_memory
from parallel_agent.training.finetuning.record import Result
from parallel_agent.training.finetuning.settings import Folder


def show_result(result: Result, out: Path, *, as_json: bool, quiet: bool) -> None:
    """The result on stdout: for people, or as one JSON object; then people read on stderr."""
    if as_json:
        sys.stdout.write(result.model_dump_json() + "\n")
    if not (as_json and quiet):
        stream = sys.stderr if as_json else sys.stdout
        stream.write("".join(f"{line}\n" for line in _lines(result, Folder(out))))


def _lines(result: Result, folder: Folder) -> Iterator[str]:
    yield (
        f"loss {result.first_loss:.3f} -> {result.last_loss:.3f} in {result.steps} steps on "
        f"{result.examples} examples, {result.seconds:.0f} s"
    )
    for reason, count in result.left_out.items():
        yield f"left out: {count}, {reason}"
    yield (
        f"memory: peak {format_memory(result.peak_bytes)}, estimated "
        f"{format_memory(result.estimated_bytes)}, cap {format_memory(result.cap_bytes)}"
    )
    for name, score in (("before", result.before), ("after", result.after)):
        if score is not None:
            yield (
                f"{score.suite} {name}: score {score.score:.2f}, {score.improved} of "
                f"{score.kernels} improved, {score.accepted} of {score.candidates} candidates accepted"
            )
    yield f"model  {result.model}"
    yield f"card   {folder.card}"
    if result.merged:
        yield f"to use it: parallel-agent optimize FILE --model local:{result.model}"
