"""Launcher: no sandbox at all, only limits. For those who asked for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from parallel_agent.toolchain.launchers.launcher import Command, Job, SandboxUnavailable
from parallel_agent.toolchain.limits import Limits


@dataclass(frozen=True)
class Unguarded:
    """util-linux's ``prlimit``: a ``preexec_fn`` is not safe with threads."""

    prlimit: str

    @classmethod
    def find(cls) -> Unguarded:
        """The one on PATH; raises SandboxUnavailable where there is none."""
        prlimit = shutil.which("prlimit")
        if prlimit is None:
            raise SandboxUnavailable("'prlimit' (package util-linux) is not on PATH")
        return cls(prlimit)

    @property
    def name(self) -> str:
        """What it is."""
        return "none: limits only"

    @contextmanager
    def command(self, job: Job) -> Iterator[Command]:
        """The limits, then the program. Processes are not limited: it would count the user's own."""
        yield Command((self.prlimit, *prlimit_options(job.limits), "--", *job.argv))


def prlimit_options(limits: Limits) -> tuple[str, ...]:
    """The limits that a process inherits, as options of ``prlimit``."""
    return (
        f"--cpu={limits.cpu_seconds}",
        f"--fsize={limits.file_bytes}",
        f"--nofile={limits.open_files}",
        f"--core={limits.core}",
    )
