"""transformers: ``transformers serve`` of version 5 for Hugging Face folders, on CPUs too."""

from __future__ import annotations

from parallel_agent.chat.servers.adapter import HOST, Launch, Limits
from parallel_agent.chat.servers.installed import package, program
from parallel_agent.chat.servers.target import Target

_NEEDED = ("torch", "fastapi", "uvicorn", "openai")


class TransformersServe:
    """One request after another, and each to its end: slow, but it serves all that was trained."""

    name = "transformers"
    processes = ("transformers", "python")
    health = "/health"
    port = 8000
    install = "pip install 'transformers[serving]>=5' torch"
    several = False
    abandons = False

    def found(self) -> str:
        """The program, if all that it serves with is there."""
        return program("transformers") if all(map(package, _NEEDED)) else ""

    def refuses(self, target: Target) -> str:
        """All but Hugging Face folders."""
        return "" if target.kind == "folder" else "it serves Hugging Face folders only"

    def launch(self, target: Target, limits: Limits, port: int) -> Launch:
        """Its folder is its working directory: a name with @ would be one with a revision.

        It has no limit for the context; ours are kept by what is asked of it.
        """
        argv = (self.found(), "serve", ".", "--host", HOST, "--port", str(port))
        return Launch(argv, ".", cwd=target.path)
