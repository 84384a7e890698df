"""The plot of a training: loss and memory over its steps."""

from __future__ import annotations

from pathlib import Path

from parallel_agent.training.finetuning.plan import Plan
from parallel_agent.training.finetuning.record import Curves

_GB = 1e9
_INCHES = (8.0, 5.5)


def draw_training(curves: Curves, plan: Plan, file: Path) -> None:
    """Draw the loss, and under it the peak of memory with its estimate and the cap."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=_INCHES, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    above.plot(curves.steps, curves.losses, linewidth=1.2, label="training")
    if curves.validation:
        steps, losses = zip(*curves.validation, strict=True)
        above.plot(steps, losses, marker="o", markersize=3, linewidth=1.2, label="validation")
        above.legend(frameon=False)
    above.set_ylabel("loss, nats a token")
    above.set_ylim(bottom=0)
    below.plot(curves.steps, [peak / _GB for peak in curves.memory], label="peak so far")
    below.axhline(plan.estimated / _GB, linestyle="--", color="gray", label="estimate")
    below.axhline(plan.cap / _GB, linestyle=":", color="black", label="cap")
    below.set_ylabel("memory, GB")
    below.set_xlabel("step")
    below.set_ylim(bottom=0)
    below.legend(frameon=False)
    figure.savefig(file, dpi=120)
