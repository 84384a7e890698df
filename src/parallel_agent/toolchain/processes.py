"""Other processes, as ``/proc`` shows them.

They are looked at twenty times a second: names are put together as text, which costs less than paths.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

_PROC = "/proc"
_CHUNK = 1 << 16
_PAGE = os.sysconf("SC_PAGE_SIZE")
_CHILDREN_ARE_LISTED = Path("/proc/thread-self/children").exists()
"""Saves looking at all processes, while something may be timed (CONFIG_PROC_CHILDREN)."""


@dataclass(frozen=True)
class Process:
    """A process as ``/proc/PID/stat`` shows it (proc(5))."""

    pid: int
    running: bool
    """False for a zombie: a container's init may never reap its orphans."""
    parent: int
    threads: int
    resident_bytes: int


def family(leader: int) -> list[Process]:
    """A process and its descendants; what changes meanwhile may be missed."""
    children: Callable[[int], Iterable[int]]
    children = _children if _CHILDREN_ARE_LISTED else _children_among_all()
    found, pending = [], [leader]
    while pending:
        pid = pending.pop()
        with suppress(OSError):
            found.append(_read(pid))
            pending += children(pid)
    return found


def group_is_running(leader: int) -> bool:
    """Whether anything of a process group is left, zombies aside."""
    try:
        os.killpg(leader, 0)  # no signal, only the question: it saves looking at all processes
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # there is something, of the sandbox's user
    for pid in _pids():
        with suppress(OSError):
            if os.getpgid(pid) == leader and _read(pid).running:
                return True
    return False


def threads_of_user(uid: int) -> int:
    """How many threads of a user there are now."""
    count = 0
    for process in _everyone():
        with suppress(OSError):
            if Path(_PROC, str(process.pid)).stat().st_uid == uid:
                count += process.threads
    return count


def _everyone() -> Iterator[Process]:
    for pid in _pids():
        with suppress(OSError):
            yield _read(pid)


def _pids() -> list[int]:
    with os.scandir(_PROC) as entries:
        return [int(entry.name) for entry in entries if entry.name.isdigit()]


def _children(pid: int) -> Iterator[int]:
    tasks = f"{_PROC}/{pid}/task"
    with os.scandir(tasks) as entries:
        for task in entries:
            with suppress(OSError):
                yield from map(int, content(f"{tasks}/{task.name}/children").split())


def _children_among_all() -> Callable[[int], list[int]]:
    children: dict[int, list[int]] = {}
    for process in _everyone():
        children.setdefault(process.parent, []).append(process.pid)
    return lambda pid: children.get(pid, [])


def content(path: str) -> bytes:
    """All that a file of ``/proc`` holds."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return b"".join(iter(partial(os.read, fd, _CHUNK), b""))
    finally:
        os.close(fd)


def _read(pid: int) -> Process:
    stat = content(f"{_PROC}/{pid}/stat")
    # The second field is the program's name in parentheses, whatever that may hold.
    fields = stat[stat.rindex(b")") + 2 :].split()
    return Process(
        pid=pid,
        running=fields[0] not in (b"Z", b"X"),
        parent=int(fields[1]),
        threads=int(fields[17]),
        resident_bytes=int(fields[21]) * _PAGE,
    )
