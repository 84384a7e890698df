"""The shape of a decoder-only transformer: all that its memory depends on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Linear:
    """A matrix that each layer has, from ``inputs`` to ``outputs`` features.

    ``copies`` is 1, or the number of experts where each has one of its own.
    """

    name: str
    inputs: int
    outputs: int
    biased: bool = False
    copies: int = 1

    @property
    def weights(self) -> int:
        """Entries of the matrix, of all copies, without biases."""
        return self.copies * self.inputs * self.outputs

    @property
    def parameters(self) -> int:
        """Entries of the matrix and its biases, of all copies."""
        return self.weights + (self.copies * self.outputs if self.biased else 0)


@dataclass(frozen=True)
class ModelShape:
    """What a config or a header says of a model.

    Args:
        architecture: The name of the family in that file (``qwen2``, ``llama``, …).
        layers: Blocks of attention and feed-forward network.
        hidden: Features of a token between the layers.
        heads: Attention heads of the queries.
        kv_heads: Attention heads of keys and values; fewer where queries share them (Ainslie et al.
            2023, "GQA: Training Generalized Multi-Query Transformer Models").
        head_dim: Features of one head.
        intermediate: Features within the feed-forward network (of one expert, where there are any).
        vocabulary: Tokens, and so rows of the embedding.
        tied: Whether the output layer is the embedding itself.
        max_context: The longest sequence that the model was made for, in tokens.
        linears: The matrices of each layer.
        small: Other parameters of each layer (norms).
        other: Parameters outside of layers and token embeddings (positions, the last norm).
        layer_norm: Whether norms are LayerNorm, else RMSNorm.
        gated: Whether the feed-forward network multiplies two branches (Shazeer 2020, "GLU Variants
            Improve Transformer").
        experts: Experts of a layer; 0 for a dense model.
        experts_used: Experts that each token goes through.
        weight_bytes: Bytes of the weights as they are stored, where the files say it.
        stored: The precision in which they are stored, where the files say it.
        counted: The number of parameters, where the file lists every one.
    """

    architecture: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    tied: bool
    max_context: int
    linears: tuple[Linear, ...] = ()
    small: int = 0
    other: int = 0
    layer_norm: bool = False
    gated: bool = True
    experts: int = 0
    experts_used: int = 0
    weight_bytes: int | None = None
    stored: str | None = None
    counted: int | None = None

    @property
    def embedding(self) -> int:
        """Entries of the token embedding, and of the output layer where it is another matrix."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    @property
    def parameters(self) -> int:
        """All parameters."""
        if self.counted is not None:
            return self.counted
        matrices = sum(linear.parameters for linear in self.linears)
        return self.layers * (matrices + self.small) + self.embedding + self.other

    @property
    def quantizable(self) -> int:
        """Entries of the matrices of all layers: what a quantization of weights makes smaller."""
        return self.layers * sum(linear.weights for linear in self.linears)
