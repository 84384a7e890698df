"""How much a program has written, in files with and without a name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from parallel_agent.toolchain.limits import Limits
from parallel_agent.toolchain.processes import family

_BLOCK = 512  # of st_blocks, stat(2)


class DiskUse:
    """What a program adds to its folder from now on; nothing is ever followed out of it."""

    def __init__(self, folder: Path, leader: int, limits: Limits) -> None:
        """``leader`` is the program's first process."""
        self._folder = folder
        self._leader = leader
        self._limits = limits
        self._before = _named_bytes(folder, limits.disk_entries)

    def is_exceeded(self) -> bool:
        """Whether more bytes or entries came than may."""
        named = _named_bytes(self._folder, self._limits.disk_entries)
        if named is None or self._before is None:
            return True
        return named - self._before + self._nameless_bytes() > self._limits.disk_bytes

    def _nameless_bytes(self) -> int:
        """Files that were deleted but are open or mapped still.

        A file that is only mapped cannot be looked at: it counts as large as a file may be.
        """
        opened: dict[int, int] = {}
        mapped: set[int] = set()
        device = self._folder.stat().st_dev
        for process in family(self._leader):
            root = Path("/proc", str(process.pid))
            opened.update(_open_nameless(root, device))
            mapped.update(_mapped_nameless(root, f"{self._folder}/"))
        return sum(opened.values()) + len(mapped - opened.keys()) * self._limits.file_bytes


def _named_bytes(folder: Path, most: int) -> int | None:
    """The room that all files below a folder take; None if there are more than ``most``."""
    total = count = 0
    pending = [os.fspath(folder)]
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


def _open_nameless(process: Path, device: int) -> Iterator[tuple[int, int]]:
    """Inode and size of each deleted file on a device that is open in a process."""
    with suppress(OSError), os.scandir(process / "fd") as opened:
        for fd in opened:
            with suppress(OSError):
                found = fd.stat()
                if stat.S_ISREG(found.st_mode) and not found.st_nlink and found.st_dev == device:
                    yield found.st_ino, found.st_blocks * _BLOCK


def _mapped_nameless(process: Path, folder: str) -> Iterator[int]:
    """The inode of each deleted file that was in a folder and is mapped in a process.

    By its path, for on some file systems the device shown here is not the one that stat(2) gives.
    """
    with suppress(OSError):
        maps = (process / "maps").read_text(errors="replace")
        for line in maps.splitlines() if " (deleted)\n" in maps else ():
            if line.endswith(" (deleted)"):
                _, _, _, _, inode, path = line.split(maxsplit=5)
                if path.startswith(folder):
                    yield int(inode)
