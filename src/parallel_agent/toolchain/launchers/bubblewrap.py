"""Launcher: bubblewrap (``bwrap``), with namespaces of its own for everything and a view of its own.

The program's namespace of processes ends with its first process, which dies with the caller:
nothing that was started inside outlives either. Under root the user is changed inside, because the
limit on processes does not hold for root, whatever its capabilities; everybody else gets a user
namespace, in which that limit counts by itself.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from parallel_agent.toolchain.launchers import view
from parallel_agent.toolchain.launchers.launcher import (
    SANDBOX_ID,
    Command,
    Job,
    SandboxUnavailable,
    held_in_memory,
)
from parallel_agent.toolchain.launchers.seccomp import UnknownArchitecture, filter_program
from parallel_agent.toolchain.launchers.unguarded import prlimit_options
from parallel_agent.toolchain.processes import threads_of_user

TMP_BYTES = 64 << 20
"""Room in the sandbox's own ``/tmp``, which is memory; the working directory is the place to use."""
_SHM_BYTES = 16 << 20
_NAMESPACES = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts")
_KEPT = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_DAC_READ_SEARCH")
"""What root needs to enter the program's folder and to change its user; gone with the change."""
_COUNTS_IN_NAMESPACE = (5, 14)  # since then RLIMIT_NPROC is counted in each user namespace


@dataclass(frozen=True)
class Bubblewrap:
    """The programs it takes: ``bwrap`` itself, ``prlimit`` and ``setpriv`` of util-linux."""

    bwrap: str
    prlimit: str
    setpriv: str
    filter: bytes
    namespaces: tuple[str, ...] = _NAMESPACES

    @classmethod
    def find(cls) -> Bubblewrap:
        """The one on PATH; raises SandboxUnavailable where a part of it is missing."""
        bwrap, prlimit, setpriv = map(_on_path, ("bwrap", "prlimit", "setpriv"))
        try:
            program = filter_program(confined_paths=True)
        except UnknownArchitecture as error:
            raise SandboxUnavailable(str(error)) from error
        return cls(bwrap, prlimit, setpriv, program)

    @property
    def name(self) -> str:
        """What it is."""
        return f"{self.bwrap}, with a filter of system calls"

    @contextmanager
    def command(self, job: Job) -> Iterator[Command]:
        """bwrap, which changes the view, then the user and the limits, then the program."""
        root = os.geteuid() == 0
        if root:
            view.hand_over(job.cwd)
        with held_in_memory(self.filter) as fd:
            argv = (
                self.bwrap,
                *self.namespaces,
                "--unshare-cgroup-try",
                *(() if root else _as_user()),
                "--die-with-parent",
                "--cap-drop", "ALL",
                *(_keeping(_KEPT) if root else ()),
                *_system(),
                *_own_files(job),
                "--remount-ro", "/dev",
                "--remount-ro", "/",
                "--seccomp", str(fd),
                "--chdir", str(job.cwd),
                "--",
                *(self._dropping_user() if root else ()),
                self.prlimit, *prlimit_options(job.limits), f"--nproc={_processes(job)}", "--",
                *job.argv,
            )  # fmt: skip
            yield Command(argv, (fd,))

    def _dropping_user(self) -> tuple[str, ...]:
        ids = (f"--reuid={SANDBOX_ID}", f"--regid={SANDBOX_ID}", "--clear-groups")
        return (self.setpriv, *ids, "--inh-caps=-all", "--bounding-set=-all", "--")


def _on_path(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise SandboxUnavailable(f"'{name}' is not on PATH")
    return path


def _keeping(capabilities: tuple[str, ...]) -> Iterator[str]:
    for capability in capabilities:
        yield from ("--cap-add", capability)


def _as_user() -> tuple[str, ...]:
    return ("--unshare-user", "--uid", str(SANDBOX_ID), "--gid", str(SANDBOX_ID))


def _processes(job: Job) -> int:
    """The limit to set: older systems count all that the user has running outside, too."""
    release = tuple(map(int, re.findall(r"\d+", platform.release())[:2]))
    if os.geteuid() == 0 or release >= _COUNTS_IN_NAMESPACE:
        return job.limits.processes
    return job.limits.processes + threads_of_user(os.geteuid())


def _system() -> Iterator[str]:
    for path in view.SYSTEM:
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.exists():
            yield from _shown(path)
    yield from ("--proc", "/proc", "--dev", "/dev")
    yield from ("--size", str(_SHM_BYTES), "--perms", "1777", "--tmpfs", "/dev/shm")
    yield from ("--size", str(TMP_BYTES), "--perms", "1777", "--tmpfs", "/tmp")
    for path in (*view.CONFIGURATION, *view.HARDWARE):
        if path.exists():
            yield from _shown(path)


def _own_files(job: Job) -> Iterator[str]:
    program = view.program_of(job)
    folders = [*view.exposed(), *job.readable]
    if program is not None:
        folders.append(view.folder_of(program))
    for path in sorted(folders):
        yield from _shown(path)
    yield from _shown(job.cwd, "--bind" if job.writable else "--ro-bind")
    # A program cannot change the file that it is, even where it lies in a folder of its own.
    if program is not None and job.writable and program.is_relative_to(job.cwd):
        yield from _shown(program)


def _shown(path: Path, how: str = "--ro-bind") -> Iterator[str]:
    """A path at its own place; the way to it would be closed to a changed user otherwise."""
    for folder in reversed(path.parents[:-1]):
        yield from ("--perms", "0755", "--dir", str(folder))
    yield from (how, str(path), str(path))
