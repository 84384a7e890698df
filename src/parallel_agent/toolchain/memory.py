"""Memory shared with a worker that neither side can misuse against the other."""

from __future__ import annotations

import fcntl
import mmap
import os
from contextlib import suppress
from typing import Self

import psutil

Payload = bytes | bytearray | memoryview

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
        try:
            os.ftruncate(self.fd, self.capacity)
            self._map = mmap.mmap(self.fd, self.capacity)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
            if not child_writes:
                seals |= _F_SEAL_FUTURE_WRITE
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, seals)
        except BaseException:
            os.close(self.fd)
            raise

    def write(self, payload: Payload) -> int:
        """Put a payload at the beginning; its length in bytes. ValueError if it has no room."""
        data = memoryview(payload).cast("B")
        if data.nbytes > self.capacity:
            raise ValueError(f"a payload of {data.nbytes} bytes has no room in {self.capacity}")
        self._map[: data.nbytes] = data
        return data.nbytes

    def view(self, length: int) -> memoryview:
        """The first ``length`` bytes, read only; valid while they are not written anew."""
        return memoryview(self._map).toreadonly()[:length]

    @property
    def resident_bytes(self) -> int:
        """The memory it takes now."""
        return os.fstat(self.fd).st_blocks * 512

    def close(self) -> None:
        """Give the memory back, at the latest when the last view of it is gone."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        with suppress(BufferError):
            self._map.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
