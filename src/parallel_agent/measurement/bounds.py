"""The least time that a call can take on this machine: it must read what it is given.

The memory roof of the roofline model (S. Williams, A. Waterman, D. Patterson: Roofline, an insightful
visual performance model for multicore architectures, Communications of the ACM 52 (4), 2009). Its other
roof, the peak of arithmetic, bounds an algorithm and not a kernel: another one may do with less.
"""

from __future__ import annotations

from pathlib import Path

from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.errors import WorkerError
from parallel_agent.toolchain.program import ProgramCase, run_program

_SOURCE = Path(__file__).with_name("bandwidth.cpp")


class Bandwidth:
    """Reads memory with all threads, to see how fast that can be."""

    def __init__(self, cxx: str, directory: Path, threads: int) -> None:
        """Build it, with flags of its own, in ``directory``; raises WorkerError where it does not."""
        compiler = Compiler.find(cxx)
        source = {_SOURCE.name: _SOURCE.read_text(encoding="utf-8")}
        built = compiler.compile(source, directory=directory, output="bandwidth")
        if built.binary is None:
            raise WorkerError(f"{_SOURCE.name} does not compile: {built.errors[0].message}")
        self._binary = built.binary
        self._threads = threads

    def read_seconds(self, size: int) -> float:
        """The least seconds that reading so many bytes once took; the caller holds the timing lane.

        Raises WorkerError where the program fails.
        """
        case = ProgramCase(arguments=(str(size),))
        run = run_program(self._binary, case, threads=self._threads)
        if run.broken or run.completed.returncode != 0:
            raise WorkerError(f"{_SOURCE.name}: {run.broken or run.completed.stderr}")
        return float(run.completed.stdout)
