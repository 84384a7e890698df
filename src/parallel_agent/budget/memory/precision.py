"""Bytes of a model's weights in each precision and quantization."""

from __future__ import annotations

from collections.abc import Iterator

from parallel_agent.budget.memory.errors import ShapeError
from parallel_agent.budget.memory.gguf_types import BLOCKS
from parallel_agent.budget.memory.shape import Linear, ModelShape

FLOATS = {"fp32": 4, "bf16": 2, "fp16": 2}
"""Bytes of one number in the precisions that hold every weight alike."""

BITSANDBYTES = ("int8", "nf4")
"""Quantized when loaded, by the library bitsandbytes, from a folder of Hugging Face."""

GGUF_MIXES = ("q8_0", "q6_k", "q5_k_m", "q4_k_m")
"""Quantized once, into a file, by llama.cpp."""

PRECISIONS = (*FLOATS, *BITSANDBYTES, *GGUF_MIXES)
"""All precisions that weights are counted in, besides the one in which a file has them."""

_NF4_BLOCK, _NF4_SECOND_BLOCK = 64, 256
# What a row that is no multiple of 256 numbers gets instead: llama.cpp, tensor_type_fallback.
_FALLBACK = {"Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}


def weight_bytes(shape: ModelShape, precision: str) -> int:
    """Bytes of the weights in a precision.

    ``fp32``, ``bf16``, ``fp16``: that many bytes a parameter.

    ``int8``: LLM.int8() (Dettmers et al. 2022): a byte for each entry of the layers' matrices and
    an fp32 scale for each of their rows; the rest in 16 bits.

    ``nf4``: NormalFloat of QLoRA (Dettmers et al. 2023, sections 3 and 4): half a byte for each entry
    of the layers' matrices; with double quantization a byte for each block of 64 entries and an fp32
    for each 256 of those, 0.127 bits an entry; the rest in 16 bits.

    ``q8_0``, ``q6_k``, ``q5_k_m``, ``q4_k_m``: the mixes of llama.cpp's quantization; in the last
    two, half of the layers have the value and down matrices, and every model its output layer, in
    Q6_K.

    The precision in which a file has them is exact: the bytes that the file says.

    Raises:
        ShapeError: a precision that is not known, or that a model of this kind cannot be had in.
    """
    if precision == shape.stored and shape.weight_bytes is not None:
        return shape.weight_bytes
    if precision in FLOATS:
        return shape.parameters * FLOATS[precision]
    if not shape.linears:
        raise ShapeError(
            f"a GGUF file of {shape.stored} is not served as {precision}",
            f"Leave the precision out, or give the file that has the model in {precision}",
        )
    if precision in GGUF_MIXES:
        return _gguf_bytes(shape, precision)
    if precision in BITSANDBYTES:
        return _bitsandbytes(shape, precision)
    raise ShapeError(
        f"weights in {precision} are not counted", f"Give one of {', '.join(PRECISIONS)}"
    )


def _bitsandbytes(shape: ModelShape, precision: str) -> int:
    if shape.experts:
        raise ShapeError(
            f"the experts of {shape.architecture} are not quantized when loaded",
            f"Give bf16, or a .gguf file with one of {', '.join(GGUF_MIXES)}",
        )
    rest = 2 * (shape.parameters - shape.quantizable)
    if precision == "int8":
        rows = shape.layers * sum(linear.outputs for linear in shape.linears)
        return shape.quantizable + 4 * rows + rest
    return sum(nf4_bytes(linear) for linear in shape.linears) * shape.layers + rest


def nf4_bytes(linear: Linear) -> int:
    """Bytes of one matrix in NF4 with double quantization, constants included."""
    blocks = -(-linear.weights // _NF4_BLOCK)
    second = -(-blocks // _NF4_SECOND_BLOCK)
    return -(-linear.weights // 2) + blocks + 4 * second


def _gguf_bytes(shape: ModelShape, mix: str) -> int:
    matrices = sum(
        _rows_bytes(_type_of(linear.name, layer, shape.layers, mix), linear.inputs, linear.outputs)
        * linear.copies
        for layer in range(shape.layers)
        for linear in shape.linears
    )
    others = 4 * (shape.parameters - shape.quantizable - shape.embedding)
    types = _embedding_types(mix, tied=shape.tied)
    tables = sum(_rows_bytes(kind, shape.hidden, shape.vocabulary) for kind in types)
    return matrices + others + tables


def _embedding_types(mix: str, *, tied: bool) -> Iterator[str]:
    """The types of the output layer and of the token embeddings, which may be one and the same."""
    yield "Q8_0" if mix == "q8_0" else "Q6_K"
    if not tied:
        yield _MAIN[mix]


_MAIN = {"q8_0": "Q8_0", "q6_k": "Q6_K", "q5_k_m": "Q5_K", "q4_k_m": "Q4_K"}


def _type_of(name: str, layer: int, layers: int, mix: str) -> str:
    """The type that llama.cpp gives a matrix of a layer (llama-quant.cpp)."""
    if name.endswith("router"):
        return "F32"
    if mix in ("q8_0", "q6_k"):
        return _MAIN[mix]
    if name == "qkv":
        return "Q5_K" if mix == "q4_k_m" else "Q6_K"
    return "Q6_K" if name in ("v", "down") and _more_bits(layer, layers) else _MAIN[mix]


def _more_bits(layer: int, layers: int) -> bool:
    """The first and the last eighth of the layers, and every third between."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def _rows_bytes(kind: str, inputs: int, outputs: int) -> int:
    if inputs % BLOCKS[kind][0]:
        kind = _FALLBACK.get(kind, kind)
    if inputs % BLOCKS[kind][0]:
        kind = "F16"
    block, size = BLOCKS[kind]
    return inputs // block * size * outputs
