"""llama.cpp: its ``llama-server``, or the same server inside of the Python package xllamacpp."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from parallel_agent.chat.servers import xllamacpp_server
from parallel_agent.chat.servers.adapter import HOST, Launch, Limits
from parallel_agent.chat.servers.installed import package
from parallel_agent.chat.servers.target import Target

_NAME = "model"


class LlamaCpp:
    """Serves GGUF files on CPUs and GPUs."""

    name = "llama.cpp"
    processes = ("llama-server", "xllamacpp_server.py")
    health = "/health"
    port = 8080
    install = "pip install xllamacpp, or put llama-server on PATH (github.com/ggml-org/llama.cpp)"
    several = True
    abandons = True

    def found(self) -> str:
        """The program, else the package."""
        return shutil.which("llama-server") or package("xllamacpp")

    def refuses(self, target: Target) -> str:
        """All but GGUF files; those of Ollama's store are such files."""
        return "" if target.kind in ("gguf", "ollama") else "it serves GGUF files only"

    def launch(self, target: Target, limits: Limits, port: int) -> Launch:
        """Its context is for all slots together: each gets an equal part of it."""
        context = 0 if limits.context is None else limits.context * limits.slots  # 0: the model's
        told = ["--model", str(target.path), "--alias", _NAME, "--host", HOST, "--port", str(port)]
        told += ["--ctx-size", str(context), "--parallel", str(limits.slots)]
        server = shutil.which("llama-server")
        if server is not None:
            # Prompts of the past would be kept in up to 8 GiB; older versions know no such flag.
            return Launch((server, *told), _NAME, {"LLAMA_ARG_CACHE_RAM": "0"})
        script = Path(xllamacpp_server.__file__)
        return Launch((sys.executable, str(script), *told), _NAME)
