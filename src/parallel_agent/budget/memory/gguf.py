"""A model's shape from the header of a GGUF file, read as the format's specification says.

GGUF, version 2 and 3 (ggml project, docs/gguf.md): the magic, a version, the number of tensors and
of key-value pairs, the pairs, and name, dimensions, type and offset of each tensor. All weights
come after, so that the first megabytes of a file are enough. The gguf package is not used: it maps
the whole file, and takes seconds over the hundreds of thousands of a vocabulary's tokens.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

from parallel_agent.budget.memory.errors import ShapeError
from parallel_agent.budget.memory.gguf_types import FILE_TYPES, TENSOR_TYPES
from parallel_agent.budget.memory.shape import ModelShape

_HINT = "Give a whole .gguf file (version 2 or 3) of a decoder-only transformer"
_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
_LONGEST = 1 << 30  # of a string or an array: what is longer is a broken file
_PART = re.compile(r"(.*)-00001-of-(\d{5})")
# What other kinds of memory than a cache of keys and values are told by.
_NOT_COUNTED = ("ssm.", "wkv.", "attention.kv_lora_rank", "attention.q_lora_rank", "shortconv.")


@dataclass(frozen=True)
class Tensor:
    """A tensor of the file: its name, its dimensions (fastest first) and the number of its type."""

    name: str
    dimensions: tuple[int, ...]
    type: int

    @property
    def entries(self) -> int:
        """How many numbers it holds."""
        return prod(self.dimensions)

    @property
    def bytes(self) -> int:
        """Its bytes: whole blocks of its type. Raises ShapeError for an unknown type."""
        if self.type not in TENSOR_TYPES:
            raise ShapeError(f"{self.name} has type {self.type}, which is not known", _HINT)
        _, block, size = TENSOR_TYPES[self.type]
        return self.entries // block * size


@dataclass(frozen=True)
class Header:
    """The key-value pairs and the tensors; of a long array only its length is kept, as an int."""

    values: Mapping[str, Any]
    tensors: tuple[Tensor, ...]


def read_gguf(path: Path) -> ModelShape:
    """The shape that the header of a GGUF file says; of a file in several parts give the first.

    Raises ShapeError for what is no such file, and for models whose memory is not counted.
    """
    headers = [read_header(part) for part in _parts(path)]
    tensors = [tensor for header in headers for tensor in header.tensors]
    return _shape(headers[0].values, tensors, path)


def read_header(path: Path) -> Header:
    """The header of one file. Raises ShapeError for what is no GGUF file."""
    try:
        with path.open("rb") as stream:
            return _header(stream, path)
    except (OSError, struct.error, UnicodeDecodeError, OverflowError) as error:
        raise ShapeError(f"{path} cannot be read as GGUF: {error}", _HINT) from None


def _parts(path: Path) -> list[Path]:
    found = _PART.fullmatch(path.stem)
    if found is None:
        return [path]
    count = int(found[2])
    return [path.with_name(f"{found[1]}-{i:05d}-of-{count:05d}.gguf") for i in range(1, count + 1)]


def _header(stream: BinaryIO, path: Path) -> Header:
    if stream.read(4) != b"GGUF":
        raise ShapeError(f"{path} is not a GGUF file", _HINT)
    version = _scalar(stream, "I")
    if version not in (2, 3):
        raise ShapeError(f"{path} is GGUF of version {version}, which is not read", _HINT)
    tensor_count, pair_count = _scalar(stream, "Q"), _scalar(stream, "Q")
    values = {}
    for _ in range(pair_count):
        key = _text(stream)
        values[key] = _value(stream, _scalar(stream, "I"))
    return Header(values, tuple(_tensor(stream) for _ in range(tensor_count)))


def _tensor(stream: BinaryIO) -> Tensor:
    name = _text(stream)
    rank = _scalar(stream, "I")
    if rank > 8:
        raise ShapeError(f"{name} has {rank} dimensions: the file is broken", _HINT)
    dimensions = tuple(_scalar(stream, "Q") for _ in range(rank))
    kind = _scalar(stream, "I")
    _scalar(stream, "Q")  # where it lies
    return Tensor(name, dimensions, kind)


def _value(stream: BinaryIO, kind: int) -> Any:
    if kind == _STRING:
        return _text(stream)
    if kind != _ARRAY:
        if kind not in _SCALARS:
            raise ShapeError(f"a value of type {kind}: the file is broken", _HINT)
        return _scalar(stream, _SCALARS[kind])
    inner, length = _scalar(stream, "I"), _scalar(stream, "Q")
    if length > _LONGEST:
        raise ShapeError(f"an array of {length} values: the file is broken", _HINT)
    if inner in (_STRING, _ARRAY) or length > 4096:
        _skip(stream, inner, length)
        return length
    return tuple(_value(stream, inner) for _ in range(length))


def _skip(stream: BinaryIO, inner: int, length: int) -> None:
    if inner in _SCALARS:
        stream.seek(length * struct.calcsize(f"<{_SCALARS[inner]}"), 1)
        return
    for _ in range(length):
        if inner == _STRING:
            stream.seek(_length(stream), 1)
        else:
            _value(stream, inner)


def _scalar(stream: BinaryIO, code: str) -> Any:
    size = struct.calcsize(f"<{code}")
    return struct.unpack(f"<{code}", stream.read(size))[0]


def _text(stream: BinaryIO) -> str:
    return stream.read(_length(stream)).decode("utf-8")


def _length(stream: BinaryIO) -> int:
    length: int = _scalar(stream, "Q")
    if length > _LONGEST:
        raise ShapeError(f"a text of {length} bytes: the file is broken", _HINT)
    return length


def _shape(values: Mapping[str, Any], tensors: list[Tensor], path: Path) -> ModelShape:
    name = str(values.get("general.architecture", ""))
    odd = [
        key for key in values if key.startswith(tuple(f"{name}.{part}" for part in _NOT_COUNTED))
    ]
    if odd:
        raise ShapeError(f"{path}: models with {odd[0]} are not counted", _HINT)
    heads = _whole(values, f"{name}.attention.head_count", path)
    hidden = _whole(values, f"{name}.embedding_length", path)
    experts = _whole(values, f"{name}.expert_count", path, 0)
    intermediate = _whole(values, f"{name}.feed_forward_length", path)
    by_name = {tensor.name: tensor for tensor in tensors}
    embedding = by_name.get("token_embd.weight")
    if embedding is None or len(embedding.dimensions) != 2:
        raise ShapeError(f"{path} has no token embeddings", _HINT)
    return ModelShape(
        architecture=name,
        layers=_whole(values, f"{name}.block_count", path),
        hidden=hidden,
        heads=heads,
        kv_heads=_whole(values, f"{name}.attention.head_count_kv", path, heads),
        head_dim=_whole(values, f"{name}.attention.key_length", path, hidden // heads),
        intermediate=_whole(values, f"{name}.expert_feed_forward_length", path, intermediate),
        vocabulary=embedding.dimensions[1],
        tied="output.weight" not in by_name,
        max_context=_whole(values, f"{name}.context_length", path),
        gated=any("ffn_gate" in tensor for tensor in by_name),
        layer_norm="output_norm.bias" in by_name,
        experts=experts,
        experts_used=_whole(values, f"{name}.expert_used_count", path, 0),
        weight_bytes=sum(tensor.bytes for tensor in tensors),
        stored=FILE_TYPES.get(values.get("general.file_type", -1), "gguf"),
        counted=sum(tensor.entries for tensor in tensors),
    )


def _whole(values: Mapping[str, Any], key: str, path: Path, default: int | None = None) -> int:
    value = values.get(key, default)
    if isinstance(value, tuple) and len(set(value)) == 1:
        value = value[0]
    if isinstance(value, tuple):
        raise ShapeError(f"{path}: {key} differs from layer to layer, which is not counted", _HINT)
    if not isinstance(value, int) or value < 0:
        raise ShapeError(f"{path} has no whole number for {key}", _HINT)
    return value
