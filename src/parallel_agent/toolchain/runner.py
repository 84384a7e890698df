"""Worker processes: a kernel in a program of its own, told what to do and timed from here.

The inputs lie in shared memory that only this side can write, the outputs in memory that only the
worker writes; commands and replies are fixed-size messages on two pipes. The clock that counts is
this side's, around the one command that runs the kernel.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import select
import struct
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import IO, Self

from parallel_agent.toolchain import deadline, sandbox
from parallel_agent.toolchain.errors import (
    KernelDisturbed,
    KernelThrew,
    PayloadRejected,
    WorkerBusy,
    WorkerConfused,
    WorkerDied,
    WorkerError,
    WorkerOverMemory,
    WorkerTimeout,
)
from parallel_agent.toolchain.memory import Payload, SharedMemory, copied
from parallel_agent.toolchain.sandbox import Limits

__all__ = [
    "OPENMP_ENVIRONMENT",
    "SANITIZER_EXIT",
    "KernelDisturbed",
    "KernelThrew",
    "PayloadRejected",
    "SharedMemory",
    "Timing",
    "Worker",
    "WorkerBusy",
    "WorkerConfused",
    "WorkerDied",
    "WorkerError",
    "WorkerOverMemory",
    "WorkerTimeout",
]

SANITIZER_EXIT = 86
"""Exit status of a sanitized worker in which a sanitizer found something."""

_COMMAND = struct.Struct("<4Q")
_REPLY = struct.Struct("<5Q")
_TAIL_BYTES = 8192
_LAST_WORDS_SECONDS = 2.0
_REST_SECONDS = 5e-3
_REST_SECONDS_PER_THREAD = 50e-6
_REST_SHARE = 0.05
"""Processor time that threads may use between calls: once, per call and thread to go to sleep (5 to
20 microseconds were measured), and as a share of the calls' own time."""

_SANITIZERS = f"exitcode={SANITIZER_EXIT}:handle_abort=1:print_stacktrace=1:color=never"
OPENMP_ENVIRONMENT = {
    "OMP_PROC_BIND": "true",
    "OMP_PLACES": "cores",
    "OMP_WAIT_POLICY": "passive",
    "OMP_DYNAMIC": "false",
}
"""What OpenMP programs are timed under, the number of threads aside."""
_ENVIRONMENT = {
    **OPENMP_ENVIRONMENT,
    # New memory is filled, so that what reads it before it is written gives other results.
    "ASAN_OPTIONS": f"{_SANITIZERS}:detect_leaks=0:quarantine_size_mb=64"
    f":max_malloc_fill_size={(1 << 31) - 1}:malloc_fill_byte=165",
    "UBSAN_OPTIONS": _SANITIZERS,
}


class _Command(IntEnum):
    PREPARE = 1
    GO = 2
    COLLECT = 3
    QUIT = 4


class _Status(IntEnum):
    DONE = 0
    THREW = 1
    BAD_PAYLOAD = 2
    OUTPUT_FULL = 3
    DISTURBED = 4


@dataclass(frozen=True)
class Timing:
    """How long all prepared calls took together, by this side's clock and by the worker's own."""

    seconds: float
    child_seconds: float


@dataclass(frozen=True)
class _Reply:
    value: int
    nanoseconds: int
    seconds: float


