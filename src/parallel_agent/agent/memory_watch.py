"""How much memory a server holds with everything that it started."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

from parallel_agent.budget.memory.units import format_memory
from parallel_agent.chat.servers.gpu import used_memory
from parallel_agent.toolchain.processes import Process, family


@dataclass(frozen=True)
class Used:
    """``total`` bytes of the ``kind`` that counts; ``pid`` and ``process`` name who holds most."""

    total: int
    kind: str
    pid: int
    process: str


def used_by(leader: int, cap: int | None, without: int = 0) -> Used | None:
    """What a process and its descendants hold now, None where they are gone.

    That is memory of NVIDIA GPUs where they hold any, and otherwise resident memory. Pages that several
    of them share are counted for each, unless that would pass ``cap``: then once, as far as the system
    tells (``Pss`` of proc(5), which takes it longer).
    """
    found = [process for process in family(leader) if process.running and process.pid != without]
    if not found:
        return None
    largest = max(found, key=lambda process: process.resident_bytes)
    on_gpu = used_memory({process.pid for process in found})
    kind, total = ("GPU memory", on_gpu) if on_gpu else ("resident memory", _resident(found, cap))
    return Used(total, kind, largest.pid, _name(largest.pid))


def words(size: int) -> str:
    """Bytes for people."""
    return format_memory(size)


def _resident(found: list[Process], cap: int | None) -> int:
    total = sum(process.resident_bytes for process in found)
    if cap is None or total <= cap or len(found) == 1:
        return total
    return sum(map(_share, found))


def _share(process: Process) -> int:
    try:
        share: int = psutil.Process(process.pid).memory_full_info().pss
    except psutil.Error:
        return process.resident_bytes
    return share


def _name(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "gone"
