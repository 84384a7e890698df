"""Running the user's build, test and benchmark: in the sandbox, in a copy of the tree.

The copy is all that they may write to, and a test or benchmark that does without gets it read-only.
There is no network, and of the file system only the system's programs and libraries, the copy, and
what ``--readable`` names.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from parallel_agent.agent.project.flags import ASKING
from parallel_agent.agent.project.spec import ProjectSpec
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.limits import Limits
from parallel_agent.toolchain.sandbox import Completed

_PHYSICAL = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
LIMITS = Limits(
    wall_seconds=1800.0,
    cpu_seconds=24 * 3600,
    file_bytes=8 << 30,
    disk_bytes=16 << 30,
    disk_entries=1_000_000,
    memory_bytes=_PHYSICAL * 3 // 4,
    output_bytes=64 << 20,
    open_files=4096,
)
"""What one command of the user's may use. Those of a candidate have less time, by the original's."""
_LONGER, _SPARE_SECONDS = 10.0, 30.0
_SAID = re.compile(r"\b(error|undefined reference|FAILED|failed|assert)", re.IGNORECASE)
_MOST_SAID = 300


@dataclass(frozen=True)
class Command:
    """One of the user's commands: its flag's name, its text, and whether it writes to the tree."""

    name: str
    text: str
    writes: bool = True
    limits: Limits = LIMITS

    def limited_by(self, seconds: float) -> Command:
        """For candidates: an end that is sure, where the original took so many seconds."""
        most = min(LIMITS.wall_seconds, _LONGER * seconds + _SPARE_SECONDS)
        return replace(self, limits=replace(self.limits, wall_seconds=most))


def run_command(
    command: Command,
    spec: ProjectSpec,
    tree: Path,
    threads: int,
    more: Mapping[str, str] | None = None,
) -> Completed:
    """Run a command with the shell in the tree's folder ``spec.where``; ``more`` are variables.

    Raises SandboxUnavailable and OSError as `sandbox.run` does.
    """
    environment = {"OMP_NUM_THREADS": str(threads), **(more or {})}
    if command.name == "build":
        environment = {**ASKING, **environment}
    if not command.writes:
        environment["TMPDIR"] = "/tmp"
    return sandbox.run(
        ["/bin/sh", "-c", f"cd {shlex.quote(spec.where)} || exit 126\n{command.text}"],
        cwd=tree,
        env=environment,
        limits=command.limits,
        writable=command.writes,
        readable=spec.readable,
    )


def failure_of(done: Completed, command: Command) -> str:
    """Why a command failed, in one line; empty if it did not."""
    if done.timed_out:
        return f"took longer than {command.limits.wall_seconds:.0f} s"
    if done.over_memory:
        return f"took more than {command.limits.memory_bytes >> 20} MiB of memory"
    if done.over_output:
        return f"printed more than {command.limits.output_bytes >> 20} MiB"
    if done.over_disk:
        return f"wrote more than {command.limits.disk_bytes >> 30} GiB"
    if done.ok:
        return ""
    how = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
    said = _said(f"{done.stdout}\n{done.stderr}")
    return f"{how}: {said}" if said else how


def _said(output: str) -> str:
    """The first line that speaks of an error, else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = next((line for line in lines if _SAID.search(line)), lines[-1] if lines else "")
    return telling[:_MOST_SAID]
