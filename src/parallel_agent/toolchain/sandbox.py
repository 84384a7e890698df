"""The single door through which any program is started: isolated, limited, with a sure end.

A program, be it a compiler or what it built, runs under a launcher (see `launchers`) that shows it
the system read-only, its working directory, the folder that it lies in, and nothing else: no
network, no other process, no file and no environment of the user's. Time, memory and disk are
looked at by whoever waits, because a hard limit on the address space kills every program built with
sanitizers.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from parallel_agent.toolchain import deadline
from parallel_agent.toolchain.disk import DiskUse
from parallel_agent.toolchain.drain import SLICE_SECONDS, Drain
from parallel_agent.toolchain.launchers.detection import guarded_launcher
from parallel_agent.toolchain.launchers.launcher import Job, Launcher, SandboxUnavailable
from parallel_agent.toolchain.launchers.unguarded import Unguarded
from parallel_agent.toolchain.launchers.view import expose
from parallel_agent.toolchain.limits import Limits
from parallel_agent.toolchain.processes import family, group_is_running

__all__ = [
    "SLICE_SECONDS",
    "UNGUARDED_NOTE",
    "Completed",
    "Limits",
    "SandboxUnavailable",
    "choose",
    "expose",
    "group_resident_bytes",
    "interrupts_held",
    "kill_group",
    "launched_by",
    "notes",
    "run",
    "spawn",
]

UNGUARDED_NOTE = (
    "--no-sandbox: everything was compiled and run with limits only, and could read, change and "
    "send whatever the user can"
)
"""What every report of a run without sandbox says."""

_GROUP_END_SECONDS = 5.0
_SIGNALED = 128
_PIPE = subprocess.PIPE

_launcher: ContextVar[Launcher | None] = ContextVar("_launcher", default=None)


@dataclass(frozen=True)
class Completed:
    """How a program ended, and what it printed (each at most ``output_bytes``)."""

    returncode: int
    """Exit status, or minus the signal's number."""
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False
    over_memory: bool = False
    over_output: bool = False
    over_disk: bool = False

    @property
    def ok(self) -> bool:
        """True if the program ended by itself with status 0."""
        return self.returncode == 0

    @property
    def met_limit(self) -> bool:
        """True if it was ended for what it took."""
        return self.timed_out or self.over_memory or self.over_output or self.over_disk


def choose(*, no_sandbox: bool) -> None:
    """Start programs from here on, in this context, with limits only or, as usual, in the sandbox.

    Contexts are those of `contextvars`: what runs beside is not touched. Raises SandboxUnavailable
    where what was chosen does not work here.
    """
    if no_sandbox:
        _launcher.set(Unguarded.find())
    else:
        _launcher.set(None)
        guarded_launcher()


def notes() -> tuple[str, ...]:
    """What a report must say of how programs are started in this context."""
    return (UNGUARDED_NOTE,) if isinstance(_launcher.get(), Unguarded) else ()


@contextmanager
def launched_by(launcher: Launcher) -> Iterator[None]:
    """Start programs with a launcher of one's own choice within the block."""
    token = _launcher.set(launcher)
    try:
        yield
    finally:
        _launcher.reset(token)


def spawn(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    limits: Limits,
    pass_fds: Collection[int] = (),
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    writable: bool = True,
    readable: Sequence[Path] = (),
) -> subprocess.Popen[bytes]:
    """Start a program in ``cwd``; end it with `kill_group`, and do not ``wait`` for it before.

    Call it, and arrange for its end, with `interrupts_held`. The program also ends with the thread
    that starts it.

    It sees the system, ``cwd`` (where it may write if ``writable``), the folder that it lies in
    and what is below ``readable``; under root, ``cwd`` and all in it is given to the sandbox's
    user. ``env`` is added to the bare environment (PATH, LANG, and the working directory as HOME
    and TMPDIR). Raises SandboxUnavailable where no launcher works, and OSError like Popen.
    """
    launcher = _launcher.get() or guarded_launcher()
    folder = cwd.resolve()
    job = Job(
        argv=tuple(map(str, argv)),
        cwd=folder,
        writable=writable,
        readable=tuple(path.absolute() for path in readable),
        limits=limits,
    )
    with launcher.command(job) as command:
        return subprocess.Popen(
            command.argv,
            cwd=folder,
            env=_environment(folder, env or {}),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=(*pass_fds, *command.fds),
            start_new_session=True,
            umask=0o022,
        )


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    limits: Limits,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    writable: bool = True,
    readable: Sequence[Path] = (),
) -> Completed:
    """Run a program to its end or to the first limit that it meets, and leave no process behind.

    Whatever is left of it when it ends, or when an exception (Ctrl-C among them) passes through
    here, is killed. The arguments are those of `spawn`.
    """
    started = time.perf_counter()
    with ExitStack() as stack:
        with interrupts_held():
            process = stack.enter_context(
                spawn(
                    argv, cwd=cwd, env=env, limits=limits, stdin=stdin, stdout=_PIPE, stderr=_PIPE,
                    writable=writable, readable=readable,
                )
            )  # fmt: skip
            stack.callback(kill_group, process)
        drain = Drain(process, limits.output_bytes)
        disk = DiskUse(cwd.resolve(), limits) if writable else None

        def look() -> str | None:
            members = family(process.pid)
            if sum(member.resident_bytes for member in members) > limits.memory_bytes:
                return "memory"
            return "disk" if disk is not None and disk.is_exceeded(members) else None

        broken = drain.until_end(deadline.by(limits.wall_seconds), look)
        kill_group(process)
        drain.rest()
        return Completed(
            returncode=process.returncode,
            stdout=drain.text(process.stdout),
            stderr=drain.text(process.stderr),
            seconds=time.perf_counter() - started,
            timed_out=broken == "time",
            over_memory=broken == "memory",
            over_output=broken == "output",
            over_disk=broken == "disk",
        )


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back until the block is left: for the moment between a start and its cleanup.

    Without it an interrupt inside Popen would lose the process that was just started. Only the
    main thread is ever interrupted.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    held: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: held.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if held:
            handler(*held[0])


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a spawned program and all that it started; returns when they are gone.

    The group's id is safe to use only while its leader has not been waited for: hence a process
    that was waited for already is left alone.
    """
    if process.returncode is not None:
        return
    group = process.pid
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    status = process.wait()
    # Launchers, like shells, say by a status above 128 that a signal ended the program.
    if _SIGNALED < status <= _SIGNALED + signal.NSIG:
        process.returncode = _SIGNALED - status
    deadline = time.monotonic() + _GROUP_END_SECONDS
    while group_is_running(group):
        if time.monotonic() > deadline:
            return
        time.sleep(0.001)


def group_resident_bytes(process: subprocess.Popen[bytes]) -> int:
    """Resident memory of all processes of a spawned program, now."""
    return sum(member.resident_bytes for member in family(process.pid))


def _environment(cwd: Path, extra: Mapping[str, str]) -> dict[str, str]:
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "LANG": "C.UTF-8", "TMPDIR": str(cwd), "HOME": str(cwd), **extra}
