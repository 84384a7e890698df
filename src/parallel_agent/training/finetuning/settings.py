"""What a training is asked for, and where it leaves what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parallel_agent.budget.memory import Method, parse_memory
from parallel_agent.settings import SettingsError

LEARNING_RATES: dict[Method, float] = {"lora": 2e-4, "qlora": 2e-4, "full": 2e-5}
"""Those of Dettmers et al. 2023 ("QLoRA", table 9) for adapters, and a tenth for whole models."""


class FinetuneSettings(BaseModel):
    """What a training is told; the same settings on the same machine give the same model.

    ``base`` is the folder of the model, ``data`` the file or folder with pairs. ``memory`` is the cap in
    bytes, None for all that the device has. ``steps`` overrides ``epochs``. ``per_step`` is the number of
    examples between two updates of the weights, however many of them go through at once. ``sequence``
    is the most tokens of an example, its prompt included; None for as many as fit. ``keep_every`` is the
    number of steps between two checkpoints; None for a tenth of all, at most 50.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str
    data: str
    method: Method = "lora"
    memory: int | None = Field(None, gt=0)
    epochs: float = Field(3.0, gt=0, le=1000)
    steps: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0, lt=1 << 32)
    learning_rate: float | None = Field(None, gt=0, le=1)
    rank: int = Field(16, ge=1, le=1024)
    per_step: int = Field(16, ge=1, le=4096)
    sequence: int | None = Field(None, ge=16)
    keep_every: int | None = Field(None, ge=1)
    device: Literal["auto", "cpu"] = "auto"

    @property
    def rate(self) -> float:
        """The highest learning rate: as set, or what suits the method."""
        return self.learning_rate or LEARNING_RATES[self.method]


def read_settings(*, memory: str | None, **given: Any) -> FinetuneSettings:
    """Settings as they are written on a command line. Raises SettingsError, which names the flag."""
    try:
        cap = None if memory is None else parse_memory(memory)
    except ValueError as error:
        raise SettingsError(f"--memory: {error}", "Give an amount such as 24GB") from None
    try:
        return FinetuneSettings(memory=cap, **given)
    except ValidationError as error:
        first = error.errors()[0]
        flag = f"--{str(first['loc'][0]).replace('_', '-')}"
        raise SettingsError(f"{flag}: {first['msg']}", f"Correct {flag}") from None


@dataclass(frozen=True)
class Folder:
    """The folder of a training; ``model`` is the result, or ``adapter`` where it is not merged."""

    root: Path

    @property
    def settings(self) -> Path:
        """What was asked for, with the plan and the digest of the data."""
        return self.root / "finetune.json"

    @property
    def examples(self) -> Path:
        """The chats that are learned, a line each."""
        return self.root / "examples.jsonl"

    @property
    def log(self) -> Path:
        """A line for each step."""
        return self.root / "log.csv"

    @property
    def plot(self) -> Path:
        """Loss and memory over the steps."""
        return self.root / "training.png"

    @property
    def checkpoints(self) -> Path:
        """Where to go on after an interruption."""
        return self.root / "checkpoints"

    @property
    def adapter(self) -> Path:
        """What was learned, where the method makes an adapter."""
        return self.root / "adapter"

    @property
    def model(self) -> Path:
        """The model, ready to be served."""
        return self.root / "model"

    @property
    def card(self) -> Path:
        """The model card."""
        return self.root / "README.md"

    @property
    def result(self) -> Path:
        """How it ended, for programs."""
        return self.root / "result.json"

    def bench(self, which: Literal["before", "after"]) -> Path:
        """The suite with the model as it was, or as it is now."""
        return self.root / f"bench-{which}"
