"""A small program between us and a server: whatever becomes of us, the server goes with us.

It starts the server in a process group of its own, and ends all of it when its standard input is
closed, as the kernel does when we end, by SIGKILL too. A server that outlives its parent's thread
is no concern here: ``PR_SET_PDEATHSIG`` is about threads, and this program has only one.

Usage: ``keeper.py LOG GRACE COMMAND...``. The process id of the server goes to standard output. The
exit status is the server's, or 128 and the signal that ended it.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True)


def main(log: str, grace: float, command: list[str]) -> int:
    """Keep the server until it ends or nobody wants it any more."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what the server leaves behind comes to us
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os.close(0))
    with Path(log).open("ab") as output:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
    os.write(1, f"{server.pid}\n".encode())
    _wait(server)
    _end(server, grace)
    _end_orphans()
    status = server.returncode
    return 128 - status if status < 0 else status


def _die_with_parent() -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait(server: subprocess.Popen[bytes]) -> None:
    """Until the server has ended, or standard input is closed."""
    end = os.pidfd_open(server.pid)
    try:
        while True:
            ready, _, _ = select.select([0, end], [], [])
            if end in ready or (0 in ready and not os.read(0, 1)):
                return
    except OSError:  # closed by the handler of SIGTERM
        return
    finally:
        os.close(end)


def _end(server: subprocess.Popen[bytes], grace: float) -> None:
    _signal(server.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        server.wait(grace)
    _signal(server.pid, signal.SIGKILL)
    server.wait()


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _end_orphans() -> None:
    """End what left the process group: by now it is all our children."""
    for _ in range(200):
        for pid in _children():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.01)


def _children() -> Iterator[int]:
    """Our children, by ``/proc``: field 4 of ``stat`` is the parent (proc(5))."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            pid = int(entry.name)
            stat = (entry / "stat").read_bytes()
            if int(stat[stat.rindex(b")") + 2 :].split()[1]) == os.getpid():
                yield pid


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2]), sys.argv[3:]))
