"""The context and the slots that a server gets: what is of use, and under a cap what fits."""

from __future__ import annotations

from typing import cast

from parallel_agent.budget.memory import (
    DoesNotFit,
    Engine,
    MemoryEstimate,
    ModelShape,
    fit_serving,
    read_shape,
    serving_memory,
)
from parallel_agent.budget.memory.gguf import read_gguf
from parallel_agent.budget.memory.runtime import Device
from parallel_agent.chat.errors import UnknownModel
from parallel_agent.chat.servers.adapter import Adapter, Limits
from parallel_agent.chat.servers.gpu import total_memory
from parallel_agent.chat.servers.target import Target

PROMPT_TOKENS = 12_288
"""Room for a prompt, in tokens: a kernel, what is known of it, and the best versions so far."""
LEAST_CONTEXT = 1024
"""Tokens below which not even the smallest kernel with its question fits."""


def limits_for(
    target: Target, adapter: Adapter, *, memory: int | None, answer: int, slots: int
) -> tuple[Limits, MemoryEstimate]:
    """The largest limits of use, and what the server is expected to take with them.

    A context longer than prompt and answer can be is of no use. Under a cap there are first fewer
    slots, and then less context. Raises ShapeError for what cannot be read, DoesNotFit, and
    UnknownModel for a model whose context is too short for any kernel.
    """
    shape = read_gguf(target.path) if target.kind == "ollama" else read_shape(target.path)
    if shape.max_context < LEAST_CONTEXT:
        raise UnknownModel(
            f"'local:{target.text}' has a context of {shape.max_context} tokens: no kernel fits",
            f"Give a model with {LEAST_CONTEXT} tokens of context, better {PROMPT_TOKENS + answer}",
        )
    context = min(shape.max_context, PROMPT_TOKENS + answer)
    engine, device = cast(Engine, adapter.name), _device()

    def estimate(tokens: int, many: int) -> MemoryEstimate:
        return serving_memory(shape, context=tokens, slots=many, engine=engine, device=device)

    if memory is None:
        return Limits(context, slots), estimate(context, slots)
    # A server serves the weights as they are stored, in whatever precision that is.
    stored = shape.stored or "bf16"
    tried = [(context, many) for many in range(slots, 0, -1)]
    tried += [(tokens, 1) for tokens in _shorter(shape, context)]
    refusal: DoesNotFit | None = None
    for tokens, many in tried:
        try:
            found = fit_serving(
                shape, memory, precision=stored, context=tokens, slots=many, engine=engine,
                device=device,
            )  # fmt: skip
        except DoesNotFit as error:
            refusal = error
        else:
            return Limits(tokens, many, memory), found.estimate
    assert refusal is not None
    raise DoesNotFit(
        f"'local:{target.text}' does not fit: {refusal}",
        refusal.hint,
        needed=refusal.needed,
        cap=refusal.cap,
    )


def _shorter(shape: ModelShape, context: int) -> list[int]:
    """Contexts to try where the one of use does not fit."""
    return [tokens for tokens in (16384, 12288, 8192, 6144, 4096, 2048, 1024) if tokens < context]


def _device() -> Device:
    return "cpu" if total_memory() is None else "gpu"
