"""How a worker can fail. After any of these it is dead."""

from __future__ import annotations

import signal


class WorkerError(RuntimeError):
    """A worker did not do what it was told."""


class WorkerDied(WorkerError):
    """The process ended by itself: a crash, a sanitizer's finding, an exit in the kernel.

    ``signal`` is the signal's name (``SIGSEGV``) or None; ``sanitizer`` is True where a sanitizer
    ended it; ``output`` is the last that it printed, with the sanitizer's report.
    """

    def __init__(self, returncode: int, output: str, *, sanitizer: bool = False) -> None:
        self.returncode = returncode
        self.signal = _signal_name(returncode)
        self.sanitizer = sanitizer
        self.output = output
        if sanitizer:
            how = "stopped by a sanitizer"
        else:
            how = f"killed by {self.signal}" if self.signal else f"exit status {returncode}"
        super().__init__(f"the worker ended: {how}")


class WorkerTimeout(WorkerError):
    """A command took longer than ``wall_seconds``."""


class WorkerOverMemory(WorkerError):
    """The process and its children held more resident memory than allowed."""


class WorkerConfused(WorkerError):
    """A reply came out of turn or makes no sense: the kernel tampered with the harness."""


class KernelThrew(WorkerError):
    """A C++ exception left the kernel; ``what`` is its text."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"the kernel threw: {what}")


class KernelDisturbed(WorkerError):
    """The kernel left the floating-point environment or OpenMP's settings changed."""


class WorkerBusy(WorkerError):
    """Threads of the kernel went on working after it had returned, where nobody times them."""


class PayloadRejected(WorkerError):
    """The worker could not decode the payload, or had no room for the outputs."""


def _signal_name(returncode: int) -> str | None:
    if returncode >= 0:
        return None
    try:
        return signal.Signals(-returncode).name
    except ValueError:
        return f"signal {-returncode}"
