"""Whole programs: run with arguments and standard input, for what they print and leave behind."""

from __future__ import annotations

import fcntl
import os
import tempfile
import termios
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.errors import WorkerDied, WorkerError
from parallel_agent.toolchain.runner import OPENMP_ENVIRONMENT, SANITIZER_EXIT
from parallel_agent.toolchain.sandbox import Completed, Limits

PROGRAM_LIMITS = Limits(wall_seconds=60.0, output_bytes=64 << 20)
"""Of one run of a program."""

_PIPE_BYTES = 4096
_MAX_FILE_BYTES = 64 << 20
_MAX_FILES = 1000
_SANITIZERS = f"exitcode={SANITIZER_EXIT}:handle_abort=1:print_stacktrace=1:color=never"
_ENVIRONMENT = {
    **OPENMP_ENVIRONMENT,
    "ASAN_OPTIONS": f"{_SANITIZERS}:detect_leaks=0:quarantine_size_mb=64",
    "UBSAN_OPTIONS": _SANITIZERS,
}


@dataclass(frozen=True)
class ProgramCase:
    """What a program is given. ``name`` is what the user calls its standard input."""

    arguments: tuple[str, ...] = ()
    stdin: bytes = b""
    name: str = ""

    def __str__(self) -> str:
        given = [f"arguments {' '.join(self.arguments)}"] if self.arguments else []
        given += [f"input {self.name}"] if self.name else []
        return ", ".join(given) or "no input"


@dataclass(frozen=True)
class ProgramRun:
    """How a run of a program went: its end, what it printed, and the files that it left."""

    completed: Completed
    files: Mapping[str, bytes]
    """By path in the working directory, which was empty; a link's content is where it leads."""
    limits: Limits

    @property
    def seconds(self) -> float:
        """From before the start of the process to after its end."""
        return self.completed.seconds

    @property
    def broken(self) -> str | None:
        """What ended the program, if it did not end by itself with a status of its own."""
        done = self.completed
        if done.timed_out:
            return f"no end within {self.limits.wall_seconds:g} s"
        if done.over_memory:
            return f"more than {self.limits.memory_bytes >> 20} MiB in use"
        if done.over_output:
            return f"more than {self.limits.output_bytes >> 20} MiB printed"
        if self.found_by_sanitizer or done.returncode < 0:
            return str(self.death)
        return None

    @property
    def found_by_sanitizer(self) -> bool:
        """True where a sanitizer or the race detector ended it; only if it was built with one."""
        return self.completed.returncode == SANITIZER_EXIT

    @property
    def death(self) -> WorkerDied:
        """The end of the program in the words that are used for workers."""
        done = self.completed
        return WorkerDied(done.returncode, done.stderr, sanitizer=self.found_by_sanitizer)


def run_program(
    binary: Path,
    case: ProgramCase,
    *,
    threads: int,
    limits: Limits = PROGRAM_LIMITS,
    env: Mapping[str, str] | None = None,
) -> ProgramRun:
    """Run a program once in an empty folder of its own beside ``binary``, which is removed after.

    Raises SandboxUnavailable and OSError as `sandbox.run` does, WorkerError where the program left
    more files than can be compared.
    """
    with tempfile.TemporaryFile() as stdin:
        stdin.write(case.stdin)
        stdin.seek(0)
        return _run(binary, case, threads, limits, env or {}, stdin)


def reads_input(binary: Path, case: ProgramCase, limits: Limits = PROGRAM_LIMITS) -> bool:
    """True if a program takes anything from its standard input, of which 4 KiB are offered.

    From a pipe, because what a program gives back to a file at its end would look unread.
    """
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as stdin:
        with os.fdopen(writing, "wb", buffering=0) as feed:
            offered = feed.write(case.stdin[:_PIPE_BYTES])
        _run(binary, case, 1, limits, {}, stdin)
        left = array("i", [0])
        fcntl.ioctl(stdin, termios.FIONREAD, left)
    return left[0] < offered


def _run(
    binary: Path,
    case: ProgramCase,
    threads: int,
    limits: Limits,
    env: Mapping[str, str],
    stdin: IO[bytes],
) -> ProgramRun:
    environment = {**_ENVIRONMENT, "OMP_NUM_THREADS": str(threads), **env}
    with tempfile.TemporaryDirectory(dir=binary.parent) as scratch:
        completed = sandbox.run(
            [binary.absolute(), *case.arguments],
            cwd=Path(scratch),
            env=environment,
            limits=limits,
            stdin=stdin,
        )
        return ProgramRun(completed, dict(_files(Path(scratch))), limits)


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    """What lies in a folder, sorted by path; WorkerError if it is too much to be compared."""
    found = [path for path in sorted(root.rglob("*")) if path.is_symlink() or path.is_file()]
    size = sum(path.lstat().st_size for path in found)
    if len(found) > _MAX_FILES or size > _MAX_FILE_BYTES:
        raise WorkerError(f"{len(found)} files with {size >> 20} MiB are too much to be compared")
    for path in found:
        content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        yield str(path.relative_to(root)), content
