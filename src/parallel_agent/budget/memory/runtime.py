"""What a process takes before any model is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

Device: TypeAlias = Literal["gpu", "cpu"]

_GPU_CONTEXT = 1_300_000_000
"""The CUDA context with the kernels and workspaces of the framework, as Hugging Face measured it
("Model training anatomy", transformers documentation: 1.3 GB before the first tensor)."""

# Resident memory of a process that has imported its framework and loaded nothing, measured by
# tools/memory_table.py (torch 2.13 with transformers 5.23 and peft; llama.cpp of 2026-10).
_CPU: Mapping[str, int] = {
    "transformers": 600_000_000,
    "vllm": 600_000_000,
    "llama.cpp": 60_000_000,
    "ollama": 60_000_000,
}


def runtime_bytes(device: Device, engine: str) -> int:
    """Bytes of the runtime itself: of its context on a GPU, or of its process on a CPU."""
    return _GPU_CONTEXT if device == "gpu" else _CPU[engine]
