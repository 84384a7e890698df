"""A model's shape from the config.json of Hugging Face, and the safetensors files beside it.

The families follow the model classes of the transformers library (Wolf et al. 2020,
"Transformers: State-of-the-Art Natural Language Processing").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from parallel_agent.budget.memory.errors import ShapeError
from parallel_agent.budget.memory.shape import Linear, ModelShape


@dataclass(frozen=True)
class _Family:
    """How the layers of a family are built; a text is the name of a config's key that says it."""

    qkv_bias: bool | str = False
    o_bias: bool | str = False
    mlp_bias: bool | str = False
    gated: bool = True
    layer_norm: bool = False
    norms: int = 2
    head_norms: bool = False
    tied: bool = False
    learned_positions: bool = False
    fused_qkv: bool = False


_LLAMA = _Family(qkv_bias="attention_bias", o_bias="attention_bias", mlp_bias="mlp_bias")
_GEMMA = _Family(qkv_bias="attention_bias", o_bias="attention_bias", tied=True)
_QWEN3 = _Family(qkv_bias="attention_bias", o_bias="attention_bias", head_norms=True)
_FAMILIES: Mapping[str, _Family] = {
    "llama": _LLAMA,
    "mistral": _Family(),
    "qwen2": _Family(qkv_bias=True),
    "qwen3": _QWEN3,
    "gemma": _GEMMA,
    "gemma2": replace(_GEMMA, norms=4),
    "gemma3_text": replace(_GEMMA, norms=4, head_norms=True),
    "starcoder2": _Family(
        qkv_bias="use_bias", o_bias="use_bias", mlp_bias="use_bias", gated=False, layer_norm=True,
        tied=True,
    ),
    "gpt2": _Family(
        qkv_bias=True, o_bias=True, mlp_bias=True, gated=False, layer_norm=True, tied=True,
        learned_positions=True, fused_qkv=True,
    ),
    "mixtral": _Family(),
    "qwen2_moe": _Family(qkv_bias="qkv_bias"),
    "qwen3_moe": _QWEN3,
}  # fmt: skip
_DEFAULT_TRUE = frozenset({"use_bias", "qkv_bias"})
_GPT2_NAMES = {
    "num_hidden_layers": "n_layer",
    "hidden_size": "n_embd",
    "num_attention_heads": "n_head",
    "max_position_embeddings": "n_positions",
    "intermediate_size": "n_inner",
}
_HINT = (
    "Give a model of one of the families "
    f"{', '.join(sorted(_FAMILIES))}, or the model as a .gguf file"
)


