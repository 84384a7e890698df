"""How much CPU time whole runs take of this process: compilers and kernels are not in it.

``python tools/own_cpu.py FILE... [--threads 2] [--effort normal] [--profile N] [--json]`` optimizes each
kernel with the built-in proposer and prints, as the system counts them (getrusage(2)): seconds by the
clock, CPU seconds of this process in user and in system mode, page faults, and the CPU seconds as a share
of those by the clock. On a busy machine the share says little, and the CPU seconds still do.

With ``--profile N`` the N functions follow that took most of it, in all threads, each by its own clock of
CPU time; to count calls takes time too, so that short functions seem longer.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import pstats
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from parallel_agent import load_settings
from parallel_agent.runs import optimize


@dataclass(frozen=True)
class Taken:
    """What one run took; seconds."""

    kernel: str
    wall: float
    user: float
    system: float
    faults: int
    speedup: float

    @property
    def own(self) -> float:
        """CPU time of this process."""
        return self.user + self.system


def main() -> None:
    """Optimize every kernel and print what it took of this process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="default 2")
    parser.add_argument("--effort", default="normal", choices=["quick", "normal", "thorough"])
    parser.add_argument("--profile", type=int, default=0, metavar="N", help="functions to name")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    missing = [str(file) for file in given.files if not file.is_file()]
    if missing:
        parser.error(f"there is no file {', '.join(missing)}")
    with _profiled(given.profile) as profile:
        runs = [_taken(file, given.threads, given.effort) for file in given.files]
    print(json.dumps([asdict(run) for run in runs]) if given.json else table(runs))
    print(profile(), end="")


def _taken(file: Path, threads: int, effort: str) -> Taken:
    settings = load_settings(threads=threads, effort=effort)
    with tempfile.TemporaryDirectory(prefix="own-cpu-") as scratch:
        started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        outcome = optimize(file, given=settings.model_copy(update={"out": Path(scratch, "run")}))
        after, wall = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - started
    return Taken(
        kernel=file.stem,
        wall=wall,
        user=after.ru_utime - before.ru_utime,
        system=after.ru_stime - before.ru_stime,
        faults=after.ru_minflt - before.ru_minflt,
        speedup=outcome.speedup,
    )


def table(runs: Sequence[Taken]) -> str:
    """A line for each run, and the median and the sum of all."""
    lines = [
        f"{'kernel':44}{'wall s':>8}{'user s':>8}{'sys s':>8}{'faults':>10}{'own':>8}{'speedup':>9}"
    ]
    lines += [
        f"{run.kernel[:43]:44}{run.wall:8.1f}{run.user:8.2f}{run.system:8.2f}{run.faults:10}"
        f"{run.own / run.wall:8.1%}{run.speedup:9.2f}"
        for run in runs
    ]
    wall, own = sum(run.wall for run in runs), sum(run.own for run in runs)
    median = statistics.median(run.wall for run in runs)
    lines.append(f"median {median:.1f} s by the clock; own CPU {own:.1f} s, {own / wall:.1%} of it")
    return "\n".join(lines)


@contextmanager
def _profiled(functions: int) -> Iterator[Callable[[], str]]:
    """Count what this thread and all that start within the block do; the text is for afterwards."""
    if not functions:
        yield str
        return
    profiles = [cProfile.Profile(time.thread_time)]

    def started(self: threading.Thread) -> None:
        profile = cProfile.Profile(time.thread_time)
        profiles.append(profile)
        profile.runcall(run, self)

    run, threading.Thread.run = threading.Thread.run, started  # type: ignore[method-assign]
    try:
        with profiles[0]:
            yield lambda: _most(profiles, functions)
    finally:
        threading.Thread.run = run  # type: ignore[method-assign]


def _most(profiles: Sequence[cProfile.Profile], functions: int) -> str:
    text = io.StringIO()
    stats = pstats.Stats(profiles[0], stream=text)
    for profile in profiles[1:]:
        if profile.getstats():
            stats.add(profile)
    stats.sort_stats("tottime").print_stats(functions)
    return text.getvalue()


if __name__ == "__main__":
    main()
