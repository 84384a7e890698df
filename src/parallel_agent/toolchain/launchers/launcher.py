"""What a launcher is given and what it makes of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from parallel_agent.toolchain.limits import Limits

SANDBOX_ID = 61100
"""User and group of everything in the sandbox: no account of common systems has this number
(UIDS-GIDS of systemd: "unused"), and containers that map the usual 65536 numbers have it."""


class SandboxUnavailable(RuntimeError):
    """The machine lacks what is needed to run a program in a sandbox or within limits."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A program to start; its paths are absolute.

    It may write in ``cwd`` if ``writable``, and read there, in the folder of the program and below
    ``readable``.
    """

    argv: tuple[str, ...]
    cwd: Path
    writable: bool
    readable: tuple[Path, ...]
    limits: Limits


@dataclass(frozen=True)
class Command:
    """What to execute instead of the program, and the descriptors that it needs itself."""

    argv: tuple[str, ...]
    fds: tuple[int, ...] = ()


class Launcher(Protocol):
    """A way to start programs."""

    @property
    def name(self) -> str:
        """What it is, in a few words for ``doctor``."""
        ...

    def command(self, job: Job) -> AbstractContextManager[Command]:
        """The command for a job, of use within the context only."""
        ...


@contextmanager
def held_in_memory(data: bytes) -> Iterator[int]:
    """A descriptor from which ``data`` can be read."""
    fd = os.memfd_create("parallel-agent")
    try:
        os.pwrite(fd, data, 0)  # leaves the position at the beginning
        yield fd
    finally:
        os.close(fd)
