"""Memory shared with a worker that neither side can misuse against the other."""

from __future__ import annotations

import fcntl
import mmap
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

import numpy as np
import psutil

Payload = bytes | bytearray | memoryview

_MOST_IDLE = 2
_MOST_IDLE_BYTES = 256 << 20
_F_SEAL_FUTURE_WRITE = 0x10  # linux/fcntl.h, Linux 5.1; not among Python's names before 3.13


class SharedMemory:
    """A file in memory of fixed size, of which only the pages that were touched take room.

    Its size is sealed, so that the other side cannot cut it short under a reader here. Unless
    ``child_writes``, nobody but this object can ever write to it. A context manager.
    """

    def __init__(self, capacity: int | None = None, *, child_writes: bool = False) -> None:
        """Make room for ``capacity`` bytes; by default for as many as the machine has memory."""
        self.capacity = capacity or psutil.virtual_memory().total
        self.fd = os.memfd_create("parallel-agent", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self._close_file = weakref.finalize(self, os.close, self.fd)
        try:
            os.ftruncate(self.fd, self.capacity)
            self._map = mmap.mmap(self.fd, self.capacity)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
            if not child_writes:
                seals |= _F_SEAL_FUTURE_WRITE
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, seals)
        except BaseException:
            self._close_file()
            raise

    def write(self, payload: Payload) -> int:
        """Put a payload at the beginning; its length in bytes. ValueError if it has no room."""
        data = memoryview(payload).cast("B")
        if data.nbytes > self.capacity:
            raise ValueError(f"a payload of {data.nbytes} bytes has no room in {self.capacity}")
        self._map[: data.nbytes] = data
        return data.nbytes

    def room(self) -> memoryview:
        """All of it, to be written to from the beginning."""
        return memoryview(self._map)

    def view(self, length: int) -> memoryview:
        """The first ``length`` bytes, read only; valid while they are not written anew."""
        return memoryview(self._map).toreadonly()[:length]

    @property
    def resident_bytes(self) -> int:
        """The memory it takes now."""
        return os.fstat(self.fd).st_blocks * 512

    def close(self) -> None:
        """Give the memory back, at the latest when the last view of it is gone."""
        self._close_file()
        self.fd = -1
        with suppress(BufferError):
            self._map.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


class MemoryPool:
    """Shared memory that is lent to one user after another.

    Memory that is used again need not be found, and emptied page by page, anew: that takes ten times
    as long as to write to it. Who borrows it finds zeros where others wrote; but where the other side
    may write, it is as they left it, and only for programs that may see what the others answered.
    Threads may borrow at the same time; then each has memory of its own.
    """

    def __init__(self, *, child_writes: bool = False) -> None:
        """Lend memory that the other side may write to, or not."""
        self._child_writes = child_writes
        self._idle: list[SharedMemory] = []

    @contextmanager
    def lent(self) -> Iterator[SharedMemory]:
        """Memory for the time of the context, after which no one may use it any more."""
        try:
            memory = self._idle.pop()
        except IndexError:
            memory = SharedMemory(child_writes=self._child_writes)
        try:
            yield memory
        finally:
            self._take_back(memory)

    def _take_back(self, memory: SharedMemory) -> None:
        used = memory.resident_bytes
        if len(self._idle) >= _MOST_IDLE or used > _MOST_IDLE_BYTES:
            memory.close()
            return
        if not self._child_writes:  # then all that was written is at the beginning
            np.frombuffer(memory.room()[:used], dtype=np.uint8)[:] = 0
        self._idle.append(memory)


class Snapshot:
    """Room for a copy of what lies in shared memory, kept for the next one."""

    def __init__(self) -> None:
        self._room = memoryview(b"")

    def take(self, view: memoryview) -> memoryview:
        """A copy, valid until the next one is taken."""
        if len(self._room) < len(view):
            self._room = copied(view)
        else:
            self._room[: len(view)] = view
        return self._room[: len(view)].toreadonly()


def copied(view: memoryview) -> memoryview:
    """A copy of one's own, in large pages where it is large: numpy asks for these."""
    return np.frombuffer(view, dtype=np.uint8).copy().data
