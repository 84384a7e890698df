"""Which launcher works on this machine: each is tried on a small program before it is trusted."""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from parallel_agent.toolchain.launchers.bubblewrap import Bubblewrap
from parallel_agent.toolchain.launchers.landlock import Landlock
from parallel_agent.toolchain.launchers.launcher import Job, Launcher, SandboxUnavailable
from parallel_agent.toolchain.limits import Limits

INSTALL = "apt-get install bubblewrap"
"""What installs the first launcher on Debian and Ubuntu; other systems call it the same."""

_FINDERS: tuple[Callable[[], Launcher], ...] = (Bubblewrap.find, Landlock.find)
_PROBE_SECONDS = 20.0
_HARMLESS_CAPABILITIES = 0b110
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, where paths are confined by other means."""
_PROBE = """\
while read -r line; do
    case $line in Uid:* | CapEff:* | NoNewPrivs:* | Seccomp:*) echo $line ;; esac
done </proc/self/status
(read -r line <"$1") 2>/dev/null && echo "it can read $1"
(: >>"$1") 2>/dev/null && echo "it can write to $1"
(: >inside) 2>/dev/null || echo "it cannot write to its own folder"
"""


@dataclass(frozen=True)
class Detection:
    """The launcher to use, None if none works, and why those before it do not."""

    launcher: Launcher | None
    problems: tuple[str, ...]


def detect() -> Detection:
    """The first launcher that works; found once per process."""
    with _detecting:
        return _detected()


def guarded_launcher() -> Launcher:
    """The launcher to use; raises SandboxUnavailable where none works."""
    detection = detect()
    if detection.launcher is None:
        problems = "; ".join(detection.problems)
        raise SandboxUnavailable(f"no sandbox works on this machine ({problems})")
    return detection.launcher


_detecting = threading.Lock()


@functools.cache
def _detected() -> Detection:
    problems = []
    for find in _FINDERS:
        try:
            launcher = find()
            probe(launcher)
        except SandboxUnavailable as error:
            problems.append(str(error))
        else:
            return Detection(launcher, tuple(problems))
    return Detection(None, tuple(problems))


def probe(launcher: Launcher) -> None:
    """Run a shell in the sandbox that looks around; SandboxUnavailable if it sees too much."""
    with tempfile.TemporaryDirectory(prefix="parallel-agent-") as scratch:
        cwd, secret = Path(scratch).resolve() / "inside", Path(scratch).resolve() / "secret"
        cwd.mkdir()
        secret.write_text("nobody's business\n", encoding="utf-8")
        job = Job(
            argv=("/bin/sh", "-c", _PROBE, "sh", str(secret)),
            cwd=cwd,
            writable=True,
            readable=(),
            limits=Limits(),
        )
        with launcher.command(job) as command:
            done = _started(command.argv, command.fds, cwd)
    program = Path(command.argv[0]).name
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise SandboxUnavailable(f"{program} fails: {said or f'status {done.returncode}'}")
    problem = _problem(done.stdout.decode(errors="replace").splitlines())
    if problem:
        raise SandboxUnavailable(f"{program} does not isolate: {problem}")


def _started(
    argv: Sequence[str], fds: Sequence[int], cwd: Path
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            argv,
            cwd=cwd,
            env={"PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            pass_fds=fds,
            start_new_session=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxUnavailable(f"{Path(argv[0]).name} fails: {error}") from error


def _problem(lines: Sequence[str]) -> str | None:
    """What is wrong in a probe's report, or None."""
    status = dict(line.split(": ", 1) for line in lines if ": " in line)
    complaints = [line for line in lines if ": " not in line]
    if complaints:
        return complaints[0]
    if "0" in status.get("Uid", "0").split():
        return "it runs as root"
    if int(status.get("CapEff", "1"), 16) & ~_HARMLESS_CAPABILITIES:
        return "it has capabilities"
    if status.get("NoNewPrivs") != "1":
        return "it could gain privileges"
    return None if status.get("Seccomp") == "2" else "system calls are not filtered"
