"""What of the file system a program in the sandbox sees besides its own folders."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from parallel_agent.toolchain.launchers.launcher import SANDBOX_ID, Job

SYSTEM = tuple(
    Path(name)
    for name in (
        "/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32", "/nix/store", "/gnu/store",
    )
)  # fmt: skip
"""Programs and libraries; on most systems all but the first are links into it."""
CONFIGURATION = tuple(
    Path("/etc") / name for name in ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d")
)
"""All of ``/etc`` that compilers, linkers and loaders read."""
HARDWARE = tuple(Path("/sys/devices/system") / name for name in ("cpu", "node"))
"""Where OpenMP runtimes learn which cores there are."""

_exposed: set[Path] = set()
_exposing = threading.Lock()


def expose(*paths: Path) -> None:
    """From now on let everything that this process starts in a sandbox read below these paths.

    For what the user's compiler needs and lies outside the system: its own installation, and the
    files and folders that its flags name.
    """
    with _exposing:
        _exposed.update(path for path in paths if not is_system(path))


def exposed() -> list[Path]:
    """What was exposed, is there and can be reached by this user, outer folders first."""
    with _exposing:
        return sorted(path for path in _exposed if os.access(path, os.F_OK))


def is_system(path: Path) -> bool:
    """Whether every program sees a path anyway."""
    return any(path.is_relative_to(folder) for folder in SYSTEM)


def holds_home(path: Path) -> bool:
    """Whether a folder is too much to show: it holds the user's home."""
    home = Path.home()
    return path == home or path in home.parents


def folder_of(program: Path) -> Path:
    """What to show of a program's folder: all of it, or in the user's home the program alone."""
    return program if holds_home(program.parent) else program.parent


def program_of(job: Job) -> Path | None:
    """The program's file, if it was named by a path outside the system."""
    path = Path(job.argv[0])
    return path if path.is_absolute() and not is_system(path) else None


def hand_over(folder: Path) -> None:
    """Give a folder and all in it to the sandbox's user; links are not followed.

    Raises ValueError for a folder that holds the caller's home.
    """
    if holds_home(folder):
        raise ValueError(f"{folder} cannot be the working directory of a program in the sandbox")
    for _, folders, files, descriptor in os.fwalk(folder):
        for name in (".", *folders, *files):
            with suppress(OSError):  # gone meanwhile
                os.chown(name, SANDBOX_ID, SANDBOX_ID, dir_fd=descriptor, follow_symlinks=False)
