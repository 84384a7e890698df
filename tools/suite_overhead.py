"""What a suite of many small kernels takes of our own process: CPU time, memory, bookkeeping.

``python tools/suite_overhead.py [--kernels N] [--effort LEVEL] [--broken] [--json]`` writes N trivial
kernels, no two alike, with their contracts, into a temporary folder, runs them as a suite with the free
proposer, and reads CPU time and resident memory of this process (compilers and kernels are others)
whenever a kernel is done. Then it gives the same command again, as after an interruption.

Printed are, for each kernel: the CPU time of our process; the seconds of the suite's bookkeeping, which is
what of the suite's time was work on no kernel; what going over the finished suite again takes; and the
memory after 20, 100, 200 ... kernels with its growth for each kernel from there on. With ``--broken`` the
files have no kernel in them: each fails at once, and what is left is the runner alone.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from parallel_agent.agent.events import Event
from parallel_agent.settings import Settings, load_settings
from parallel_agent.suites.result import SuiteResult
from parallel_agent.suites.runner import run_suite

WARM = 20
"""Kernels after which everything is imported and every cache is as full as it gets."""
_KERNEL = """#include <array>

// Three terms: far too few to gain anything.
double terms{number}(std::array<double, 3> const& x) {{
    double sum = {number}.5;
    for (int i = 0; i < 3; ++i) {{
        sum += {number}.25 * x[i] * x[i];
    }}
    return sum;
}}
"""
_CONTRACT = """kernel = "terms{number}"

[parameters.x]
values = {{ kind = "uniform", low = -10.0, high = 10.0 }}
"""
_BROKEN = "int answer{number}() {{ return {number}; }}\n"


@dataclass
class Meter:
    """Listens to a suite: CPU seconds and resident bytes of this process when a kernel was done."""

    cpu: list[float] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    process: psutil.Process = field(default_factory=psutil.Process)

    def __call__(self, kernel: str, event: Event) -> None:
        """Read both at the end of each kernel's first phase, where all its work is."""
        if event.kind == "suite" and event.data["kernel"] and "free" in event.data["phase"]:
            self.cpu.append(time.process_time())
            self.resident.append(self.process.memory_info().rss)


def main() -> None:
    """Run it and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", type=int, default=200, metavar="N")
    parser.add_argument("--effort", default="quick", metavar="LEVEL")
    parser.add_argument("--broken", action="store_true", help="files without a kernel")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="suite-overhead-") as scratch:
        kernels, out = Path(scratch, "kernels"), Path(scratch, "out")
        _write(kernels, given.kernels, broken=given.broken)
        settings = load_settings(out=out, effort=given.effort, threads=2)
        meter = Meter()
        first, _ = _timed(kernels, settings, meter)
        _, again = _timed(kernels, settings, Meter())
    found = _found(first, meter, again)
    print(json.dumps(found) if given.json else _told(found))


def _write(folder: Path, number: int, *, broken: bool) -> None:
    folder.mkdir()
    for k in range(number):
        text = (_BROKEN if broken else _KERNEL).format(number=k)
        (folder / f"terms{k}.cpp").write_text(text, encoding="utf-8")
        if not broken:
            contract = _CONTRACT.format(number=k)
            (folder / f"terms{k}.toml").write_text(contract, encoding="utf-8")


def _timed(kernels: Path, settings: Settings, meter: Meter) -> tuple[SuiteResult, float]:
    started = time.monotonic()
    return run_suite(str(kernels), settings, meter), time.monotonic() - started


def _found(result: SuiteResult, meter: Meter, again: float) -> dict[str, object]:
    number = len(result.kernels)
    at = [k for k in (WARM, *range(100, number + 1, 100), number) if k <= number]
    warm = min(WARM, number)
    grown = meter.resident[-1] - meter.resident[warm - 1]
    quarter = max(1, number // 4)
    return {
        "kernels": number,
        "built": result.built,
        "seconds": result.seconds,
        "own_cpu_ms": 1e3 * result.own_cpu_seconds / number,
        "own_cpu_ms_of_first_quarter": _mean_step(meter.cpu[: quarter + 1]),
        "own_cpu_ms_of_last_quarter": _mean_step(meter.cpu[-quarter - 1 :]),
        "bookkeeping_ms": 1e3 * (result.seconds - sum(k.seconds for k in result.kernels)) / number,
        "again_ms": 1e3 * again / number,
        "resident_mib": {k: meter.resident[k - 1] / 2**20 for k in dict.fromkeys(at)},
        "grown_kib": grown / 2**10 / max(1, number - warm),
    }


def _mean_step(readings: list[float]) -> float:
    """In milliseconds."""
    return 1e3 * (readings[-1] - readings[0]) / max(1, len(readings) - 1)


def _told(found: dict[str, object]) -> str:
    resident = found["resident_mib"]
    assert isinstance(resident, dict)
    memory = ", ".join(f"{mib:.0f} MiB after {k}" for k, mib in resident.items())
    return (
        f"{found['kernels']} kernels, {found['built']} built, in {found['seconds']:.0f} s\n"
        f"own CPU time: {found['own_cpu_ms']:.1f} ms a kernel, "
        f"{found['own_cpu_ms_of_first_quarter']:.1f} in the first quarter, "
        f"{found['own_cpu_ms_of_last_quarter']:.1f} in the last\n"
        f"the suite's bookkeeping: {found['bookkeeping_ms']:.1f} ms a kernel\n"
        f"over the finished suite again: {found['again_ms']:.1f} ms a kernel\n"
        f"memory: {memory}; grows by {found['grown_kib']:.1f} KiB a kernel after {WARM}\n"
    )


if __name__ == "__main__":
    main()
