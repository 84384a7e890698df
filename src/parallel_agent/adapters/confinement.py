"""Files that a caller may name: those below one root, with every symbolic link followed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from parallel_agent.adapters.requests import MAX_SOURCE_BYTES, BadRequest


class OutsideRoot(BadRequest):
    """A path that leads out of the root."""

    def __init__(self, path: str, root: Path) -> None:
        super().__init__(
            f"the path {path!r} leads out of {root}",
            "Give a path below that folder, or have the tool's owner choose another root",
        )


def confined(path: str, root: Path) -> Path:
    """Where ``path``, absolute or from the root, really leads; there need not be a file.

    Raises OutsideRoot where that lies outside of ``root``, which must be resolved itself, whether
    or not there is such a file: nobody learns what there is elsewhere.
    """
    try:
        real = (root / path).resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, or a zero byte
        raise OutsideRoot(path, root) from None
    if not real.is_relative_to(root):
        raise OutsideRoot(path, root)
    return real


def read_confined(path: str, root: Path) -> str:
    """The text of a file below the root, read once.

    Where it lies is asked of the open file, so that no link that is changed meanwhile leads out.
    Raises OutsideRoot, and BadRequest for what is no readable text file.
    """
    real, hint = confined(path, root), "Give a text file"
    try:
        handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise BadRequest(f"cannot read {path}: {error.strerror}", hint) from None
    try:
        if not Path(f"/proc/self/fd/{handle}").readlink().is_relative_to(root):
            raise OutsideRoot(path, root)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise BadRequest(f"{path} is not a file", hint)
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(MAX_SOURCE_BYTES + 1)
    finally:
        os.close(handle)
    if len(data) > MAX_SOURCE_BYTES:
        raise BadRequest(f"{path} has more than {MAX_SOURCE_BYTES} bytes", "Give a shorter file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest(f"{path} is not UTF-8 text", hint) from None
