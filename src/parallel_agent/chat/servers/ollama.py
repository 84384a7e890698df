"""Ollama: ``ollama serve`` for the models in its own store."""

from __future__ import annotations

import shutil

from parallel_agent.chat.servers.adapter import HOST, Launch, Limits
from parallel_agent.chat.servers.target import Target


class Ollama:
    """A server that loads a model at the first request for it, and keeps it then."""

    name = "ollama"
    processes = ("ollama",)
    health = "/api/version"
    port = 11434
    install = "see ollama.com/download"
    several = True
    abandons = True

    def found(self) -> str:
        """The program."""
        return shutil.which("ollama") or ""

    def refuses(self, target: Target) -> str:
        """All but models in its store."""
        if target.kind == "ollama":
            return ""
        return "it serves the models of its own store only (ollama pull NAME, or ollama create)"

    def launch(self, target: Target, limits: Limits, port: int) -> Launch:
        """It takes its limits from the environment."""
        environ = {
            "OLLAMA_HOST": f"{HOST}:{port}",
            "OLLAMA_NUM_PARALLEL": str(limits.slots),
            "OLLAMA_MAX_LOADED_MODELS": "1",
            "OLLAMA_KEEP_ALIVE": "-1",
            "LLAMA_ARG_CACHE_RAM": "0",
        }
        if limits.context is not None:
            environ["OLLAMA_CONTEXT_LENGTH"] = str(limits.context)
        return Launch((self.found(), "serve"), target.text, environ)
