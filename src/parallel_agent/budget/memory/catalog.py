"""Shapes of open code models that are well known, so that no file is needed to ask what fits.

From the models' config.json on Hugging Face, as of 2025-11; base and instruct versions have the same
shapes. A test compares the parameters that follow with those that are published.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parallel_agent.budget.memory.huggingface import shape_of_config
from parallel_agent.budget.memory.shape import ModelShape

AS_OF = "2025-11"
"""When the table was made."""


def known_models() -> dict[str, ModelShape]:
    """The shapes of the well-known models, by name, each family from small to large."""
    return {name: shape_of_config(config) for name, config in _CONFIGS.items()}


def _config(
    kind: str, layers: int, hidden: int, inner: int, heads: tuple[int, int], vocabulary: int,
    context: int, *, tied: bool = False,
) -> dict[str, Any]:  # fmt: skip
    return {
        "model_type": kind, "num_hidden_layers": layers, "hidden_size": hidden,
        "intermediate_size": inner, "num_attention_heads": heads[0],
        "num_key_value_heads": heads[1], "vocab_size": vocabulary,
        "max_position_embeddings": context, "tie_word_embeddings": tied, "dtype": "bfloat16",
    }  # fmt: skip


_CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "Qwen/Qwen2.5-Coder-0.5B": _config("qwen2", 24, 896, 4864, (14, 2), 151936, 32768, tied=True),
    "Qwen/Qwen2.5-Coder-1.5B": _config("qwen2", 28, 1536, 8960, (12, 2), 151936, 32768, tied=True),
    "Qwen/Qwen2.5-Coder-3B": _config("qwen2", 36, 2048, 11008, (16, 2), 151936, 32768, tied=True),
    "Qwen/Qwen2.5-Coder-7B": _config("qwen2", 28, 3584, 18944, (28, 4), 152064, 32768),
    "Qwen/Qwen2.5-Coder-14B": _config("qwen2", 48, 5120, 13824, (40, 8), 152064, 32768),
    "Qwen/Qwen2.5-Coder-32B": _config("qwen2", 64, 5120, 27648, (40, 8), 152064, 32768),
    "Qwen/Qwen3-Coder-30B-A3B": {
        **_config("qwen3_moe", 48, 2048, 5472, (32, 4), 151936, 262144),
        "head_dim": 128, "num_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 768,
    },
    "bigcode/starcoder2-3b": _config(
        "starcoder2", 30, 3072, 12288, (24, 2), 49152, 16384, tied=True
    ),
    "bigcode/starcoder2-7b": _config(
        "starcoder2", 32, 4608, 18432, (36, 4), 49152, 16384, tied=True
    ),
    "bigcode/starcoder2-15b": _config("starcoder2", 40, 6144, 24576, (48, 4), 49152, 16384),
    "deepseek-ai/deepseek-coder-1.3b": _config("llama", 24, 2048, 5504, (16, 16), 32256, 16384),
    "deepseek-ai/deepseek-coder-6.7b": _config("llama", 32, 4096, 11008, (32, 32), 32256, 16384),
    "deepseek-ai/deepseek-coder-33b": _config("llama", 62, 7168, 19200, (56, 8), 32256, 16384),
    "codellama/CodeLlama-7b": _config("llama", 32, 4096, 11008, (32, 32), 32016, 16384),
    "codellama/CodeLlama-13b": _config("llama", 40, 5120, 13824, (40, 40), 32016, 16384),
    "codellama/CodeLlama-34b": _config("llama", 48, 8192, 22016, (64, 8), 32000, 16384),
}  # fmt: skip