def read_config(path: Path) -> ModelShape:
    """The shape that a config.json says; the safetensors files beside it say the exact size.

    Raises ShapeError for a file that is no such config, and for families that are not counted.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ShapeError(f"{path} cannot be read: {error}", _HINT) from None
    if not isinstance(config, dict):
        raise ShapeError(f"{path} is not the config of a model", _HINT)
    shape = shape_of_config(config)
    size = _safetensors_bytes(path.parent)
    return shape if size is None else replace(shape, weight_bytes=size)


def shape_of_config(config: Mapping[str, Any]) -> ModelShape:
    """The shape that the contents of a config.json say.

    Raises ShapeError where a value is missing, or the family is none of those that are counted.
    """
    name = str(config.get("model_type", ""))
    family = _FAMILIES.get(name)
    if family is None:
        raise ShapeError(f"models of type {name or '(none given)'} are not counted", _HINT)
    read = _Values({_GPT2_NAMES.get(key, key): key for key in _GPT2_NAMES}, config)
    hidden, heads = read.whole("hidden_size"), read.whole("num_attention_heads")
    kv_heads = heads if family.fused_qkv else read.whole("num_key_value_heads", heads)
    head_dim = read.whole("head_dim", hidden // heads)
    experts = _experts(name, config, read)
    intermediate = read.whole("intermediate_size", 4 * hidden)
    max_context = read.whole("max_position_embeddings")
    norm = 2 if family.layer_norm else 1
    linears = _attention(family, config, hidden, heads * head_dim, kv_heads * head_dim)
    linears += _experts_linears(name, read, experts, hidden) or _network(
        family, config, hidden, intermediate
    )
    return ModelShape(
        architecture=name,
        layers=read.whole("num_hidden_layers"),
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        intermediate=read.whole("moe_intermediate_size", intermediate) if experts else intermediate,
        vocabulary=read.whole("vocab_size"),
        tied=bool(config.get("tie_word_embeddings", family.tied)),
        max_context=max_context,
        linears=linears,
        small=family.norms * norm * hidden + (2 * head_dim if family.head_norms else 0),
        other=norm * hidden + (max_context * hidden if family.learned_positions else 0),
        layer_norm=family.layer_norm,
        gated=family.gated,
        experts=experts,
        experts_used=read.whole("num_experts_per_tok", 0) if experts else 0,
        stored=_STORED.get(str(config.get("dtype", config.get("torch_dtype")))),
    )


_STORED = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}


@dataclass(frozen=True)
class _Values:
    """Whole numbers of a config, under their name or an older one."""

    older: Mapping[str, str]
    config: Mapping[str, Any]

    def whole(self, key: str, default: int | None = None) -> int:
        value = self.config.get(key)
        if value is None:
            value = self.config.get(_GPT2_NAMES.get(key, key), default)
        if value is None:
            value = default
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ShapeError(f"the config has no whole number for {key}: {value!r}", _HINT)
        return value


def _flag(wanted: bool | str, config: Mapping[str, Any]) -> bool:
    if isinstance(wanted, bool):
        return wanted
    return bool(config.get(wanted, wanted in _DEFAULT_TRUE))


def _attention(
    family: _Family, config: Mapping[str, Any], hidden: int, queries: int, keys: int
) -> tuple[Linear, ...]:
    biased, out_biased = _flag(family.qkv_bias, config), _flag(family.o_bias, config)
    out = Linear("o", queries, hidden, out_biased)
    if family.fused_qkv:
        return (Linear("qkv", hidden, queries + 2 * keys, biased), out)
    return (
        Linear("q", hidden, queries, biased),
        Linear("k", hidden, keys, biased),
        Linear("v", hidden, keys, biased),
        out,
    )


def _network(
    family: _Family, config: Mapping[str, Any], hidden: int, intermediate: int
) -> tuple[Linear, ...]:
    biased = _flag(family.mlp_bias, config)
    names = ("gate", "up") if family.gated else ("up",)
    inward = tuple(Linear(name, hidden, intermediate, biased) for name in names)
    return (*inward, Linear("down", intermediate, hidden, biased))


def _experts(name: str, config: Mapping[str, Any], read: _Values) -> int:
    if name not in ("mixtral", "qwen2_moe", "qwen3_moe"):
        return 0
    if config.get("mlp_only_layers") or config.get("decoder_sparse_step", 1) != 1:
        raise ShapeError("a mixture of experts in only some of the layers is not counted", _HINT)
    return read.whole("num_local_experts" if name == "mixtral" else "num_experts")


def _experts_linears(name: str, read: _Values, experts: int, hidden: int) -> tuple[Linear, ...]:
    """The router and the experts of a layer, and the expert that all tokens share."""
    if not experts:
        return ()
    key = "intermediate_size" if name == "mixtral" else "moe_intermediate_size"
    inner = read.whole(key)
    linears = (
        Linear("router", hidden, experts),
        Linear("gate", hidden, inner, copies=experts),
        Linear("up", hidden, inner, copies=experts),
        Linear("down", inner, hidden, copies=experts),
    )
    if name != "qwen2_moe":
        return linears
    shared = read.whole("shared_expert_intermediate_size")
    return (
        *linears,
        Linear("shared_router", hidden, 1),
        Linear("shared_gate", hidden, shared),
        Linear("shared_up", hidden, shared),
        Linear("shared_down", shared, hidden),
    )


def _safetensors_bytes(folder: Path) -> int | None:
    """Bytes of the tensors in the folder's safetensors files; None where there are none.

    The format: eight bytes with the length of a JSON header, the header, and the tensors.
    """
    files = [
        file for file in folder.glob("*.safetensors") if file.name != "adapter_model.safetensors"
    ]
    return sum(_tensor_bytes(file) for file in files) if files else None


def _tensor_bytes(file: Path) -> int:
    with file.open("rb") as stream:
        header = int.from_bytes(stream.read(8), "little")
    return max(file.stat().st_size - 8 - header, 0)
