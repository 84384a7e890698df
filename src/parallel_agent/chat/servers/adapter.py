"""What every server program has to tell of itself, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from parallel_agent.chat.servers.target import Target

HOST = "127.0.0.1"
"""No server listens anywhere else: whoever reaches it may use it."""


@dataclass(frozen=True)
class Limits:
    """``context`` tokens for one request, its answer included, None for the server's own default.

    ``slots`` requests are answered at once; ``memory`` is the cap in bytes, None without one.
    """

    context: int | None
    slots: int
    memory: int | None = None


@dataclass(frozen=True)
class Launch:
    """How to start a server: its command line, and the name that requests call the model by.

    ``environ`` is added to the environment without keys.
    """

    argv: tuple[str, ...]
    model: str
    environ: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None


class Adapter(Protocol):
    """One server program that speaks OpenAI's chat protocol under ``/v1``."""

    @property
    def name(self) -> str:
        """As ``--server`` has it."""
        ...

    @property
    def processes(self) -> tuple[str, ...]:
        """What its program is called in the command line of a process that runs it."""
        ...

    @property
    def health(self) -> str:
        """The path that answers 200 once requests are taken."""
        ...

    @property
    def port(self) -> int:
        """Where it listens where nobody tells it another."""
        ...

    @property
    def install(self) -> str:
        """The command that installs it."""
        ...

    @property
    def several(self) -> bool:
        """Whether it answers several requests at once."""
        ...

    @property
    def abandons(self) -> bool:
        """Whether it gives up an answer whose asker is gone."""
        ...

    def found(self) -> str:
        """Where it is installed; empty where it is not."""
        ...

    def refuses(self, target: Target) -> str:
        """Why it cannot serve that; empty where it can."""
        ...

    def launch(self, target: Target, limits: Limits, port: int) -> Launch:
        """Its command line for a loopback port."""
        ...
