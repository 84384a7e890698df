"""Where a compiler lies, and what else outside the system its work needs to read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

_IN_FLAG = re.compile(r"/[^,]*")


def needed_paths(cxx: str, flags: Sequence[str]) -> tuple[Path, ...]:
    """The compiler's installation, and every absolute path in its flags that is there.

    Of a compiler in the user's home or above it only the folder that it lies in is given, and of
    a flag never a folder that holds the home.
    """
    found = [*_installations(cxx), *_in_flags(flags)]
    return tuple(path for path in found if path.exists() and not _holds_home(path))


def _installations(cxx: str) -> Iterator[Path]:
    """For every link on the way to the compiler: links may lead from one installation to another."""
    path = Path(cxx).absolute() if "/" in cxx else None
    hops = 0
    while path is not None and hops < 40:
        folder = path.parent
        installed = folder.name == "bin" and not _holds_home(folder.parent)
        yield folder.parent if installed else folder
        path = folder / path.readlink() if path.is_symlink() else None
        hops += 1
    if "/" in cxx:
        real = Path(cxx).resolve()
        yield real.parent.parent if real.parent.name == "bin" else real.parent


def _in_flags(flags: Sequence[str]) -> Iterator[Path]:
    for flag in flags:
        yield from map(Path, _IN_FLAG.findall(flag))


def _holds_home(path: Path) -> bool:
    """Whether a folder is too much to show: it holds the user's home, or is a part kept in it."""
    home = Path.home()
    private = (home / ".local", home / ".config")
    return path == home or path in home.parents or path in private