class Worker:
    """A running program built around one kernel; a context manager that leaves nothing behind.

    ``inputs`` may be shared by several workers: written once, prepared in each. ``outputs``, where
    they are given, are this worker's alone, and hold nothing that its program may not see. Limits hold for
    the whole life of the process but for ``wall_seconds``, which is for one command. After any
    error (see `errors`) and after an exception such as KeyboardInterrupt the worker is dead.
    """

    def __init__(
        self,
        binary: Path,
        *,
        threads: int,
        limits: Limits,
        directory: Path,
        inputs: SharedMemory | None = None,
        outputs: SharedMemory | None = None,
        env: Mapping[str, str] | None = None,
        writable: bool = False,
    ) -> None:
        """Start ``binary`` (built from `adapter_sources`) in ``directory`` with OpenMP threads.

        What runs there cannot write anything, unless the directory is ``writable``.
        """
        self._limits = limits
        self._threads = threads
        self._cookie = 0
        self._unrest, self._worked, self._rest_allowed = 0.0, 0.0, _REST_SECONDS
        with ExitStack() as stack, ExitStack() as child_ends:
            self.inputs = inputs if inputs is not None else stack.enter_context(SharedMemory())
            self._outputs = outputs or stack.enter_context(SharedMemory(child_writes=True))
            self._log = _open_log(directory)
            stack.callback(self._log.close)
            commands, self._commands = _pipe(child_ends, stack)
            self._replies, replies = _pipe(stack, child_ends)
            fds = (self.inputs.fd, self._outputs.fd, commands, replies)
            with sandbox.interrupts_held():
                self._process = sandbox.spawn(
                    [binary.absolute(), *map(str, fds)],
                    cwd=directory,
                    env={**_ENVIRONMENT, "OMP_NUM_THREADS": str(threads), **(env or {})},
                    limits=replace(limits, file_bytes=min(limits.file_bytes, limits.output_bytes)),
                    pass_fds=fds,
                    stdout=self._log,
                    stderr=self._log,
                    writable=writable,
                )
                stack.callback(sandbox.kill_group, self._process)
            self._end = os.pidfd_open(self._process.pid)
            stack.callback(os.close, self._end)
            self._resources = stack.pop_all()
        self._poll = select.poll()
        for fd in (self._replies, self._end):
            self._poll.register(fd, select.POLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def prepare(self, payload: Payload, instances: int = 1) -> None:
        """Write a payload of ``instances`` calls to the inputs, and decode it in the worker.

        Raises PayloadRejected where the payload does not fit the kernel's signature, ValueError
        where it has no room.
        """
        self._check_open()
        self.prepare_shared(self.inputs.write(payload), instances)

    def prepare_shared(self, length: int, instances: int = 1) -> None:
        """Decode what lies in the inputs already: its ``length`` in bytes, its number of calls."""
        self._check_open()
        os.ftruncate(self._log.fileno(), 0)
        self._exchange(_Command.PREPARE, length, instances)

    def go(self) -> Timing:
        """Run the kernel once on each prepared call, in order, and time it.

        Raises KernelThrew, KernelDisturbed, WorkerDied, WorkerTimeout or WorkerOverMemory; the
        commands after it WorkerBusy where threads worked on after the calls. A second ``go`` runs on
        what the first one left in the arguments.
        """
        reply = self._exchange(_Command.GO)
        return Timing(reply.seconds, reply.nanoseconds / 1e9)

    def collect(self) -> memoryview:
        """The encoded outputs of all calls, read only, valid until the next command."""
        reply = self._exchange(_Command.COLLECT)
        return self._outputs.view(reply.value)

    def call(self, payload: Payload, instances: int = 1) -> memoryview:
        """Prepare, run and collect: the outputs of ``instances`` calls in memory of one's own."""
        return copied(self.answered(payload, instances))

    def answered(self, payload: Payload, instances: int = 1) -> memoryview:
        """Like `call`, but where they lie, as `collect` returns them."""
        self.prepare(payload, instances)
        self.go()
        return self.collect()

    def finish(self) -> None:
        """Let the program end by itself, so that what runs at exit runs; WorkerDied if it fails."""
        self._check_open()
        try:
            self._tell(_Command.QUIT)
            until = deadline.by(self._limits.wall_seconds)
            if not _readable(self._end, max(0.0, until - time.perf_counter())):
                raise WorkerTimeout("the worker did not end when it was told to")
            died = self._died()
        finally:
            self.close()
        if died.returncode != 0:
            raise died

    def close(self) -> None:
        """Kill the worker and all that it started, and give its resources back; idempotent."""
        self._resources.close()

    def _exchange(self, command: _Command, length: int = 0, instances: int = 0) -> _Reply:
        """Send a command and await its reply; the worker is dead after any failure."""
        try:
            self._check_open()
            if _readable(self._replies, 0):
                raise WorkerConfused("the worker replied without being asked")
            until = deadline.by(self._limits.wall_seconds)
            started = time.perf_counter()
            self._tell(command, length, instances)
            self._await(until)
            data = os.read(self._replies, _REPLY.size)
            seconds = time.perf_counter() - started
            return self._understand(command, data, seconds)
        except BaseException:
            self.close()
            raise

    def _check_open(self) -> None:
        # The descriptors of a closed worker may be somebody else's by now.
        if self._process.returncode is not None:
            raise WorkerError("the worker has ended")

    def _tell(self, command: _Command, length: int = 0, instances: int = 0) -> None:
        self._cookie = secrets.randbits(64)
        try:
            os.write(self._commands, _COMMAND.pack(command, length, instances, self._cookie))
        except BrokenPipeError:
            raise self._died() from None

    def _await(self, until: float) -> None:
        """Return as soon as a reply can be read; look at clock and memory only while waiting."""
        while True:
            left = min(sandbox.SLICE_SECONDS, max(0.0, until - time.perf_counter()))
            ready = self._poll.poll(left * 1000)
            if any(fd == self._replies for fd, _ in ready):
                return
            if ready:
                raise self._died()
            if time.perf_counter() >= until:
                raise WorkerTimeout(f"no reply within {self._limits.wall_seconds:g} s")
            if sandbox.group_resident_bytes(self._process) > self._limits.memory_bytes:
                raise WorkerOverMemory(f"more than {self._limits.memory_bytes >> 20} MiB in use")

    def _understand(self, command: _Command, data: bytes, seconds: float) -> _Reply:
        if not data:
            raise self._died()
        if len(data) != _REPLY.size:
            raise WorkerConfused("a reply was cut short")
        status, value, nanoseconds, others, cookie = _REPLY.unpack(data)
        if cookie != self._cookie or value > self._outputs.capacity:
            raise WorkerConfused("a reply does not fit its command")
        self._check_rest(command, others / 1e9, seconds)
        if status == _Status.DONE:
            return _Reply(value, nanoseconds, seconds)
        with self._outputs.view(value) as view:
            text = bytes(view[:_TAIL_BYTES]).decode(errors="replace")
        if status == _Status.THREW and command is _Command.GO:
            raise KernelThrew(text)
        if status == _Status.DISTURBED and command is _Command.GO:
            raise KernelDisturbed(text)
        raise PayloadRejected(text)

    def _check_rest(self, command: _Command, others: float, seconds: float) -> None:
        """Threads of the kernel must be at rest when it has returned: work then is not timed.

        ``others`` is what they have used since the last call ended; what that adds to the calls
        before counts when the next call begins.
        """
        if command is _Command.GO:
            self._unrest += self._worked
            self._rest_allowed += _REST_SECONDS_PER_THREAD * self._threads + _REST_SHARE * seconds
        elif self._unrest + others > self._rest_allowed:
            raise WorkerBusy(
                f"its threads worked for {others * 1e3:.3g} ms after the kernel had returned"
            )
        self._worked = others

    def _died(self) -> WorkerDied:
        """Await the end of a process that is about to end, and read its last words."""
        _readable(self._end, _LAST_WORDS_SECONDS)
        sandbox.kill_group(self._process)
        code = self._process.returncode
        size = os.fstat(self._log.fileno()).st_size
        tail = os.pread(self._log.fileno(), _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        output = tail.decode(errors="replace")
        return WorkerDied(code, output, sanitizer=code == SANITIZER_EXIT)


def _pipe(reading: ExitStack, writing: ExitStack) -> tuple[int, int]:
    """A pipe's two ends, each to be closed by its own stack."""
    ends = os.pipe()
    reading.callback(os.close, ends[0])
    writing.callback(os.close, ends[1])
    return ends


def _open_log(directory: Path) -> IO[bytes]:
    """A nameless file that is appended to, so that it can be emptied under its writer."""
    log = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115
    flags = fcntl.fcntl(log, fcntl.F_GETFL)
    fcntl.fcntl(log, fcntl.F_SETFL, flags | os.O_APPEND)
    return log


def _readable(fd: int, seconds: float) -> bool:
    """True as soon as there is something to read (for a pidfd: the process has ended)."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return any(event & select.POLLIN for _, event in poll.poll(seconds * 1000))
