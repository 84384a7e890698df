"""What runs leave behind as lines of JSON, in the shape that is asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parallel_agent.report.pairs import pairs
from parallel_agent.training.preference import PER_KERNEL, Rows, dpo, grpo, kto, sft
from parallel_agent.training.standings import ranked_kernels

FORMATS = ("jsonl", "sft", "dpo", "kto", "grpo")
_CALLED = {"sft": "answers", "dpo": "preferences", "kto": "labelled answers", "grpo": "prompts"}


@dataclass(frozen=True)
class Exported:
    """The lines, each with its end, and in a few words what they are and what was left out."""

    lines: tuple[str, ...]
    summary: str


def exported(
    name: str, runs: Sequence[Path], licence: str = "", per_kernel: int | None = None
) -> Exported:
    """The lines of one of `FORMATS`; FolderError where there is no run."""
    if name == "jsonl":
        lines = tuple(pair.model_dump_json() + "\n" for pair in pairs(runs, licence))
        return Exported(lines, f"{len(lines)} pairs")
    made = _rows(name, runs, licence, per_kernel or PER_KERNEL)
    summary = f"{len(made.rows)} {_CALLED[name]}"
    if made.left_out:
        summary += f"; {len(made.left_out)} left out: {made.left_out[0]}"
        summary += " ..." if len(made.left_out) > 1 else ""
    return Exported(tuple(json.dumps(row) + "\n" for row in made.rows), summary)


def _rows(name: str, runs: Sequence[Path], licence: str, per_kernel: int) -> Rows:
    if name == "sft":
        return sft(pairs(runs, licence))
    kernels = ranked_kernels(runs, licence)
    if name == "grpo":
        return grpo(kernels)
    return dpo(kernels, per_kernel) if name == "dpo" else kto(kernels, per_kernel)
