"""Which models fit into an amount of memory, as a table and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from rich import box
from rich.console import Console
from rich.table import Table

from parallel_agent.budget.memory import (
    DoesNotFit,
    ModelShape,
    ServingFit,
    ShapeError,
    TrainingFit,
    fit_serving,
    fit_training,
    format_memory,
    parse_memory,
    read_shape,
)
from parallel_agent.budget.memory.catalog import AS_OF, known_models
from parallel_agent.budget.memory.fitting import RESERVE, usable
from parallel_agent.budget.memory.runtime import Device
from parallel_agent.budget.memory.training import METHODS, Method

Served: TypeAlias = ServingFit | DoesNotFit
Trained: TypeAlias = TrainingFit | DoesNotFit | ShapeError


@dataclass(frozen=True)
class FitRow:
    """A model, with the setting to serve it and to train it that fits, or why none does."""

    name: str
    shape: ModelShape
    serving: Served
    training: Mapping[Method, Trained]

    @property
    def served(self) -> bool:
        """Whether it can be served."""
        return isinstance(self.serving, ServingFit)


def fit_models(
    given: Sequence[str],
    memory: str,
    *,
    precision: str | None = None,
    context: int | None = None,
    slots: int | None = None,
    sequence: int | None = None,
    device: Device = "gpu",
) -> list[FitRow]:
    """What fits of the models given as paths or names, or of all that are known where none is.

    Raises ShapeError for what is no model or cannot be had in that precision, and for an amount of
    memory that is none.
    """
    try:
        cap = parse_memory(memory)
    except ValueError as error:
        raise ShapeError(str(error), "Correct --memory") from None
    shapes = {name: _shape(name) for name in given} or known_models()
    rows = []
    for name, shape in shapes.items():
        serving: Served
        try:
            serving = fit_serving(
                shape, cap, precision=precision, context=context, slots=slots, device=device
            )
        except DoesNotFit as refusal:
            serving = refusal
        training = {how: _trained(shape, cap, how, sequence, device) for how in METHODS}
        rows.append(FitRow(name, shape, serving, training))
    return rows


def show_fits(rows: Sequence[FitRow], memory: str, *, known: bool, as_json: bool) -> None:
    """The rows on stdout; ``known`` says that they are those of the built-in table."""
    cap = parse_memory(memory)
    if as_json:
        told = {
            "memory": cap,
            "usable": usable(cap),
            "as_of": AS_OF if known else None,
            "models": [_row_json(row) for row in rows],
        }
        sys.stdout.write(json.dumps(told) + "\n")
        return
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 200
    console.print(_table(rows))
    for line in _notes(rows, cap, known=known):
        console.print(line, soft_wrap=True)


def _shape(name: str) -> ModelShape:
    if Path(name).exists():
        return read_shape(Path(name))
    found = [
        shape
        for known, shape in known_models().items()
        if name.lower() in (known.lower(), known.lower().partition("/")[2])
    ]
    if not found:
        names = ", ".join(known.partition("/")[2] for known in known_models())
        raise ShapeError(
            f"no model at {name}",
            f"Give a folder with config.json, a .gguf file, or one of {names}",
        )
    return found[0]


def _trained(
    shape: ModelShape, cap: int, method: Method, sequence: int | None, device: Device
) -> Trained:
    try:
        return fit_training(shape, cap, method=method, sequence=sequence, device=device)
    except (DoesNotFit, ShapeError) as refusal:
        return refusal


def _table(rows: Sequence[FitRow]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in (
        "model",
        "parameters",
        "served in",
        "context x slots",
        "takes",
        "room",
        *METHODS,
    ):
        table.add_column(heading, overflow="fold")
    for row in rows:
        parameters = f"{row.shape.parameters / 1e9:.2f} G"
        trained = (_training_cell(row.training[method]) for method in METHODS)
        table.add_row(row.name, parameters, *_serving_cells(row.serving), *trained)
    return table


def _serving_cells(fit: Served) -> tuple[str, str, str, str]:
    if isinstance(fit, DoesNotFit):
        return "does not fit", "", format_memory(fit.needed), format_memory(fit.cap - fit.needed)
    size = f"{fit.context} x {fit.slots}"
    return fit.precision, size, format_memory(fit.estimate.total), format_memory(fit.room)


def _training_cell(fit: Trained) -> str:
    if isinstance(fit, ShapeError):
        return "not counted"
    if isinstance(fit, DoesNotFit):
        return f"no: {format_memory(fit.needed)}"
    return f"{fit.batch} x {fit.sequence}{'' if fit.checkpointing else ' *'}"


def _notes(rows: Sequence[FitRow], cap: int, *, known: bool) -> Iterator[str]:
    yield ""
    yield (
        f"Planned with {format_memory(usable(cap))} of {format_memory(cap)}: {RESERVE:.0%} is left for "
        "what an estimate misses. Training: batch x tokens, * without checkpointing."
    )
    if known:
        yield f"The table is of {AS_OF}; give a folder or a .gguf file for any other model."
    for row in rows:
        if isinstance(row.serving, DoesNotFit) and not known:
            yield f"{row.name}: {row.serving}"
            yield f"  {row.serving.hint}"
    if len(rows) == 1 and isinstance(rows[0].serving, ServingFit):
        parts = rows[0].serving.estimate.parts.items()
        yield "Served: " + ", ".join(f"{name} {format_memory(size)}" for name, size in parts)


def _row_json(row: FitRow) -> dict[str, Any]:
    return {
        "model": row.name,
        "architecture": row.shape.architecture,
        "parameters": row.shape.parameters,
        "max_context": row.shape.max_context,
        "serving": _fit_json(row.serving),
        "training": {method: _fit_json(fit) for method, fit in row.training.items()},
    }


def _fit_json(fit: Served | Trained) -> dict[str, Any]:
    if isinstance(fit, ShapeError):
        return {"fits": False, "reason": str(fit), "hint": fit.hint}
    if isinstance(fit, DoesNotFit):
        return {"fits": False, "reason": str(fit), "hint": fit.hint, "bytes": fit.needed}
    setting: dict[str, Any] = {"precision": fit.precision}
    if isinstance(fit, ServingFit):
        setting |= {"context": fit.context, "slots": fit.slots}
    else:
        setting |= {
            "batch": fit.batch,
            "sequence": fit.sequence,
            "checkpointing": fit.checkpointing,
        }
    return {
        "fits": True, **setting, "bytes": fit.estimate.total, "room": fit.room,
        "parts": dict(fit.estimate.parts), "peak": fit.estimate.peak,
    }  # fmt: skip
