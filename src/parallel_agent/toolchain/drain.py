"""Reading what a program prints, and looking at its limits, until it ends or breaks one."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO

SLICE_SECONDS = 0.05
"""How often a waiter looks at the clock and at what a running program uses."""

_CHUNK = 1 << 16


class Drain:
    """Reads a program's two pipes as it runs, so that it never blocks on them."""

    def __init__(self, process: subprocess.Popen[bytes], limit: int) -> None:
        self._process = process
        self._limit = limit
        self._kept: dict[int, bytearray] = {}
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self._kept[pipe.fileno()] = bytearray()

    def until_end(self, deadline: float, look: Callable[[], str | None]) -> str | None:
        """Read until the program ends (None) or breaks a limit.

        The answer is "time", "output", or what ``look``, asked every `SLICE_SECONDS`, gives.
        """
        end = os.pidfd_open(self._process.pid)
        try:
            with selectors.DefaultSelector() as ready:
                for fd in (end, *self._kept):
                    ready.register(fd, selectors.EVENT_READ)
                return self._watch(ready, end, deadline, look)
        finally:
            os.close(end)

    def _watch(
        self,
        ready: selectors.BaseSelector,
        end: int,
        deadline: float,
        look: Callable[[], str | None],
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
            broken = look()
            if broken:
                return broken
            next_look = min(deadline, time.perf_counter() + SLICE_SECONDS)

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
        """What was read from a pipe, cut at the limit; bytes that are no UTF-8 are replaced."""
        assert pipe is not None
        return bytes(self._kept[pipe.fileno()][: self._limit]).decode(errors="backslashreplace")
