"""transformers: ``transformers serve`` of version 5 for Hugging Face folders, on CPUs too."""

from __future__ import annotations

import shutil
import sys

from parallel_agent.budget.memory.runtime import ALLOCATOR
from parallel_agent.chat.servers.adapter import HOST, Launch, Limits
from parallel_agent.chat.servers.installed import package
from parallel_agent.chat.servers.target import Target

_NEEDED = ("transformers", "torch", "fastapi", "uvicorn", "openai")
_MODULE = "transformers.cli.transformers"


class TransformersServe:
    """One request after another, and each to its end: slow, but it serves all that was trained."""

    name = "transformers"
    processes = ("transformers", _MODULE)
    health = "/health"
    port = 8000
    install = "pip install 'transformers[serving]>=5' torch"
    several = False
    abandons = False

    def found(self) -> str:
        """The package of this Python, if all that it serves with is there, else the program."""
        here = all(map(package, _NEEDED))
        return package("transformers") if here else shutil.which("transformers") or ""

    def refuses(self, target: Target) -> str:
        """All but Hugging Face folders."""
        return "" if target.kind == "folder" else "it serves Hugging Face folders only"

    def launch(self, target: Target, limits: Limits, port: int) -> Launch:
        """Its folder is its working directory: a name with @ would be one with a revision.

        It has no limit for the context; ours are kept by what is asked of it.
        """
        found = self.found()
        # -P: the model's folder, which may hold code, is no place to import from.
        here = found == package("transformers")
        program = (sys.executable, "-P", "-m", _MODULE) if here else (found,)
        argv = (*program, "serve", ".", "--host", HOST, "--port", str(port))
        return Launch(argv, ".", environ=ALLOCATOR, cwd=target.path)
