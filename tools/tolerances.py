"""Prints the calibrated tolerance of every floating-point result of some kernels, with its evidence.

``python tools/tolerances.py FILE...`` (C++ sources or directories of them; a file KERNEL.toml beside
a source is its contract); without files, the bundled suite. Besides the small sizes for checking
there are those that a timing would choose with ``--seconds`` for a call of the original.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from generated import ROOT
from parallel_agent.agent.contracting import build_original, get_contract
from parallel_agent.agent.intake import take_in
from parallel_agent.agent.subject import reference_of
from parallel_agent.kernel.comparison import Comparison
from parallel_agent.kernel.contract import Contract
from parallel_agent.measurement.plan import SizeLimits
from parallel_agent.measurement.sizes import Measure, choose_sizes
from parallel_agent.settings import Settings
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.verification.reference import Reference
from parallel_agent.verification.tolerance import calibrate

BUNDLED = ROOT / "src" / "parallel_agent" / "suites" / "bundled"


def main() -> int:
    """Calibrate every kernel; exit status 1 if one could not be."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("files", nargs="*", type=Path, default=[BUNDLED])
    arguments.add_argument("--seconds", type=float, default=0.02)
    given = arguments.parse_args()
    failed = 0
    for file in _sources(given.files):
        started = time.perf_counter()
        try:
            comparison = calibrated(file, given.seconds)
        except Exception as error:
            failed += 1
            print(f"{file.name}: {type(error).__name__}: {error}\n")
            continue
        print(f"{file.name} ({time.perf_counter() - started:.1f} s)")
        _show(comparison)
    return int(failed > 0)


def calibrated(file: Path, seconds: float) -> Comparison:
    """The calibrated comparison of the kernel in a file, up to sizes that take so many seconds."""
    compiler = Compiler.find()
    parsed = take_in(file.read_text(encoding="utf-8"), None, compiler)
    beside = file.with_suffix(".toml")
    settings = Settings(contract=beside if beside.exists() else None)
    with tempfile.TemporaryDirectory(prefix="parallel-agent-") as name:
        directory = Path(name)
        sanitized = build_original(compiler, parsed, directory, "sanitized")
        contract = Contract.from_toml(get_contract(parsed, sanitized, settings))
        binary = build_original(compiler, parsed, directory, "optimized")
        reference = reference_of(parsed, contract, binary, settings.seed)
        bases = choose_sizes(_probe(reference), SizeLimits(max_seconds=seconds))
        sizes = tuple(contract.sizes(base) for base in bases)
        reference = dataclasses.replace(reference, timing_sizes=sizes)
        return calibrate(reference, parsed.kernel, compiler, directory)


def _probe(reference: Reference) -> Measure:
    def measure(base: int) -> tuple[float, int]:
        case = reference.case(reference.contract.sizes(base), (reference.seed, base))
        with reference.worker(reference.binary, 1) as worker:
            worker.prepare(case.payload)
            return worker.go().seconds, len(case.payload)

    return measure


def _sources(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.rglob("*.cpp")) if path.is_dir() else [path]


def _show(comparison: Comparison) -> None:
    for result, tolerance in comparison.results.items():
        print(f"  {result}: {tolerance.evidence}")
        if tolerance.caution:
            print(f"    caution: {tolerance.caution}")
        for step in tolerance.steps:
            upto = ", ".join(f"{name} = {size}" for name, size in step.upto.items())
            print(f"    up to {upto}: relative {step.relative:g}, absolute {step.absolute:g}")
    if not comparison.results:
        print("  no floating-point results: compared exactly")
    print()


if __name__ == "__main__":
    sys.exit(main())
