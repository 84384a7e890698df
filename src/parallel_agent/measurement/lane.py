"""Who may time now: one timing at a time on a machine, during which compiles and gates wait.

A readers/writer lock over two files that every process of a user shares. ``flock`` belongs to the
open file, not to the process or thread, so opening anew for every acquisition makes threads and
processes alike, and the kernel gives the lock back when its holder dies, by SIGKILL too.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import platformdirs

Use = Literal["timing", "work"]

_FILE = "timing.lock"


class LaneError(RuntimeError):
    """A thread that works in the lane asked to time in it, which would wait for itself."""


class Lane:
    """The one lane of a machine: timings pass alone, other work passes together between them.

    Both ways in yield the seconds that were waited. Within either, the same thread may enter for
    work again (and within timing also for timing) without waiting. A thread that waits for others
    which want to enter must not be in the lane itself while a timing may be waiting.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Use ``path`` and a second file beside it; by default those in the user's cache folder.

        Where that cannot be written to, files of this user in the folder for temporary files.
        """
        self.path = path if path is not None else _default_path()
        # Held by a timing that waits or runs, and by work only while it enters: so work that
        # comes after a timing queues behind it, and a steady flow of work cannot starve it.
        self._gate = self.path.with_name(f"{self.path.name}.gate")

    @contextmanager
    def timing(self) -> Iterator[float]:
        """Alone on the machine. Raises LaneError within ``work`` of the same thread."""
        if self._entered == "work":
            raise LaneError("a timing cannot begin within work that it would have to wait for")
        if self._entered == "timing":
            yield 0.0
            return
        started = time.monotonic()
        with (
            _locked(self._gate, fcntl.LOCK_EX),
            _locked(self.path, fcntl.LOCK_EX),
            self._entering("timing"),
        ):
            yield time.monotonic() - started

    @contextmanager
    def work(self) -> Iterator[float]:
        """Together with other work, while nobody times."""
        if self._entered is not None:
            yield 0.0
            return
        started = time.monotonic()
        with ExitStack() as held:
            with _locked(self._gate, fcntl.LOCK_EX):
                held.enter_context(_locked(self.path, fcntl.LOCK_SH))
            with self._entering("work"):
                yield time.monotonic() - started

    @property
    def _entered(self) -> Use | None:
        """What this thread is in the lane for."""
        return _here().get(self.path)

    @contextmanager
    def _entering(self, use: Use) -> Iterator[None]:
        _here()[self.path] = use
        try:
            yield
        finally:
            del _here()[self.path]


_local = threading.local()


def _here() -> dict[Path, Use]:
    """The lanes that this thread is in."""
    lanes: dict[Path, Use] = _local.__dict__.setdefault("lanes", {})
    return lanes


@contextmanager
def _locked(path: Path, operation: int) -> Iterator[None]:
    file = _open(path)
    try:
        fcntl.flock(file, operation)
        yield
    finally:
        # Not left to close(): a process that was forked meanwhile shares the open file.
        fcntl.flock(file, fcntl.LOCK_UN)
        os.close(file)


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(path, flags, 0o600)


def _default_path() -> Path:
    cache = platformdirs.user_cache_path("parallel-agent") / _FILE
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        os.close(_open(cache))
    except OSError:
        return Path(tempfile.gettempdir()) / f"parallel-agent-{os.getuid()}-{_FILE}"
    return cache
