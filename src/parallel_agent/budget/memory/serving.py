"""The memory that a model takes to be served: weights, keys and values, activations, runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from parallel_agent.budget.memory.errors import ShapeError
from parallel_agent.budget.memory.estimate import MemoryEstimate, highest
from parallel_agent.budget.memory.precision import FLOATS, weight_bytes
from parallel_agent.budget.memory.runtime import Device, runtime_bytes
from parallel_agent.budget.memory.shape import ModelShape

Engine: TypeAlias = Literal["llama.cpp", "vllm", "ollama", "transformers"]

KV_BYTES: Mapping[str, float] = {"fp32": 4, "bf16": 2, "fp16": 2, "fp8": 1, "q8_0": 34 / 32}
"""Bytes of one number of the cache of keys and values; q8_0 is llama.cpp's, with its scales."""


@dataclass(frozen=True)
class _Prefill:
    """How an engine takes in a prompt: tokens at a time, and rows of logits that it keeps.

    None is the whole prompt, or one row for each slot.
    """

    tokens: int | None
    logits: int | None


# llama.cpp: --ubatch-size 512, and its buffers are reserved for a row of logits for each of these
# tokens. vLLM: max_num_batched_tokens 2048 and max_num_seqs 256, which its profiling run fills.
_PREFILL: Mapping[Engine, _Prefill] = {
    "llama.cpp": _Prefill(tokens=512, logits=512),
    "ollama": _Prefill(tokens=512, logits=512),
    "vllm": _Prefill(tokens=2048, logits=256),
    "transformers": _Prefill(tokens=None, logits=None),
}


def serving_memory(
    shape: ModelShape,
    *,
    precision: str | None = None,
    context: int,
    slots: int = 1,
    engine: Engine | None = None,
    kv: str | None = None,
    device: Device = "gpu",
) -> MemoryEstimate:
    """The memory that a server takes at most, in the parts weights, kv_cache, activations, runtime.

    Args:
        shape: The model.
        precision: Of the weights; default the one it is stored in, else bf16.
        context: Tokens of each slot, prompt and answer.
        slots: Requests that are served at the same time, each with its own context.
        engine: The server; default llama.cpp for GGUF files and their precisions, else vLLM.
        kv: The precision of keys and values; default fp16 for llama.cpp, else that of the
            activations.
        device: Whether a GPU's runtime is in it, or a process's on a CPU.

    Raises:
        ShapeError: a precision or cache that is not known, or a context of no tokens.
    """
    precision = precision or shape.stored or "bf16"
    engine = engine or default_engine(precision)
    if context < 1 or slots < 1:
        raise ShapeError("context and slots must be 1 or more", "Give whole numbers from 1 on")
    element = _activation_bytes(engine, precision)
    cached = kv_cache_bytes(
        shape, context=context, slots=slots, kv=kv or _default_kv(engine, precision)
    )
    held = {
        "weights": weight_bytes(shape, precision),
        "kv_cache": cached,
        "runtime": runtime_bytes(device, engine),
    }
    prefill = _PREFILL[engine]
    tokens = context if prefill.tokens is None else min(prefill.tokens, context * slots)
    logits = 4 * shape.vocabulary * (prefill.logits or slots)
    return highest(
        {"prefill": {**held, "activations": layer_peak(shape, tokens, element) + logits}}
    )


def kv_cache_bytes(shape: ModelShape, *, context: int, slots: int = 1, kv: str = "fp16") -> int:
    """Bytes of the keys and values of ``slots`` contexts of ``context`` tokens.

    Two tensors a layer, of kv_heads · head_dim numbers a token (Pope et al. 2022, "Efficiently
    Scaling Transformer Inference"; with shared heads Ainslie et al. 2023, "GQA"). Layers with a
    sliding window are counted with the whole context, which is more than some engines keep.

    Raises:
        ShapeError: a precision of the cache that is not known.
    """
    if kv not in KV_BYTES:
        raise ShapeError(f"a cache in {kv} is not counted", f"Give one of {', '.join(KV_BYTES)}")
    numbers = 2 * shape.layers * shape.kv_heads * shape.head_dim * context * slots
    return int(numbers * KV_BYTES[kv])


def layer_peak(shape: ModelShape, tokens: int, element: int) -> int:
    """Bytes that one layer's forward pass takes at most, nothing being kept for a backward pass.

    Alive together at the widest point of the feed-forward network: the residual, the normed input,
    and the branches with their product; in attention: the residual, the normed input, queries, keys
    and values with their rotated copies, and the output. No matrix of scores, as all engines compute
    attention in tiles (Dao et al. 2022, "FlashAttention").
    """
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    branches = 3 if shape.gated else 2
    used = max(shape.experts_used, 1)
    network = 2 * shape.hidden + branches * shape.intermediate * used
    attention = 2 * shape.hidden + 4 * queries + 4 * keys
    return tokens * element * max(network, attention)


def default_engine(precision: str) -> Engine:
    """The server for weights in a precision: llama.cpp for what only GGUF files have, else vLLM."""
    return "vllm" if precision in (*FLOATS, "int8", "nf4") else "llama.cpp"


def _activation_bytes(engine: Engine, precision: str) -> int:
    """llama.cpp computes in fp32 between its matrices; the others as the weights are loaded."""
    return 4 if engine in ("llama.cpp", "ollama") or precision == "fp32" else 2


def _default_kv(engine: Engine, precision: str) -> str:
    if engine in ("llama.cpp", "ollama"):
        return "fp16"
    return precision if precision in FLOATS else "bf16"
