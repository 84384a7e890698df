"""What a forward pass keeps for the backward pass.

Korthikanti et al. 2022 ("Reducing Activation Recomputation in Large Transformer Models", section 4)
count what each operation of a GPT layer saves: s·b·h·(34 + 5·a·s/h) bytes in 16 bits. The count
here is the same, operation by operation, for the layers of today as the transformers library runs
them: the term of a·s/h is gone, since attention in tiles saves no scores (Dao et al. 2022,
"FlashAttention"), dropout is off, and gated networks save four tensors of the inner width.
"""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agent.budget.memory.shape import ModelShape


@dataclass(frozen=True)
class Mode:
    """In what number formats a layer computes and what of it is trained.

    Args:
        stream: Bytes of a number of the residual stream.
        element: Bytes of a number within attention and feed-forward network.
        frozen: Whether the layers' own parameters get no gradient, as beside adapters.
        copies: Whether each matrix, or its adapter, converts its input and keeps a copy of its own.
        rank: Rank of the adapters; 0 for none.
    """

    stream: int
    element: int
    frozen: bool = False
    copies: bool = False
    rank: int = 0


def layer_saved_bytes(shape: ModelShape, tokens: int, mode: Mode) -> int:
    """Bytes that one layer saves for ``tokens`` tokens (batch times sequence)."""
    saved = (
        2 * _norm_bytes(shape, mode)
        + _inputs_bytes(shape, mode)
        + _attention_bytes(shape, mode)
        + _network_bytes(shape, mode)
        + mode.element * mode.rank * len(shape.linears)
    )
    return tokens * saved


def layer_backward_bytes(shape: ModelShape, tokens: int, mode: Mode) -> int:
    """Bytes of the gradients that are alive together in one layer's backward pass, at most.

    In the feed-forward network: of the stream, of the product and of its branches.
    """
    width = (3 if shape.gated else 2) * shape.intermediate
    return tokens * (mode.stream * shape.hidden + mode.element * width)


def checkpoint_bytes(shape: ModelShape, tokens: int, mode: Mode) -> int:
    """Bytes that one layer keeps with checkpointing: its input (Chen et al. 2016, "Training Deep
    Nets with Sublinear Memory Cost").
    """  # fmt: skip
    return tokens * mode.stream * shape.hidden


def _norm_bytes(shape: ModelShape, mode: Mode) -> int:
    """Of a norm: its input in fp32 and, for the gradient of an RMSNorm's weight, what it multiplies."""
    if shape.layer_norm:
        return mode.stream * shape.hidden
    normed = 0 if mode.frozen else mode.stream
    return (4 + normed) * shape.hidden


def _inputs_bytes(shape: ModelShape, mode: Mode) -> int:
    """The inputs of matrices that no other operation saves: shared, or a copy for each matrix."""
    inner = {"o": 0, "down": shape.intermediate}
    inputs = [linear for linear in shape.linears if linear.name not in inner]
    if not mode.copies:
        return mode.element * (2 * shape.hidden + shape.intermediate)
    wide = sum(linear.inputs for linear in inputs)
    return mode.element * (wide + shape.heads * shape.head_dim + shape.intermediate)


def _attention_bytes(shape: ModelShape, mode: Mode) -> int:
    """Queries, keys and values after rotation, the output, and a sum of exponentials a head."""
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    return mode.element * (2 * queries + 2 * keys) + 4 * shape.heads


def _network_bytes(shape: ModelShape, mode: Mode) -> int:
    """What the activation function and the product of a gated network need; not down's input."""
    return mode.element * (3 if shape.gated else 1) * shape.intermediate
