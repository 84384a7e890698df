from __future__ import annotations

import mmap
import os

import pytest

from parallel_agent.toolchain.memory import SharedMemory


def test_what_is_written_is_seen() -> None:
    with SharedMemory(1 << 16) as memory:
        assert memory.write(b"abc") == 3
        assert bytes(memory.view(3)) == b"abc"
        assert memory.write(memoryview(bytearray(8)).cast("Q")) == 8
        assert os.pread(memory.fd, 8, 0) == bytes(8)


def test_a_view_cannot_be_written_to() -> None:
    with SharedMemory(1 << 16) as memory, memory.view(3) as view, pytest.raises(TypeError):
        view[0] = 1


def test_too_large_a_payload_is_refused() -> None:
    with SharedMemory(1 << 12) as memory, pytest.raises(ValueError, match="no room"):
        memory.write(bytes((1 << 12) + 1))


def test_inputs_cannot_be_changed_from_elsewhere() -> None:
    with SharedMemory(1 << 16) as memory:
        memory.write(b"abc")
        again = os.open(f"/proc/self/fd/{memory.fd}", os.O_RDWR)
        for fd in (memory.fd, again):
            with pytest.raises(PermissionError):
                os.pwrite(fd, b"x", 0)
            with pytest.raises(PermissionError):
                mmap.mmap(fd, 1 << 16)
            with pytest.raises(PermissionError):
                os.ftruncate(fd, 0)
        os.close(again)
        memory.write(b"def")
        assert bytes(memory.view(3)) == b"def"


def test_outputs_can_be_written_but_not_cut_short() -> None:
    with SharedMemory(1 << 16, child_writes=True) as memory:
        os.pwrite(memory.fd, b"abc", 0)
        assert bytes(memory.view(3)) == b"abc"
        for size in (0, 1 << 20):
            with pytest.raises(PermissionError):
                os.ftruncate(memory.fd, size)


def test_room_is_not_taken_before_it_is_used() -> None:
    with SharedMemory() as memory:
        assert memory.resident_bytes == 0
        memory.write(bytes(10_000))
        assert 10_000 <= memory.resident_bytes < 1 << 22


def test_closing_twice_and_under_a_view_is_harmless() -> None:
    memory = SharedMemory(1 << 16)
    memory.write(b"abc")
    view = memory.view(3)
    memory.close()
    memory.close()
    assert bytes(view) == b"abc"
