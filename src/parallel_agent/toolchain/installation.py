"""Where a compiler lies, and what else outside the system its work needs to read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from parallel_agent.toolchain.launchers.view import holds_home

_MOST_LINKS = 40  # as the kernel follows
_IN_FLAG = re.compile(r"/[^,]*")


def needed_paths(cxx: str, flags: Sequence[str]) -> tuple[Path, ...]:
    """The compiler's installation, and every absolute path in its flags that is there.

    Of a compiler in the user's home or above it only the folder that it lies in is given, and of
    a flag never a folder that holds the home.
    """
    found = [*_installations(cxx), *_in_flags(flags)]
    return tuple(path for path in found if path.exists() and not _is_private(path))


def _installations(cxx: str) -> Iterator[Path]:
    """For every link on the way to the compiler: links may lead from one installation to another."""
    path = Path(cxx).absolute() if "/" in cxx else None
    for _ in range(_MOST_LINKS):
        if path is None:
            return
        yield _installation(path)
        path = path.parent / path.readlink() if path.is_symlink() else None


def _installation(compiler: Path) -> Path:
    folder = compiler.parent
    return folder.parent if folder.name == "bin" and not _is_private(folder.parent) else folder


def _in_flags(flags: Sequence[str]) -> Iterator[Path]:
    for flag in flags:
        yield from map(Path, _IN_FLAG.findall(flag))


def _is_private(path: Path) -> bool:
    """Whether a folder is too much to show: it holds the user's home, or settings and keys."""
    return holds_home(path) or path in (Path.home() / ".local", Path.home() / ".config")
