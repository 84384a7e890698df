"""What can come in the way of a training."""

from __future__ import annotations

from pathlib import Path

from parallel_agent.report.explanation import INTERRUPTED, NOT_AFFORDABLE, Explained, Explanation
from parallel_agent.settings import SettingsError


class FinetuneError(SettingsError):
    """A training that cannot be as it is asked for: the message says why, ``hint`` what to do."""


class TrainingInterrupted(Explained):
    """Stopped on the user's word; all is kept up to a step."""

    def __init__(self, out: Path, step: int) -> None:
        super().__init__(
            Explanation(
                f"interrupted: the training is kept up to step {step}",
                f"Go on with it: parallel-agent finetune --out {out} --resume",
                INTERRUPTED,
            )
        )


class MemoryPassed(Explained):
    """More memory was taken than the cap; all is kept up to a step."""

    def __init__(self, said: str, out: Path, hint: str) -> None:
        super().__init__(Explanation(said, f"{hint}; what there is lies in {out}", NOT_AFFORDABLE))
