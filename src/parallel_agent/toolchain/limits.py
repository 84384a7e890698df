"""What one program in the sandbox may use."""

from __future__ import annotations

import os
from dataclasses import dataclass

_PROCESSES = max(512, 16 * (os.cpu_count() or 1))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one program may use; sizes in bytes."""

    cpu_seconds: int = 3600
    """Processor time of each process over its whole life, all its threads together."""
    wall_seconds: float = 60.0
    """Time that the caller waits: for the end of a program, or for one reply of a worker."""
    file_bytes: int = 1 << 30
    """Size of any file that the program writes."""
    disk_bytes: int = 4 << 30
    """What `run` lets the program add to its folder, files without a name included."""
    disk_entries: int = 20_000
    """Files and folders that `run` lets be in the program's folder."""
    memory_bytes: int = 4 << 30
    """Resident memory of all its processes (pages shared with the caller count too)."""
    output_bytes: int = 1 << 20
    """Kept of each of stdout and stderr; a program that prints more is killed."""
    open_files: int = 256
    processes: int = _PROCESSES
    """Processes and threads at one time. Under root all that run in sandboxes count together."""
    core: int = 0
    """Size of a core dump."""
