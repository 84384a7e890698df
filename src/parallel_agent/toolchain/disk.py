"""How much a program has written, in files with and without a name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from parallel_agent.toolchain.limits import Limits
from parallel_agent.toolchain.processes import Process, content

_BLOCK = 512  # of st_blocks, stat(2)


class DiskUse:
    """What a program adds to its folder from now on; nothing is ever followed out of it."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        """The program has not begun, or only just."""
        self._folder = os.fspath(folder)
        self._device = folder.stat().st_dev
        self._limits = limits
        self._before = _named_bytes(self._folder, limits.disk_entries)

    def is_exceeded(self, program: Sequence[Process]) -> bool:
        """Whether more bytes or entries came than may, by its processes as they are now."""
        named = _named_bytes(self._folder, self._limits.disk_entries)
        if named is None or self._before is None:
            return True
        return named - self._before + self._nameless_bytes(program) > self._limits.disk_bytes

    def _nameless_bytes(self, program: Sequence[Process]) -> int:
        """Files that were deleted but are open or mapped still.

        A file that is only mapped cannot be looked at: it counts as large as a file may be.
        """
        opened: dict[int, int] = {}
        mapped: set[int] = set()
        for process in program:
            root = f"/proc/{process.pid}"
            opened.update(_open_nameless(root, self._device))
            mapped.update(_mapped_nameless(root, f"{self._folder}/"))
        return sum(opened.values()) + len(mapped - opened.keys()) * self._limits.file_bytes


def _named_bytes(folder: str, most: int) -> int | None:
    """The room that all files below a folder take; None if there are more than ``most``."""
    total = count = 0
    pending = [folder]
    while pending:
        try:
            entries = os.scandir(pending.pop())
        except OSError:  # gone meanwhile
            continue
        with entries:
            for entry in entries:
                count += 1
                if count > most:
                    return None
                with suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
    return total


def _open_nameless(process: str, device: int) -> Iterator[tuple[int, int]]:
    """Inode and size of each deleted file on a device that is open in a process."""
    with suppress(OSError), os.scandir(f"{process}/fd") as opened:
        for fd in opened:
            with suppress(OSError):
                found = fd.stat()
                if stat.S_ISREG(found.st_mode) and not found.st_nlink and found.st_dev == device:
                    yield found.st_ino, found.st_blocks * _BLOCK


def _mapped_nameless(process: str, folder: str) -> Iterator[int]:
    """The inode of each deleted file that was in a folder and is mapped in a process.

    By its path, for on some file systems the device shown here is not the one that stat(2) gives.
    """
    with suppress(OSError):
        maps = content(f"{process}/maps")
        if b" (deleted)\n" not in maps:
            return
        for line in maps.decode(errors="replace").splitlines():
            if line.endswith(" (deleted)"):
                _, _, _, _, inode, path = line.split(maxsplit=5)
                if path.startswith(folder):
                    yield int(inode)
