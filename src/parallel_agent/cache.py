"""What can be made again at any time, kept in the user's cache folder from run to run.

Only what this program itself makes of installed files goes in: nothing that a candidate's
compilation could have written.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path

import platformdirs

Make = Callable[[Path], Collection[Path] | None]
"""Fills a folder and returns the files that it was made from; None where it cannot be made."""

_READY = "ready.json"
_LOCK = "lock"
_ASKED = ".asked"
_REMEMBERED_SECONDS = 30 * 86400.0
_IN_USE_SECONDS = 3600.0
"""As long after its last use an entry may still be read by somebody, or still be in the making."""


class Shelf:
    """Folders by key, of together about ``most_bytes``: the ones longest unused are thrown away.

    An entry is dropped when a file that it was made from has another size or date. Safe for threads
    and for processes beside; where no cache folder can be written, nothing is kept.
    """

    def __init__(self, name: str, most_bytes: int) -> None:
        self._name = name
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._known: dict[str, Path] = {}
        self._given_up: set[str] = set()

    def get(self, key: str, make: Make) -> Path | None:
        """The folder for ``key``; None where there is none (yet), and the caller does without.

        What is asked for once is not worth the time that making it takes: it is made when somebody
        asks again, unless another process is making something.
        """
        with self._lock:
            known = self._known.get(key)
            if key in self._given_up:
                return None
        if known is not None and (known / _READY).exists():
            return known
        found = self._find(key) or self._fill(key, make)
        if found is not None:
            with self._lock:
                self._known[key] = found
        return found

    def give_up(self, key: str) -> None:
        """Hand out nothing more for this key in this process: what there is does not work."""
        with self._lock:
            self._given_up.add(key)

    def _find(self, key: str) -> Path | None:
        for folder in self._folders():
            for entry in folder.glob(f"{_digest(key)}-*"):
                if _is_current(entry):
                    with suppress(OSError):
                        os.utime(entry / _READY)
                    return entry
        return None

    def _fill(self, key: str, make: Make) -> Path | None:
        """Make an entry, one process at a time; none where that fails or somebody else is at it."""
        for folder in self._folders():
            with suppress(OSError):
                asked = folder / f"{_digest(key)}{_ASKED}"
                if not asked.exists():
                    asked.touch()
                    return None
                with (folder / _LOCK).open("w") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self._make_room(folder)
                    return self._find(key) or self._made(folder, key, make)
        return None

    def _made(self, folder: Path, key: str, make: Make) -> Path | None:
        # Compilers remember where a file lay, so it is made where it will stay.
        entry = Path(tempfile.mkdtemp(prefix=f"{_digest(key)}-", dir=folder))
        try:
            made_from = make(entry)
            if made_from is not None:
                stamps = {str(path): _stamp(path) for path in made_from}
                _take_back(entry)
                pending = entry / f"{_READY}.new"
                pending.write_text(json.dumps(stamps), encoding="utf-8")
                pending.replace(entry / _READY)
                return entry
        except OSError:
            pass
        shutil.rmtree(entry, ignore_errors=True)
        self.give_up(key)
        return None

    def _make_room(self, folder: Path) -> None:
        for asked in folder.glob(f"*{_ASKED}"):
            if time.time() - asked.stat().st_mtime > _REMEMBERED_SECONDS:
                asked.unlink(missing_ok=True)
        entries = sorted(
            ((_last_use(entry), entry) for entry in folder.iterdir() if entry.is_dir()),
            reverse=True,
        )
        kept = 0
        for last_use, entry in entries:
            kept += sum(path.stat().st_size for path in entry.iterdir())
            unused = time.time() - last_use > _IN_USE_SECONDS
            if unused and (kept > self._most_bytes or not _is_current(entry)):
                shutil.rmtree(entry, ignore_errors=True)

    def _folders(self) -> Iterator[Path]:
        """Where entries can lie: nobody but this user can have put them there."""
        for base in (platformdirs.user_cache_path("parallel-agent"), private_temporary()):
            folder = base / self._name
            with suppress(OSError):
                base.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.mkdir(mode=0o755, exist_ok=True)
            with suppress(OSError):
                if is_own(base) and is_own(folder := folder.resolve()):
                    yield folder


def private_temporary() -> Path:
    """A folder for this user's use where there is no cache folder."""
    return Path(tempfile.gettempdir()) / f"parallel-agent-{os.getuid()}"


def is_own(path: Path) -> bool:
    """Whether nobody but this user and root can have written something."""
    found = path.lstat()
    return found.st_uid in (os.geteuid(), 0) and not found.st_mode & 0o022


def _take_back(entry: Path) -> None:
    """Make all in an entry this user's, and readable for whoever compiles."""
    for path in (entry, *entry.iterdir()):
        os.chown(path, os.geteuid(), os.getegid(), follow_symlinks=False)
        path.chmod(0o755 if path.is_dir() else 0o644)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def _stamp(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _is_current(entry: Path) -> bool:
    """Whether it was completed, and of files that are still as they were."""
    try:
        stamps = json.loads((entry / _READY).read_text(encoding="utf-8"))
        return all(_stamp(Path(path)) == stamp for path, stamp in stamps.items())
    except (OSError, ValueError):
        return False


def _last_use(entry: Path) -> float:
    ready = entry / _READY
    return (ready if ready.exists() else entry).stat().st_mtime


PRECOMPILED = Shelf("precompiled", 2 << 30)
"""Headers as compilers and the parser keep them, some 20 to 150 MB each."""
