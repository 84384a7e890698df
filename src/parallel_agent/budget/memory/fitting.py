"""The largest setting of a model that fits under a cap on memory, or the nearest one that would."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from parallel_agent.budget.memory.errors import DoesNotFit
from parallel_agent.budget.memory.estimate import MemoryEstimate
from parallel_agent.budget.memory.runtime import Device
from parallel_agent.budget.memory.serving import Engine, serving_memory
from parallel_agent.budget.memory.shape import ModelShape
from parallel_agent.budget.memory.training import METHODS, Method, training_memory
from parallel_agent.budget.memory.units import format_memory

RESERVE = 0.1
"""The share of a cap that is left for what an estimate misses: vLLM leaves as much by default
(gpu_memory_utilization 0.9)."""

SHORTEST_CONTEXT = 8192
"""Tokens of context below which a lower precision is tried first: a prompt with a kernel, a critique
and an answer of some thousand tokens must fit in it."""

SERVING_PRECISIONS = ("bf16", "q8_0", "q6_k", "q5_k_m", "q4_k_m")
"""What is tried for a model of a config, the best first."""

LONGEST_CONTEXT = 32768
"""Tokens of context above which nothing is gained here; a longer one is taken when it is asked for."""

_CONTEXTS = (32768, 24576, 16384, 12288, 8192, 6144, 4096, 2048, 1024)
_SLOTS = (16, 8, 4, 2, 1)
_SEQUENCES = (8192, 4096, 2048, 1024, 512)
_BATCHES = (16, 8, 4, 2, 1)


@dataclass(frozen=True)
class ServingFit:
    """A setting to serve a model with that fits; ``room`` is what is left of the cap, in bytes."""

    precision: str
    context: int
    slots: int
    estimate: MemoryEstimate
    room: int

    def __str__(self) -> str:
        return f"{self.precision} with {self.context} tokens in {_plural(self.slots, 'slot')}"


@dataclass(frozen=True)
class TrainingFit:
    """A setting to train a model with that fits; ``room`` is what is left of the cap, in bytes."""

    method: Method
    precision: str
    batch: int
    sequence: int
    checkpointing: bool
    estimate: MemoryEstimate
    room: int

    def __str__(self) -> str:
        how = "with" if self.checkpointing else "without"
        return (
            f"{self.method} in {self.precision} with batches of {self.batch} times "
            f"{self.sequence} tokens, {how} checkpointing"
        )


def usable(cap: int, reserve: float = RESERVE) -> int:
    """What an estimate may take of a cap, in bytes."""
    return int(cap * (1 - reserve))


def fit_serving(
    shape: ModelShape,
    cap: int,
    *,
    precision: str | None = None,
    context: int | None = None,
    slots: int | None = None,
    engine: Engine | None = None,
    kv: str | None = None,
    device: Device = "gpu",
    reserve: float = RESERVE,
) -> ServingFit:
    """The largest setting that fits: the best precision, then the longest context, then slots.

    What is given is kept, what is None is chosen. A precision is good enough when it leaves room for
    SHORTEST_CONTEXT tokens; where none does, shorter contexts are tried.

    Args:
        shape: The model.
        cap: Bytes that there are; all but the share ``reserve`` may be taken.
        precision: Of the weights; default the best that fits, or the one of the file.
        context: Tokens of each slot; default as many as fit, up to LONGEST_CONTEXT.
        slots: Requests at the same time; default as many as fit, up to 16.
        engine: The server, as for `serving_memory`.
        kv: The precision of keys and values, as for `serving_memory`.
        device: Where it is served.
        reserve: The share of the cap that is kept for what the estimate misses.

    Raises:
        DoesNotFit: nothing fits, with the nearest setting that would in its hint.
        ShapeError: a precision or a cache that is not known.
    """

    def tried(wanted: Iterable[tuple[str, int, int]]) -> Iterator[ServingFit]:
        for one, tokens, many in wanted:
            estimate = serving_memory(
                shape, precision=one, context=tokens, slots=many, engine=engine, kv=kv,
                device=device,
            )  # fmt: skip
            yield ServingFit(one, tokens, many, estimate, cap - estimate.total)

    limit = usable(cap, reserve)
    precisions = _precisions(shape) if precision is None else (precision,)
    contexts = _contexts(shape) if context is None else (context,)
    many = _SLOTS if slots is None else (slots,)
    long = tuple(c for c in contexts if c >= SHORTEST_CONTEXT) or contexts[:1]
    few = many[-1]
    order = [(p, c, few) for p in precisions for c in long]
    order += [(p, c, few) for c in contexts if c not in long for p in precisions]
    found = _first(tried(order), limit)
    if found is not None:
        more = [(found.precision, found.context, count) for count in many]
        return _first(tried(more), limit) or found
    asked = next(tried([(precisions[-1], contexts[-1], few)]))
    easier = _easier_serving(shape, asked, precisions)
    raise _refusal(asked, _first(tried(easier), limit), cap, reserve)


def fit_training(
    shape: ModelShape,
    cap: int,
    *,
    method: Method,
    precision: str = "bf16",
    batch: int | None = None,
    sequence: int | None = None,
    checkpointing: bool | None = None,
    rank: int = 16,
    accumulation: int = 1,
    loss_tokens: int | None = None,
    device: Device = "gpu",
    reserve: float = RESERVE,
) -> TrainingFit:
    """The largest setting that fits: the longest sequence, no checkpointing, the largest batch.

    What is given is kept, what is None is chosen: sequences of 512 to 8192 tokens, no longer than the
    model's, and batches of 1 to 16. Checkpointing is chosen only where a batch of one does not fit
    without. The other arguments are those of `training_memory` and `fit_serving`.

    Raises:
        DoesNotFit: nothing fits, with the nearest setting that would in its hint.
        ShapeError: a model or a precision that is not trained.
    """

    def tried(wanted: Iterable[tuple[Method, int, int, bool]]) -> Iterator[TrainingFit]:
        for how, tokens, many, again in wanted:
            estimate = training_memory(
                shape, method=how, precision=precision, batch=many, sequence=tokens,
                checkpointing=again, rank=rank, accumulation=accumulation,
                loss_tokens=loss_tokens, device=device,
            )  # fmt: skip
            yield TrainingFit(how, precision, many, tokens, again, estimate, cap - estimate.total)

    limit = usable(cap, reserve)
    sequences = _sequences(shape) if sequence is None else (sequence,)
    batches = _BATCHES if batch is None else (batch,)
    again = (False, True) if checkpointing is None else (checkpointing,)
    order = [(method, s, b, c) for s in sequences for c in again for b in batches]
    found = _first(tried(order), limit)
    if found is not None:
        return found
    asked = next(tried([(method, sequences[-1], batches[-1], again[-1])]))
    raise _refusal(asked, _first(tried(_easier_training(asked)), limit), cap, reserve)


def _precisions(shape: ModelShape) -> Sequence[str]:
    """What a model can be served in: a GGUF file as it is, a config in all precisions."""
    return SERVING_PRECISIONS if shape.linears else (shape.stored or "gguf",)


def _contexts(shape: ModelShape) -> tuple[int, ...]:
    longest = min(shape.max_context, LONGEST_CONTEXT)
    return (longest, *(context for context in _CONTEXTS if context < longest))


def _sequences(shape: ModelShape) -> tuple[int, ...]:
    fitting = tuple(length for length in _SEQUENCES if length <= shape.max_context)
    return fitting or (shape.max_context,)


_Fit = TypeVar("_Fit", ServingFit, TrainingFit)


def _first(fits: Iterable[_Fit], limit: int) -> _Fit | None:
    return next((fit for fit in fits if fit.estimate.total <= limit), None)


def _easier_serving(
    shape: ModelShape, asked: ServingFit, precisions: Sequence[str]
) -> Iterator[tuple[str, int, int]]:
    """What to try instead, the least change first: fewer slots, less context, fewer bits, all."""
    slots = [count for count in _SLOTS if count < asked.slots]
    contexts = [context for context in _contexts(shape) if context < asked.context]
    known = _precisions(shape)
    lower = known[known.index(asked.precision) + 1 :] if asked.precision in known else known
    for count in slots:
        yield asked.precision, asked.context, count
    for context in contexts:
        yield asked.precision, context, asked.slots
    for one in lower:
        yield one, asked.context, asked.slots
    for one in (asked.precision, *lower):
        for context in (asked.context, *contexts):
            yield one, context, 1


def _easier_training(asked: TrainingFit) -> Iterator[tuple[Method, int, int, bool]]:
    """What to try instead, the least change first: checkpointing, batch, sequence, method."""
    batches = [asked.batch, *(count for count in _BATCHES if count < asked.batch)]
    lengths = [asked.sequence, *(length for length in _SEQUENCES if length < asked.sequence)]
    methods = METHODS[METHODS.index(asked.method) :]
    for method in methods:
        for sequence in lengths:
            for batch in batches:
                yield method, sequence, batch, True


def _refusal(
    asked: ServingFit | TrainingFit,
    nearest: ServingFit | TrainingFit | None,
    cap: int,
    reserve: float,
) -> DoesNotFit:
    needed = asked.estimate.total
    message = (
        f"{asked} takes {format_memory(needed)}, and of {format_memory(cap)} "
        f"{format_memory(usable(cap, reserve))} may be planned with"
    )
    if nearest is not None:
        hint = f"Nearest that fits: {nearest}, which takes {format_memory(nearest.estimate.total)}"
    else:
        hint = f"Give a smaller model, or --memory {_gigabytes(needed, reserve)}GB"
    return DoesNotFit(message, hint, needed=needed, cap=cap)


def _gigabytes(needed: int, reserve: float) -> str:
    """Rounded up to a tenth."""
    return f"{math.ceil(needed / (1 - reserve) / 1e8) / 10:g}"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
