import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parallel_agent.budget.memory import ShapeError, read_shape, weight_bytes
from parallel_agent.budget.memory.huggingface import shape_of_config

LLAMA: dict[str, Any] = {
    "model_type": "llama", "hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 300,
    "max_position_embeddings": 512, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
}  # fmt: skip


def test_a_folder_with_a_config_and_the_config_itself_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))
    shape = read_shape(tmp_path)
    assert shape == read_shape(tmp_path / "config.json")
    layer = 64 * (64 + 32 + 32 + 64) + 3 * 64 * 160 + 2 * 64
    assert shape.parameters == 3 * layer + 2 * 300 * 64 + 64
    assert (shape.kv_heads, shape.head_dim, shape.stored) == (2, 16, "bf16")


def test_the_files_beside_a_config_say_the_exact_size(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))
    header = b'{"a":{"dtype":"BF16","shape":[500],"data_offsets":[0,1000]}}'
    for part in (1, 2):
        data = struct.pack("<Q", len(header)) + header + bytes(1000)
        (tmp_path / f"model-0000{part}-of-00002.safetensors").write_bytes(data)
    shape = read_shape(tmp_path)
    assert weight_bytes(shape, "bf16") == 2000
    assert weight_bytes(shape, "fp32") == 4 * shape.parameters


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "mamba"}, "mamba"),
        ({"hidden_size": None}, "hidden_size"),
        ({"num_hidden_layers": "three"}, "num_hidden_layers"),
        (
            {"model_type": "qwen3_moe", "num_experts": 4, "decoder_sparse_step": 2},
            "some of the lay",
        ),
    ],
)
def test_what_cannot_be_counted_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ShapeError, match=said) as refused:
        shape_of_config({**LLAMA, **change})
    assert "gguf" in refused.value.hint


def test_experts_are_counted_all_and_used_few() -> None:
    shape = shape_of_config(
        {**LLAMA, "model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 2}
    )
    dense = shape_of_config(LLAMA)
    assert shape.parameters - dense.parameters == 3 * (7 * 3 * 64 * 160 + 64 * 8)
    assert (shape.experts, shape.experts_used) == (8, 2)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"model_type": 3}'])
def test_a_broken_config_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(ShapeError):
        read_shape(path)


def test_where_there_is_no_model_the_hint_says_what_to_give(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(ShapeError) as refused:
            read_shape(path)
        assert "config.json" in refused.value.hint


# ---- GGUF ---------------------------------------------------------------------------------------


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def _number(key: str, value: int) -> bytes:
    return _text(key) + struct.pack("<II", 4, value)


def _words(key: str, words: list[str]) -> bytes:
    return _text(key) + struct.pack("<IIQ", 9, 8, len(words)) + b"".join(map(_text, words))


def _tensor(name: str, dimensions: tuple[int, ...], kind: int) -> bytes:
    sizes = b"".join(struct.pack("<Q", size) for size in dimensions)
    return _text(name) + struct.pack("<I", len(dimensions)) + sizes + struct.pack("<IQ", kind, 0)


def gguf_header(*more: bytes, version: int = 3, name: str = "llama") -> bytes:
    """The header of a file with two layers, Q4_K matrices and an output in Q6_K."""
    pairs = [
        _text("general.architecture") + struct.pack("<I", 8) + _text(name),
        _number("general.file_type", 15),
        _number(f"{name}.block_count", 2),
        _number(f"{name}.embedding_length", 256),
        _number(f"{name}.feed_forward_length", 512),
        _number(f"{name}.attention.head_count", 4),
        _number(f"{name}.attention.head_count_kv", 1),
        _number(f"{name}.context_length", 2048),
        _words("tokenizer.ggml.tokens", ["a", "bc", "def"]),
        *more,
    ]
    tensors = [
        _tensor("token_embd.weight", (256, 100), 12),
        _tensor("output.weight", (256, 100), 14),
        _tensor("output_norm.weight", (256,), 0),
        _tensor("blk.0.ffn_gate.weight", (256, 512), 12),
    ]
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs))
    return head + b"".join(pairs) + b"".join(tensors)


def test_a_header_alone_says_the_exact_size(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf_header())
    shape = read_shape(path)
    assert shape.weight_bytes == 100 * 144 + 100 * 210 + 256 * 4 + 512 * 144
    assert shape.parameters == 2 * 25600 + 256 + 256 * 512
    assert (shape.stored, shape.vocabulary, shape.tied, shape.gated) == ("q4_k_m", 100, False, True)
    assert (shape.layers, shape.kv_heads, shape.head_dim, shape.max_context) == (2, 1, 64, 2048)
    assert read_shape(tmp_path) == shape
    with pytest.raises(ShapeError, match="not served as bf16"):
        weight_bytes(shape, "bf16")


def test_a_model_in_several_files_is_counted_whole(tmp_path: Path) -> None:
    for part in (1, 2):
        (tmp_path / f"m-0000{part}-of-00002.gguf").write_bytes(gguf_header())
    whole = read_shape(tmp_path)
    (tmp_path / "one.gguf").write_bytes(gguf_header())
    one = read_shape(tmp_path / "one.gguf")
    assert one.weight_bytes is not None and whole.weight_bytes == 2 * one.weight_bytes
    assert replace(whole, weight_bytes=0, counted=0) == replace(one, weight_bytes=0, counted=0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a GGUF"),
        (b"GGML" + bytes(40), "not a GGUF"),
        (gguf_header(version=1), "version 1"),
        (gguf_header()[:200], "cannot be read"),
        (gguf_header(_number("llama.ssm.state_size", 16)), "ssm"),
        (gguf_header(_number("llama.attention.kv_lora_rank", 16)), "kv_lora_rank"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + struct.pack("<Q", 2**60), "broken"),
    ],
)
def test_a_broken_or_other_file_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    with pytest.raises(ShapeError, match=said):
        read_shape(path)
