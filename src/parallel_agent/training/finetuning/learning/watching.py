"""Watching a training: its log, the memory it takes, and when it has to stop."""

from __future__ import annotations

import csv
import math
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

COLUMNS = (
    "step", "epoch", "loss", "validation_loss", "accuracy", "learning_rate", "gradient_norm",
    "tokens", "seconds", "memory_bytes",
)  # fmt: skip
"""``tokens`` and ``seconds`` since the training began, or went on; ``memory_bytes`` is the peak so far."""
COMPLETE = "complete"
"""A file that a checkpoint has once all of it is on the disk."""
_NAMES = {
    "loss": "loss",
    "eval_loss": "validation_loss",
    "mean_token_accuracy": "accuracy",
    "learning_rate": "learning_rate",
    "grad_norm": "gradient_norm",
    "num_tokens": "tokens",
}


@dataclass
class Watch:
    """What a training is told to look at, and why it stopped; empty where it ended by itself."""

    log: Path
    cap: int
    peak: Callable[[], int]
    told: Callable[[int, int, float, int], None]
    """Hears the step, the number of steps, the loss and the peak."""
    stopped: str = ""
    step: int = 0
    highest: int = 0
    started: float = field(default_factory=time.monotonic)


class Watcher(TrainerCallback):
    """Writes the log, and stops the training on the user's word or where it passes the cap."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def on_substep_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Look at the memory within a step, too."""
        return self._look(control)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Look at the memory, and whether to stop; what is stopped is kept."""
        self.watch.step = state.global_step
        return self._look(control)

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any], **_: Any) -> Any:
        """Write a line, and stop where the loss is no number."""
        found = {_NAMES[name]: value for name, value in logs.items() if name in _NAMES}
        if "train_runtime" in logs or not found:
            return control
        loss = float(found.get("loss", found.get("validation_loss", math.nan)))
        if not math.isfinite(loss):
            self.watch.stopped = "diverged"
            control.should_training_stop = True
        self._write(state, found)
        self.watch.told(state.global_step, state.max_steps, loss, self.watch.highest)
        return control

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Mark the checkpoint as whole: only such a one is gone on with."""
        (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()
        return control

    def _look(self, control: Any) -> Any:
        watch = self.watch
        watch.highest = max(watch.highest, watch.peak())
        if watch.highest > watch.cap and not watch.stopped:
            watch.stopped = "memory"
        if watch.stopped and watch.stopped != "diverged":
            control.should_save = True
            control.should_training_stop = True
        return control

    def _write(self, state: Any, found: Mapping[str, Any]) -> None:
        row: dict[str, Any] = {
            "step": state.global_step,
            "epoch": round(state.epoch or 0.0, 4),
            **found,
            "seconds": round(time.monotonic() - self.watch.started, 2),
            "memory_bytes": self.watch.highest,
        }
        with self.watch.log.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, COLUMNS).writerow(row)


def begin_log(log: Path, step: int) -> None:
    """A log with the lines up to a step, where the training goes on; 0 for a new one."""
    kept = []
    if step and log.is_file():
        with log.open(newline="", encoding="utf-8") as file:
            kept = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
    with log.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(kept)


@contextmanager
def stopping(watch: Watch) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the step at hand and keep it; a second one ends at once."""

    def stop(number: int, _frame: Any) -> None:
        if watch.stopped == "interrupted":
            raise KeyboardInterrupt
        watch.stopped = "interrupted"

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
