"""The record of a training: what was asked, planned and measured, and how the loss went."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from parallel_agent.training.finetuning.errors import FinetuneError
from parallel_agent.training.finetuning.plan import Plan
from parallel_agent.training.finetuning.settings import FinetuneSettings, Folder
from parallel_agent.versions import python_version

_PACKAGES = (
    "parallel-agent", "torch", "transformers", "trl", "peft", "datasets", "accelerate",
    "bitsandbytes",
)  # fmt: skip
_LAST_SHARE = 10


class Record(BaseModel):
    """What a training is, fixed before its first step; a resumed one goes on with it.

    ``digests`` are SHA-256 of the files with the data, ``base_digest`` that of the model's config.
    ``left_out`` counts pairs that are not learned, by the reason. ``prompt`` is the name of the coder's
    prompt, ``tokens`` those of all examples, and ``learned`` those among them that carry loss.
    """

    model_config = ConfigDict(frozen=True)

    asked: FinetuneSettings
    plan: Plan
    digests: dict[str, str]
    base_digest: str
    examples: int
    validation: int
    left_out: dict[str, int]
    tokens: int
    learned: int
    prompt: str
    versions: dict[str, str]


class BenchScore(BaseModel):
    """What a suite came to with a model: ``score`` is the geometric mean over its kernels."""

    model_config = ConfigDict(frozen=True)

    suite: str
    kernels: int
    improved: int
    candidates: int
    accepted: int
    score: float
    run: str


class Result(BaseModel):
    """How a training ended. Memory is in bytes; ``model`` is the folder to serve, or the adapter.

    ``first_loss`` is that of the first step, ``last_loss`` the mean over the last tenth of all steps,
    in nats a token of the answers.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    merged: bool
    method: str
    steps: int
    examples: int
    left_out: dict[str, int]
    first_loss: float
    last_loss: float
    validation_losses: tuple[float, ...]
    estimated_bytes: int
    peak_bytes: int
    cap_bytes: int
    seconds: float
    before: BenchScore | None = None
    after: BenchScore | None = None


@dataclass(frozen=True)
class Curves:
    """The log of a training by step. ``seconds`` begin anew where a training went on."""

    steps: list[int]
    losses: list[float]
    memory: list[int]
    validation: list[tuple[int, float]]
    seconds: float


def read_record(folder: Folder) -> Record:
    """The record in a folder; FinetuneError where there is none."""
    try:
        return Record.model_validate_json(folder.settings.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FinetuneError(
            f"there is no training in {folder.root}", "Give the --out of a training that had begun"
        ) from None
    except ValidationError:
        raise FinetuneError(
            f"{folder.settings} is not of this version", "Begin anew in another folder"
        ) from None


def read_log(log: Path) -> Curves:
    """The curves out of the log."""
    with log.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    trained = [row for row in rows if row["loss"]]
    return Curves(
        steps=[int(row["step"]) for row in trained],
        losses=[float(row["loss"]) for row in trained],
        memory=[int(row["memory_bytes"]) for row in trained],
        validation=[
            (int(row["step"]), float(row["validation_loss"]))
            for row in rows
            if row["validation_loss"]
        ],
        seconds=_seconds([float(row["seconds"]) for row in rows]),
    )


def last_loss(losses: list[float]) -> float:
    """The mean over the last tenth, one step at least."""
    last = losses[-max(1, len(losses) // _LAST_SHARE) :]
    return sum(last) / len(last)


def versions() -> dict[str, str]:
    """The version of Python and of each package that a training depends on, where it is installed."""
    found = {"python": python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _seconds(clock: list[float]) -> float:
    """The sum of what a clock showed that went back to zero now and then."""
    ends = [now for now, then in zip(clock, [*clock[1:], 0.0], strict=True) if then < now]
    return sum(ends)
