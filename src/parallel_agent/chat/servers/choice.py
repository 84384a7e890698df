"""Which program serves a model: the one that the user names, or the first that can."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agent.chat.errors import UnknownModel
from parallel_agent.chat.servers.adapter import Adapter
from parallel_agent.chat.servers.gpu import total_memory
from parallel_agent.chat.servers.llama_cpp import LlamaCpp
from parallel_agent.chat.servers.ollama import Ollama
from parallel_agent.chat.servers.target import Target
from parallel_agent.chat.servers.transformers_serve import TransformersServe
from parallel_agent.chat.servers.vllm import Vllm

AUTO = "auto"
ADAPTERS: tuple[Adapter, ...] = (LlamaCpp(), Vllm(), Ollama(), TransformersServe())


def allowed(server: str) -> tuple[Adapter, ...]:
    """The programs that ``--server`` allows, in the order in which they are tried."""
    return tuple(adapter for adapter in ADAPTERS if server in (AUTO, adapter.name))


def choose(target: Target, server: str) -> Adapter:
    """The program for a model.

    Raises UnknownModel where none that is allowed can serve it, or none is installed.
    """
    refusals = {adapter: adapter.refuses(target) for adapter in allowed(server)}
    able = [adapter for adapter, why in refusals.items() if not why]
    if not able:
        said = "; ".join(f"{adapter.name}: {why}" for adapter, why in refusals.items())
        raise UnknownModel(
            f"'local:{target.text}' cannot be served: {said}", "Give another --server, or auto"
        )
    installed = [adapter for adapter in able if adapter.found()]
    if not installed:
        raise UnknownModel(
            f"'local:{target.text}' needs {' or '.join(adapter.name for adapter in able)}, "
            f"and {'it is' if len(able) == 1 else 'none is'} not installed",
            "Install it: " + "; or ".join(adapter.install for adapter in able),
        )
    return _preferred(target, installed)


def _preferred(target: Target, installed: Sequence[Adapter]) -> Adapter:
    """vLLM where there is a GPU for it, Ollama for what is in its store; else the first."""
    by_name = {adapter.name: adapter for adapter in installed}
    if target.kind == "ollama" and "ollama" in by_name:
        return by_name["ollama"]
    if "transformers" in by_name and "vllm" in by_name and total_memory() is None:
        return by_name["transformers"]
    return installed[0]
