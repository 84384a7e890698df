"""How a training goes through the device: how much at once, so that it fits under the cap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from parallel_agent.budget.memory import (
    DoesNotFit,
    ModelShape,
    fit_training,
    format_memory,
    training_memory,
)
from parallel_agent.budget.memory.runtime import runtime_bytes
from parallel_agent.training.finetuning.errors import FinetuneError
from parallel_agent.training.finetuning.settings import FinetuneSettings

_TILE_TOKENS, _TILE_VOCABULARY = 4096, 32768
"""Logits that trl computes at once (trl.kernels.chunked_logprob, trl.trainer.utils)."""
_TILE_BYTES = 20
"""Bytes of a logit of such a tile beyond what a plain cross entropy takes, where no Triton kernel folds
it: on a CPU its entropy and its largest one are told of, too (measured with trl 1.16)."""
_SEQUENCES = (32768, 24576, 16384, 12288, 8192, 6144, 4096, 3072, 2048, 1536, 1024, 768, 512)
_MOST_AT_ONCE = 16
"""On a GPU. A processor gains nothing from several at once, and loses: what fills up the shorter ones
has to be masked, and with a mask torch's attention keeps all its weights (sequence times sequence)."""
_KEPT_AT_MOST = 50


class Device(BaseModel):
    """Where the training runs; ``memory`` is all that there is of it, in bytes.

    ``runtime`` are the bytes that this process holds before a model is loaded, 0 where that is not
    measured.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["gpu", "cpu"]
    name: str
    memory: int
    runtime: int = 0


class Plan(BaseModel):
    """What goes through at once; ``estimate`` are bytes by part, at the moment of the peak."""

    model_config = ConfigDict(frozen=True)

    device: Device
    cap: int
    precision: Literal["bf16", "fp32"]
    batch: int
    accumulation: int
    sequence: int
    checkpointing: bool
    steps: int
    keep_every: int
    estimate: dict[str, int]

    @property
    def estimated(self) -> int:
        """The peak that is expected, in bytes."""
        return sum(self.estimate.values())


def make_plan(
    asked: FinetuneSettings, shape: ModelShape, device: Device, lengths: Sequence[int]
) -> Plan:
    """The longest sequence that the examples need and that fits, and as much at once as fits then.

    ``lengths`` are the tokens of the examples to learn. Nothing is loaded for it. Raises DoesNotFit where
    not even the shortest example fits, or the ``sequence`` that is asked for; FinetuneError where the
    model is not made for sequences as long.
    """
    cap = device.memory if asked.memory is None else asked.memory
    if cap > device.memory:
        raise FinetuneError(
            f"--memory: {device.name} has {format_memory(device.memory)} and not "
            f"{format_memory(cap)}",
            "Give at most what the device has",
        )
    precision = precision_on(device)
    refused: DoesNotFit | None = None
    for sequence in _sequences(asked, shape, lengths):
        usable = sum(length <= sequence for length in lengths)
        per_step = min(asked.per_step, usable)
        loss_tokens = _TILE_TOKENS * min(shape.vocabulary, _TILE_VOCABULARY) // shape.vocabulary
        tile = min(sequence, _TILE_TOKENS) * min(shape.vocabulary, _TILE_VOCABULARY)
        logits = _TILE_BYTES * tile if device.kind == "cpu" else 0
        runtime = max(0, device.runtime - runtime_bytes(device.kind, "transformers"))
        try:
            fit = fit_training(
                shape, max(1, cap - logits - runtime), method=asked.method, precision=precision, sequence=sequence,
                batch=1 if device.kind == "cpu" else None, rank=asked.rank, accumulation=2, loss_tokens=loss_tokens, device=device.kind,
            )  # fmt: skip
        except DoesNotFit as error:
            refused = error
            continue
        batch = _at_once(fit.batch, per_step)
        accumulation = per_step // batch
        estimate = training_memory(
            shape, method=asked.method, precision=precision, batch=batch, sequence=sequence,
            checkpointing=fit.checkpointing, rank=asked.rank, accumulation=accumulation,
            loss_tokens=loss_tokens, device=device.kind,
        )  # fmt: skip
        steps = asked.steps or max(1, math.ceil(usable * asked.epochs / per_step))
        keep_every = asked.keep_every or max(1, min(_KEPT_AT_MOST, steps // 10))
        return Plan(
            device=device, cap=cap, precision=precision, batch=batch, accumulation=accumulation,
            sequence=sequence, checkpointing=fit.checkpointing, steps=steps, keep_every=keep_every,
            estimate=_with(estimate.parts, {"logits": logits, "runtime": runtime}),
        )  # fmt: skip
    assert refused is not None
    raise refused


def _with(parts: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {name: parts.get(name, 0) + more.get(name, 0) for name in {**parts, **more}}


def precision_on(device: Device) -> Literal["bf16", "fp32"]:
    """What is computed in: processors without matrix units are no faster in 16 bits."""
    return "bf16" if device.kind == "gpu" else "fp32"


def _at_once(fitting: int, per_step: int) -> int:
    """The largest part of a step that fits and divides it."""
    most = min(fitting, per_step, _MOST_AT_ONCE)
    return next(count for count in range(most, 0, -1) if per_step % count == 0)


def _sequences(asked: FinetuneSettings, shape: ModelShape, lengths: Sequence[int]) -> list[int]:
    """Tokens to try, the most first: what all examples need, and less as long as one is left."""
    shortest, longest = min(lengths), max(lengths)
    most = min(longest, asked.sequence or longest, shape.max_context)
    if most < shortest:
        limit = "--sequence" if asked.sequence and asked.sequence < shortest else "the model"
        raise FinetuneError(
            f"{limit} allows {most} tokens, and the shortest example has {shortest}",
            "Give a longer --sequence, or a model that is made for longer ones",
        )
    if asked.sequence:
        return [most]
    shorter = (length for length in (*_SEQUENCES, shortest) if shortest <= length < most)
    return [most, *sorted(shorter, reverse=True)]
