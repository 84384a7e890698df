"""The memory that training takes at most: full, LoRA and QLoRA, with AdamW."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from parallel_agent.budget.memory.activations import (
    Mode,
    checkpoint_bytes,
    layer_backward_bytes,
    layer_saved_bytes,
)
from parallel_agent.budget.memory.errors import ShapeError
from parallel_agent.budget.memory.estimate import MemoryEstimate, highest
from parallel_agent.budget.memory.precision import weight_bytes
from parallel_agent.budget.memory.runtime import Device, runtime_bytes
from parallel_agent.budget.memory.shape import Linear, ModelShape

Method: TypeAlias = Literal["full", "lora", "qlora"]
METHODS: tuple[Method, ...] = ("full", "lora", "qlora")

LOGITS_BYTES = 12
"""Bytes of a logit at the start of the backward pass, in PyTorch's cross entropy: in fp32 its
log-softmax, the gradient by that, and the gradient by the logit."""


@dataclass(frozen=True)
class _Trained:
    """What is trained, in entries, and the bytes of one of its numbers, gradients and states."""

    entries: int
    number: int


def training_memory(
    shape: ModelShape,
    *,
    method: Method,
    precision: str = "bf16",
    batch: int = 1,
    sequence: int,
    checkpointing: bool = True,
    rank: int = 16,
    accumulation: int = 1,
    loss_tokens: int | None = None,
    device: Device = "gpu",
) -> MemoryEstimate:
    """The memory that training with AdamW takes at most.

    The parts: ``weights``, ``adapters``, ``gradients``, ``optimizer`` (two moments for each trained
    number; Kingma & Ba 2015, Loshchilov & Hutter 2019), ``activations``, ``logits``, ``runtime``. With
    all in fp32 the first four of full training are the 16 bytes a parameter of Rajbhandari et al.
    2020 ("ZeRO", section 3.1). The peak is where the loss is computed, in the backward pass, or in
    the optimizer's step: gradients come as activations go.

    Args:
        shape: The model; a dense one.
        method: ``full``; ``lora``, adapters of two thin matrices at every matrix of the layers (Hu
            et al. 2021); or ``qlora``, the same over weights in NF4 (Dettmers et al. 2023).
        precision: ``fp32``; or ``bf16``: of the frozen weights and of what is computed, with fp32
            for the numbers that are trained (Micikevicius et al. 2018, "Mixed Precision Training").
        batch: Sequences that go through together.
        sequence: Tokens of each.
        checkpointing: Whether each layer keeps its input alone and is computed again.
        rank: Inner width of the adapters.
        accumulation: Batches whose gradients are added up before a step.
        loss_tokens: Tokens whose logits are computed together; default all of a batch.
        device: Whether a GPU's runtime is in it, or a process's on a CPU.

    Raises:
        ShapeError: a mixture of experts, a GGUF file, or another precision.
    """
    _check(shape, precision)
    tokens = batch * sequence
    mode = _mode(method, precision, rank)
    trained = _trained(shape, method, precision, rank)
    held = _held(shape, method, precision, trained, device)
    gradients = trained.entries * trained.number
    layer = layer_saved_bytes(shape, tokens, mode)
    kept = checkpoint_bytes(shape, tokens, mode) if checkpointing else layer
    outside = tokens * (4 + 2 * mode.element) * shape.hidden  # the last norm and the output's input
    saved = shape.layers * kept + outside
    again = layer if checkpointing else 0
    backward = layer_backward_bytes(shape, tokens, mode) + again
    head = 0 if method != "full" else trained.number * shape.vocabulary * shape.hidden
    before = gradients if accumulation > 1 else 0
    logits = LOGITS_BYTES * shape.vocabulary * min(tokens, loss_tokens or tokens)
    return highest(
        {
            "loss": {**held, "gradients": before, "activations": saved, "logits": logits},
            "backward": {**held, "gradients": before or head, "activations": saved + backward},
            "step": {**held, "gradients": gradients},
        }
    )


def adapter_parameters(shape: ModelShape, rank: int) -> int:
    """Parameters of adapters at every matrix of the layers: rank · (inputs + outputs) each.

    Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", section 4.1.
    """
    return shape.layers * rank * sum(_ends(linear) for linear in shape.linears)


def _ends(linear: Linear) -> int:
    return linear.inputs + linear.outputs


def _check(shape: ModelShape, precision: str) -> None:
    if shape.experts:
        raise ShapeError(
            "the training of a mixture of experts is not counted",
            "Train a dense model; serving this one is counted",
        )
    if not shape.linears:
        raise ShapeError(
            "a GGUF file is for serving, and is not trained",
            "Give the folder with the config.json of the model that it was made from",
        )
    if precision not in ("fp32", "bf16", "fp16"):
        raise ShapeError(
            f"training in {precision} is not counted", "Give fp32 or bf16; qlora is a method"
        )


def _mode(method: Method, precision: str, rank: int) -> Mode:
    if method == "full":
        element = 4 if precision == "fp32" else 2
        return Mode(stream=4, element=element, copies=precision != "fp32")
    if precision == "fp32" and method == "lora":
        return Mode(stream=4, element=4, frozen=True, rank=rank)
    return Mode(stream=2, element=2, frozen=True, copies=method == "lora", rank=rank)


def _trained(shape: ModelShape, method: Method, precision: str, rank: int) -> _Trained:
    if method == "full":
        return _Trained(shape.parameters, 4)
    # trl keeps the adapters of a quantized model in bf16, peft all others in fp32.
    return _Trained(adapter_parameters(shape, rank), 2 if method == "qlora" else 4)


def _held(
    shape: ModelShape, method: Method, precision: str, trained: _Trained, device: Device
) -> Mapping[str, int]:
    """What is there all the time: weights, adapters, the optimizer's states, the runtime."""
    states = 2 * trained.entries * trained.number
    runtime = runtime_bytes(device, "transformers")
    if method == "full":
        # With bf16 the matrices are there twice: as they are trained, and as they are multiplied.
        cast = 0 if precision == "fp32" else 2 * (shape.quantizable + shape.embedding)
        weights = weight_bytes(shape, "fp32") + cast
        return {"weights": weights, "optimizer": states, "runtime": runtime}
    weights = weight_bytes(shape, "nf4" if method == "qlora" else precision)
    adapters = trained.entries * trained.number
    return {"weights": weights, "adapters": adapters, "optimizer": states, "runtime": runtime}
