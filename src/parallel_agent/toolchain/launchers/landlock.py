"""Launcher: a small C program of our own, for where bubblewrap or its namespaces are not to be had.

It confines paths by Landlock, system calls by the filter, and uses namespaces as far as the kernel
grants them. What it can do is in ``landlock.c``; it is built with a compiler of the system and kept
in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import platformdirs

from parallel_agent.cache import is_own, private_temporary
from parallel_agent.toolchain.launchers import view
from parallel_agent.toolchain.launchers.launcher import (
    SANDBOX_ID,
    Command,
    Job,
    SandboxUnavailable,
    held_in_memory,
)
from parallel_agent.toolchain.launchers.seccomp import UnknownArchitecture, filter_program
from parallel_agent.toolchain.limits import Limits
from parallel_agent.toolchain.processes import threads_of_user

_COMPILERS = ("cc", "gcc", "clang", "g++", "clang++", "clang-19")
_BUILD_SECONDS = 60
_DEVICES = ("null", "zero", "full", "random", "urandom")
_PROC = tuple(
    Path("/proc") / name
    for name in ("self", "cpuinfo", "meminfo", "stat", "filesystems", "sys/vm", "sys/kernel/random")
)
"""Of ``/proc`` only the program's own entry, and what describes the machine."""


@dataclass(frozen=True)
class Landlock:
    """The built program, and the filter that it installs."""

    executable: Path
    filter: bytes

    @classmethod
    def find(cls) -> Landlock:
        """The one in the cache, built if need be; raises SandboxUnavailable where it cannot be."""
        try:
            program = filter_program(confined_paths=False)
        except UnknownArchitecture as error:
            raise SandboxUnavailable(str(error)) from error
        return cls(_built(), program)

    @property
    def name(self) -> str:
        """What it is."""
        return f"{self.executable}, with Landlock and a filter of system calls"

    @contextmanager
    def command(self, job: Job) -> Iterator[Command]:
        """The launcher with the paths, limits and filter for a job."""
        root = os.geteuid() == 0
        if root:
            view.hand_over(job.cwd)
        with held_in_memory(self.filter) as fd:
            argv = (
                str(self.executable),
                "-p", str(os.getpid()),
                "-f", str(fd),
                "-u", str(SANDBOX_ID),
                *(() if root else ("-t", str(threads_of_user(os.geteuid())))),
                *_limits(job.limits),
                *_paths(job),
                "--",
                *job.argv,
            )  # fmt: skip
            yield Command(argv, (fd,))


def _limits(limits: Limits) -> Iterator[str]:
    values = {
        "c": limits.cpu_seconds,
        "s": limits.file_bytes,
        "o": limits.open_files,
        "k": limits.core,
        "n": limits.processes,
    }
    for option, value in values.items():
        yield from (f"-{option}", str(value))


def _paths(job: Job) -> Iterator[str]:
    readable = [*view.SYSTEM, *view.CONFIGURATION, *view.HARDWARE, *_PROC]
    readable += [*view.exposed(), *job.readable]
    program = view.program_of(job)
    if program is not None:
        readable.append(view.folder_of(program))
    for path in readable:
        if path.exists():
            yield from ("-r", str(path))
    yield from ("-w" if job.writable else "-r", str(job.cwd))
    for name in _DEVICES:
        yield from ("-d", f"/dev/{name}")


def _built() -> Path:
    """The program in the cache folder: nobody but its user can have put it there."""
    source = resources.files(__package__).joinpath("landlock.c").read_text(encoding="utf-8")
    digest = hashlib.sha256(f"{platform.machine()}\n{source}".encode()).hexdigest()[:16]
    for folder in (platformdirs.user_cache_path("parallel-agent"), private_temporary()):
        path = folder / f"launcher-{digest}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not is_own(folder):
                raise PermissionError(f"others can write to {folder}")
            if not (path.exists() and is_own(path)):
                _build(source, path)
            return path
        except OSError as error:
            problem = error
    raise SandboxUnavailable(f"the launcher cannot be kept: {problem}")


def _build(source: str, path: Path) -> None:
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        raise SandboxUnavailable("the launcher cannot be built: no C compiler is on PATH")
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        text, program = Path(scratch, "landlock.c"), Path(scratch, "launcher")
        text.write_text(source, encoding="utf-8")
        command = [compiler, "-x", "c", "-std=gnu11", "-O2", "-Wall", "-o", str(program), str(text)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
        )
        if done.returncode != 0:
            raise SandboxUnavailable(f"the launcher cannot be built: {done.stderr.strip()[:200]}")
        program.chmod(0o755)
        program.rename(path)
