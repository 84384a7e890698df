"""The single door through which any program is started: limits, a bare environment, a sure end.

Every program runs in a process group of its own, with resource limits that it inherits from
util-linux's ``prlimit`` (a ``preexec_fn`` is not safe with threads), and with an environment that
holds nothing but what is listed here. Resident memory is polled by whoever waits, because a hard
limit on the address space kills every program built with sanitizers.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

import psutil

SLICE_SECONDS = 0.05
"""How often a waiter looks at the clock and at the memory of a running program."""

_GROUP_END_SECONDS = 1.0
_CHUNK = 1 << 16
_PIPE = subprocess.PIPE


class SandboxUnavailable(RuntimeError):
    """The machine lacks what is needed to run a program within limits."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one program may use; sizes in bytes."""

    cpu_seconds: int = 3600
    """Processor time of each process over its whole life, all its threads together."""
    wall_seconds: float = 60.0
    """Time that the caller waits: for the end of a program, or for one reply of a worker."""
    file_bytes: int = 1 << 30
    """Size of any file that the program writes."""
    memory_bytes: int = 4 << 30
    """Resident memory of the process group (pages shared with the caller count too)."""
    output_bytes: int = 1 << 20
    """Kept of each of stdout and stderr; a program that prints more is killed."""
    open_files: int = 256
    core: int = 0
    """Size of a core dump."""


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

    @property
    def ok(self) -> bool:
        """True if the program ended by itself with status 0."""
        return self.returncode == 0


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
) -> subprocess.Popen[bytes]:
    """Start a program in ``cwd``; end it with `kill_group`, and do not ``wait`` for it before.

    Call it, and arrange for its end, with `interrupts_held`.

    ``env`` is added to the bare environment (PATH, LANG, and the working directory as HOME and
    TMPDIR). Raises SandboxUnavailable where ``prlimit`` is missing, and OSError like Popen.
    """
    prlimit = shutil.which("prlimit")
    if prlimit is None:
        raise SandboxUnavailable("'prlimit' (package util-linux) is not on PATH: install it")
    options = [
        f"--cpu={limits.cpu_seconds}",
        f"--fsize={limits.file_bytes}",
        f"--nofile={limits.open_files}",
        f"--core={limits.core}",
    ]
    return subprocess.Popen(
        [prlimit, *options, "--", *map(str, argv)],
        cwd=cwd,
        env=_environment(cwd, env or {}),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        pass_fds=tuple(pass_fds),
        start_new_session=True,
    )


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    limits: Limits,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
) -> Completed:
    """Run a program to its end or to the first limit that it meets, and leave no process behind.

    Whatever is left of its process group when it ends, or when an exception (Ctrl-C among them)
    passes through here, is killed.
    """
    started = time.perf_counter()
    with ExitStack() as stack:
        with interrupts_held():
            process = stack.enter_context(
                spawn(
                    argv, cwd=cwd, env=env, limits=limits, stdin=stdin, stdout=_PIPE, stderr=_PIPE
                )
            )
            stack.callback(kill_group, process)
        drain = _Drain(process, limits.output_bytes)
        broken = drain.until_end(limits, started + limits.wall_seconds)
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
    """Kill a spawned program and all that it started in its group; returns when they are gone.

    The group's id is safe to use only while its leader has not been waited for: hence a process
    that was waited for already is left alone.
    """
    if process.returncode is not None:
        return
    group = process.pid
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + _GROUP_END_SECONDS
    # A container's init may never reap its orphans: a zombie counts as gone.
    while any(_is_running(member) for member in _members(group)):
        if time.monotonic() > deadline:
            return
        time.sleep(0.001)


def group_resident_bytes(process: subprocess.Popen[bytes]) -> int:
    """Resident memory of all processes in a spawned program's group, now."""
    return sum(_resident_bytes(member) for member in _members(process.pid))


def _members(group: int) -> Iterator[psutil.Process]:
    for pid in psutil.pids():
        with suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(pid) == group:
                yield psutil.Process(pid)


def _resident_bytes(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _is_running(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def _environment(cwd: Path, extra: Mapping[str, str]) -> dict[str, str]:
    home = str(cwd.absolute())
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "LANG": "C.UTF-8", "TMPDIR": home, "HOME": home, **extra}


class _Drain:
    """Reads a program's two pipes as it runs, so that it never blocks on them."""

    def __init__(self, process: subprocess.Popen[bytes], limit: int) -> None:
        self._process = process
        self._limit = limit
        self._kept: dict[int, bytearray] = {}
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self._kept[pipe.fileno()] = bytearray()

    def until_end(self, limits: Limits, deadline: float) -> str | None:
        """Read until the program ends (None) or breaks a limit: time, memory or output."""
        end = os.pidfd_open(self._process.pid)
        try:
            with selectors.DefaultSelector() as ready:
                for fd in (end, *self._kept):
                    ready.register(fd, selectors.EVENT_READ)
                return self._watch(ready, end, limits, deadline)
        finally:
            os.close(end)

    def _watch(
        self, ready: selectors.BaseSelector, end: int, limits: Limits, deadline: float
    ) -> str | None:
        next_look = min(deadline, time.perf_counter() + SLICE_SECONDS)
        while True:
            for key, _ in ready.select(max(0.0, next_look - time.perf_counter())):
                if key.fd == end:
                    return None
                if not self._read(key.fd):
                    ready.unregister(key.fd)
            if any(len(kept) > self._limit for kept in self._kept.values()):
                return "output"
            now = time.perf_counter()
            if now < next_look:
                continue
            if now >= deadline:
                return "time"
            if group_resident_bytes(self._process) > limits.memory_bytes:
                return "memory"
            next_look = min(deadline, now + SLICE_SECONDS)

    def rest(self) -> None:
        """Read what a dead program left in its pipes."""
        for fd, kept in self._kept.items():
            while len(kept) <= self._limit and self._read(fd):
                pass

    def _read(self, fd: int) -> bool:
        """One read; False at the end, or where nothing lies ready."""
        with suppress(BlockingIOError):
            chunk = os.read(fd, _CHUNK)
            self._kept[fd] += chunk
            return bool(chunk)
        return False

    def text(self, pipe: IO[bytes] | None) -> str:
        """What was read from a pipe, cut at the limit; bytes that are no UTF-8 as ``\\xff``."""
        assert pipe is not None
        return bytes(self._kept[pipe.fileno()][: self._limit]).decode(errors="backslashreplace")
