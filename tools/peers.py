"""Ours and other compilers' versions of kernels, held side by side in one run.

Each kernel of a set (the bundled suite, ``--kernels FILE.json`` with name, category and source, or
``--folder DIR`` of .cpp files) is optimized, or its answer taken from an earlier run
(``--answers FOLDER`` of a suite or of this program), and built with g++, its autoparallelizer, clang,
Polly and Polly's parallel code. All are checked against the original and then timed in turns on the
same inputs, at every size.

    python tools/peers.py bundled --threads 2 --out peers --plot peers.png
    python tools/peers.py --kernels dev.json --answers peers --json > again.json

The table goes to stdout, progress to stderr. The exit status is 1 if ours is wrong anywhere.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import Future
from pathlib import Path

from rich.console import Console

from comparison.judging import Program, build_program, build_reference, judged
from comparison.kernels import chosen, named
from comparison.peers import OURS, Line, line_up
from comparison.results import Comparison, Row
from comparison.subjects import Subject, Unprepared, load, optimized, run_folder, studied
from comparison.table import print_comparison
from parallel_agent.agent.contracting import BuildError
from parallel_agent.agent.run_folder import RUNS
from parallel_agent.measurement.lane import Lane
from parallel_agent.measurement.plan import TimingPlan, plan_for
from parallel_agent.settings import Settings, load_settings
from parallel_agent.suites.suite import SuiteKernel
from parallel_agent.toolchain import machine, sandbox
from parallel_agent.toolchain.compiler import Compiler, CompilerMissing
from parallel_agent.toolchain.launchers.launcher import SandboxUnavailable
from parallel_agent.toolchain.pool import Pool
from parallel_agent.toolchain.runner import WorkerError
from parallel_agent.verification.reference import Reference

Built = tuple[Reference, dict[str, Program]]
Building = tuple[Future[Reference], dict[str, Future[Program]]]


def main() -> int:
    """Compare, and print what came of it."""
    given = _arguments()
    out: Path = given.out or RUNS / time.strftime("peers-%Y%m%d-%H%M%S")
    try:
        settings = load_settings(threads=given.threads, effort=given.effort, seed=given.seed)
        sandbox.choose(no_sandbox=settings.no_sandbox)
        kernels = named(
            chosen(given.suite, given.kernels, given.folder, out / "sources"), given.only
        )
        compiler = Compiler.find(settings.cxx, settings.cxxflags)
        line = line_up(compiler, settings.thread_count, given.peers)
        if not kernels:
            raise LookupError("no kernel is left to compare")
        if given.answers and not given.answers.is_dir():
            raise LookupError(f"{given.answers} is no folder with runs")
    except (CompilerMissing, LookupError, ValueError, OSError, SandboxUnavailable) as error:
        print(f"error: {error}\n  help: tools/peers.py --help", file=sys.stderr)
        return 2
    comparison = compare(kernels, line, settings, out, given.answers, given.jobs)
    if given.json:
        print(comparison.model_dump_json(indent=2))
    print_comparison(comparison, Console(stderr=given.json, width=200, highlight=False))
    if given.plot:
        from comparison.plot import draw

        draw(comparison, given.plot)
    return int(any(row.cells[OURS].problem != "" for row in comparison.rows if OURS in row.cells))


def compare(
    kernels: list[SuiteKernel],
    line: Line,
    settings: Settings,
    out: Path,
    answers: Path | None,
    jobs: int,
) -> Comparison:
    """First all answers are had, then everything is built, then kernel by kernel it is timed."""
    busy = machine.load().others
    prepared = [_prepare(kernel, line, settings, out, answers) for kernel in kernels]
    with tempfile.TemporaryDirectory(prefix="parallel-agent-peers-") as scratch:
        _tell("all", "building")
        programs = _build_all(prepared, line, settings, Path(scratch), jobs)
        rows = [
            subject if isinstance(subject, Row) else _judge(subject, built, settings)
            for subject, built in zip(prepared, programs, strict=True)
        ]
    return Comparison(
        programs=tuple(peer.name for peer in line.peers),
        rows=tuple(rows),
        threads=settings.thread_count,
        missing=line.missing,
        notes=(
            *(f"{peer.name}: {_command(peer.compiler)}" for peer in line.peers),
            f"others used {busy:.0%} of the machine before it began",
        ),
    )


def _prepare(
    kernel: SuiteKernel, line: Line, settings: Settings, out: Path, answers: Path | None
) -> Subject | Row:
    """The kernel as a run knows it, or the row that says why there is none."""
    asked = any(peer.name == OURS for peer in line.peers)
    root = run_folder(answers or out, kernel)
    try:
        if answers is None:
            _tell(kernel.name, "optimizing" if asked else "measuring the original")
            (optimized if asked else studied)(kernel, settings, root)
        subject = load(kernel, root, Compiler.find(settings.cxx, settings.cxxflags))
        if asked and subject.outcome is None:
            raise Unprepared(f"the run in {root} did not end")
        return subject
    except Unprepared as error:
        _tell(kernel.name, str(error))
        return Row(kernel=kernel.name, category=kernel.category, reason=str(error))


def _build_all(
    prepared: list[Subject | Row], line: Line, settings: Settings, scratch: Path, jobs: int
) -> list[Built | str]:
    """Every program of every kernel, so many compilers at a time, while nothing is timed."""
    compiler = Compiler.find(settings.cxx, settings.cxxflags)

    def submitted(number: int, subject: Subject) -> Building:
        directory = scratch / str(number)
        original = pool.submit(build_reference, subject, compiler, directory, settings.seed)
        others = {p.name: pool.submit(build_program, subject, p, directory) for p in line.peers}
        return original, others

    with Lane().work(), Pool(jobs) as pool:
        waiting = [
            None if isinstance(subject, Row) else submitted(number, subject)
            for number, subject in enumerate(prepared)
        ]
        return [_gathered(building) for building in waiting]


def _gathered(building: Building | None) -> Built | str:
    """What was built, or why nothing was."""
    if building is None:
        return ""
    reference, programs = building
    try:
        return reference.result(), {name: built.result() for name, built in programs.items()}
    except BuildError as error:
        return str(error)


def _judge(subject: Subject, built: Built | str, settings: Settings) -> Row:
    kernel = subject.kernel
    if isinstance(built, str):
        return Row(kernel=kernel.name, category=kernel.category, reason=built)
    reference, programs = built
    _tell(kernel.name, "checking")
    try:
        with Lane().timing():
            return judged(
                subject,
                reference,
                programs,
                threads=settings.thread_count,
                seed=settings.seed,
                plan=_plan(settings, len(programs)),
                progress=lambda text: _tell(kernel.name, text),
            )
    except WorkerError as error:
        return Row(kernel=kernel.name, category=kernel.category, reason=f"the original: {error}")


def _plan(settings: Settings, programs: int) -> TimingPlan:
    """The plan for a pair, with as much more time as there are more programs."""
    plan = plan_for(settings.effort)
    return plan.model_copy(update={"max_seconds": plan.max_seconds * (1 + programs) / 2})


def _command(compiler: Compiler) -> str:
    return " ".join([Path(compiler.cxx).name, *compiler.flags])


def _tell(kernel: str, text: str) -> None:
    print(f"{kernel}: {text}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", nargs="?", choices=["bundled"], help="default without a set")
    parser.add_argument("--kernels", type=Path, help="JSON: a list of name, category and source")
    parser.add_argument("--folder", type=Path, help="a folder of .cpp files")
    parser.add_argument("--only", action="append", default=[], help="part of a kernel's name")
    parser.add_argument("--peers", type=str.split, default=[], help="names, in one argument")
    parser.add_argument("--answers", type=Path, help="a folder with runs: nothing is optimized")
    parser.add_argument(
        "--out", type=Path, help="the folder for the runs; one that is there goes on"
    )
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--effort", choices=["quick", "normal", "thorough"], default="normal")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="compilers at a time")
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    parser.add_argument("--plot", type=Path, help="write a picture there")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
