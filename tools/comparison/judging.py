"""All programs of one kernel: built, checked against the reference, and timed in turns."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from comparison.peers import OURS, REFERENCE, Peer
from comparison.results import Cell, CellAtSize, Row
from comparison.subjects import Subject
from parallel_agent.agent.contracting import MOVED, build_original
from parallel_agent.agent.intake import HEADERS_NOTE
from parallel_agent.agent.study import drawer
from parallel_agent.agent.subject import OriginalAtSize, reference_of
from parallel_agent.kernel.source import with_standard_headers
from parallel_agent.measurement.plan import TimingPlan
from parallel_agent.measurement.round_robin import ProgramSamples, time_round_robin
from parallel_agent.measurement.statistics import noise_floor, ratio_interval
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.symbols import dynamic_symbols
from parallel_agent.verification.build import build
from parallel_agent.verification.reference import Reference

_FORKS = ("GOMP_parallel", "__kmpc_fork_call", "pthread_create", "_ZNSt6thread15_M_start_thread")
"""Beginnings of the names by which compiled code starts threads."""


@dataclass(frozen=True)
class Program:
    """A program as it was built, or why there is none."""

    binary: Path | None
    detail: str = ""
    threads: bool = False


def build_program(subject: Subject, peer: Peer, directory: Path) -> Program:
    """Build a kernel as one peer does, in a folder of the peer's own."""
    kernel, source = subject.parsed.kernel, subject.parsed.kernel.source
    texts = [source]
    if peer.name == REFERENCE:
        texts = [MOVED + source]
    elif peer.name == OURS:
        helped = with_standard_headers(subject.answer)
        texts = [helped] if HEADERS_NOTE in kernel.notes else [subject.answer, helped]
    detail = ""
    for text in texts:
        compiled = build(peer.compiler, kernel.signature, text, directory / peer.name, "optimized")
        if compiled.binary is not None:
            imported = dynamic_symbols(compiled.binary).imported
            return Program(
                compiled.binary, threads=any(name.startswith(_FORKS) for name in imported)
            )
        detail = detail or compiled.errors[0].message
    return Program(None, detail)


def build_reference(subject: Subject, compiler: Compiler, directory: Path, seed: int) -> Reference:
    """The original as the judge, at the sizes of its study; BuildError if it does not build."""
    binary = build_original(compiler, subject.parsed, directory / "original", "optimized")
    return reference_of(subject.parsed, subject.contract, binary, seed, subject.study)


def checked(reference: Reference, program: Program, threads: int) -> str:
    """Where a program differs from the original, at small sizes and those to be timed; or empty."""
    if program.binary is None:
        return ""
    cases = [*reference.check_cases(), *reference.timing_cases()]
    failure = reference.run_cases(program.binary, threads, cases)
    return "" if failure is None else str(failure)


def judged(
    subject: Subject,
    reference: Reference,
    programs: dict[str, Program],
    *,
    threads: int,
    seed: int,
    plan: TimingPlan,
    progress: Callable[[str], None],
) -> Row:
    """Check all programs of a kernel and time those that are right; the caller has the lane.

    Raises WorkerError if the original itself fails.
    """
    cells: dict[str, Cell] = {}
    for name, program in programs.items():
        wrong = checked(reference, program, threads)
        if program.binary is None:
            cells[name] = Cell(problem="does not build", detail=program.detail)
        else:
            problem = "wrong" if wrong else ""
            cells[name] = Cell(problem=problem, detail=wrong, threads=program.threads)
    noise = []
    for size in subject.study.sizes:
        progress(f"timing at {size.sizes}")
        right = [name for name, cell in cells.items() if not cell.problem]
        binaries = [binary for name in right if (binary := programs[name].binary) is not None]
        samples = _timed(reference, binaries, size, threads, seed, plan)
        cells |= _measured(cells, right, samples)
        noise.append(_noise(dict(zip(right, samples[1:], strict=True)), samples[0], size))
    outcome = subject.outcome
    return Row(
        kernel=subject.kernel.name,
        category=subject.kernel.category,
        answer="" if outcome is None else (outcome.strategy or "; ".join(outcome.reasons)),
        improved=outcome is not None and outcome.status == "improved",
        seconds=0.0 if outcome is None else outcome.seconds,
        own_cpu_seconds=0.0 if outcome is None else outcome.own_cpu_seconds,
        sizes=tuple(size.sizes for size in subject.study.sizes),
        noise=tuple(noise),
        cells=cells,
    )


def _timed(
    reference: Reference,
    binaries: Sequence[Path],
    size: OriginalAtSize,
    threads: int,
    seed: int,
    plan: TimingPlan,
) -> tuple[ProgramSamples, ...]:
    """The samples of the original and of each binary, in this order."""
    rng = np.random.default_rng([seed, 6000, *size.sizes.values()])
    with ExitStack() as stack:
        shared = stack.enter_context(reference.inputs())
        workers = [
            stack.enter_context(reference.worker(binary, threads, shared))
            for binary in (reference.binary, *binaries)
        ]
        return time_round_robin(
            workers,
            drawer(reference.workload, size.sizes),
            partial(reference.compare, sizes=size.sizes),
            instances=size.instances,
            rng=rng,
            plan=plan,
        ).programs


def _measured(
    cells: dict[str, Cell], names: Sequence[str], samples: Sequence[ProgramSamples]
) -> dict[str, Cell]:
    """The cells with one more size; who failed while it was timed is wrong and has no sizes."""
    original, *others = samples
    by_name = dict(zip(names, others, strict=True))
    ours = by_name.get(OURS)
    found = {}
    for name, program in by_name.items():
        cell = cells[name]
        if program.failure:
            found[name] = cell.model_copy(
                update={"problem": "wrong", "detail": program.failure, "sizes": ()}
            )
            continue
        comparable = ours is not None and not ours.failure and name != OURS
        at = CellAtSize(
            seconds=statistics.median(program.seconds),
            ratio=ratio_interval(original.seconds, program.seconds),
            to_ours=ratio_interval(program.seconds, ours.seconds) if ours and comparable else None,
        )
        found[name] = cell.model_copy(update={"sizes": (*cell.sizes, at)})
    return found


def _noise(
    by_name: dict[str, ProgramSamples], original: ProgramSamples, size: OriginalAtSize
) -> float:
    """What the reference's second copy shows of the noise here, the study's where there is none."""
    again = by_name.get(REFERENCE)
    if again is None or again.failure:
        return size.noise
    return noise_floor(original.seconds, again.seconds)
