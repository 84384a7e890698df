"""Memory that is lent again: emptied where its next borrower may not see what lay there."""

from __future__ import annotations

import os
from pathlib import Path

from parallel_agent.toolchain.memory import MemoryPool, SharedMemory, Snapshot


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_memory_is_lent_again_and_holds_nothing_of_before() -> None:
    pool = MemoryPool()
    with pool.lent() as first:
        first.write(b"x" * 10_000)
        os.pread(first.fd, 1, 1 << 30)
    with pool.lent() as second:
        assert second is first
        assert bytes(second.view(1 << 20)) == bytes(1 << 20)


def test_borrowers_at_the_same_time_have_memory_of_their_own() -> None:
    pool = MemoryPool()
    with pool.lent() as first, pool.lent() as second:
        first.write(b"one")
        second.write(b"two")
        assert bytes(first.view(3)) == b"one"


def test_memory_that_is_forgotten_gives_its_file_back() -> None:
    before = open_files()
    memory = SharedMemory(1 << 16)
    assert open_files() > before
    del memory
    assert open_files() == before


def test_a_snapshot_does_not_follow_its_source() -> None:
    source, snapshot = bytearray(b"abcdef"), Snapshot()
    taken = snapshot.take(memoryview(source))
    source[:] = b"ghijkl"
    assert bytes(taken) == b"abcdef"
    assert bytes(snapshot.take(memoryview(source)[:2])) == b"gh"
