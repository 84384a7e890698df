"""vLLM: ``vllm serve`` for Hugging Face folders, mostly on GPUs."""

from __future__ import annotations

from parallel_agent.chat.servers.adapter import HOST, Launch, Limits
from parallel_agent.chat.servers.gpu import total_memory
from parallel_agent.chat.servers.installed import program
from parallel_agent.chat.servers.target import Target

_NAME = "model"
_MOST = 0.95
"""Of a GPU's memory, at most: the driver needs some."""
_LEAST = 0.01


class Vllm:
    """Takes its share of the GPU's memory at the start, and holds it."""

    name = "vllm"
    processes = ("vllm",)
    health = "/health"
    port = 8000
    install = "pip install vllm (for NVIDIA GPUs; docs.vllm.ai for others)"
    several = True
    abandons = True

    def found(self) -> str:
        """The program."""
        return program("vllm")

    def refuses(self, target: Target) -> str:
        """All but Hugging Face folders."""
        return "" if target.kind == "folder" else "it serves Hugging Face folders only"

    def launch(self, target: Target, limits: Limits, port: int) -> Launch:
        """With a cap on memory it gets that part of the GPU's."""
        told = ["--served-model-name", _NAME, "--host", HOST, "--port", str(port)]
        told += ["--max-num-seqs", str(limits.slots)]
        if limits.context is not None:
            told += ["--max-model-len", str(limits.context)]
        share = utilization(limits.memory, total_memory())
        if share is not None:
            told += ["--gpu-memory-utilization", f"{share:.3f}"]
        return Launch((self.found(), "serve", str(target.path), *told), _NAME)


def utilization(cap: int | None, total: int | None) -> float | None:
    """The part of a GPU's memory that ``cap`` bytes are, never rounded up; None for no limit."""
    if cap is None or total is None:
        return None
    share = int(1000 * cap / total) / 1000
    return max(_LEAST, min(_MOST, share))
