"""What this machine can do at best: how fast it reads, and how fast it computes.

The two roofs of the roofline model (S. Williams, A. Waterman, D. Patterson: Roofline, an insightful
visual performance model for multicore architectures, Communications of the ACM 52 (4), 2009). A kernel
must read what it is given, so reading bounds it. The peak of arithmetic bounds an algorithm and not a
kernel: another one may do with less.
"""

from __future__ import annotations

from pathlib import Path

from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.errors import WorkerError
from parallel_agent.toolchain.program import ProgramCase, run_program

_BANDWIDTH, _PEAK = (Path(__file__).with_name(f"{name}.cpp") for name in ("bandwidth", "peak"))


class Bandwidth:
    """Reads memory with all threads, to see how fast that can be."""

    def __init__(self, cxx: str, directory: Path, threads: int) -> None:
        """Build it, with flags of its own, in ``directory``; raises WorkerError where it does not."""
        self._binary = _built(_BANDWIDTH, cxx, directory)
        self._threads = threads

    def read_seconds(self, size: int) -> float:
        """The least seconds that reading so many bytes once took; the caller holds the timing lane.

        Raises WorkerError where the program fails.
        """
        return _run(self._binary, self._threads, str(size))


class Peak:
    """Computes in registers with all threads, to see how fast that can be."""

    def __init__(self, cxx: str, directory: Path, threads: int) -> None:
        """Build it, with flags of its own, in ``directory``; raises WorkerError where it does not."""
        self._binary = _built(_PEAK, cxx, directory)
        self._threads = threads

    def flops(self) -> float:
        """The most double operations in a second, a fused multiply and add being two.

        The caller holds the timing lane. Raises WorkerError where the program fails.
        """
        return _run(self._binary, self._threads)


def _built(source: Path, cxx: str, directory: Path) -> Path:
    texts = {source.name: source.read_text(encoding="utf-8")}
    built = Compiler.find(cxx).compile(texts, directory=directory, output=source.stem)
    if built.binary is None:
        raise WorkerError(f"{source.name} does not compile: {built.errors[0].message}")
    return built.binary


def _run(binary: Path, threads: int, *arguments: str) -> float:
    run = run_program(binary, ProgramCase(arguments=arguments), threads=threads)
    if run.broken or run.completed.returncode != 0:
        raise WorkerError(f"{binary.name}.cpp: {run.broken or run.completed.stderr}")
    return float(run.completed.stdout)
