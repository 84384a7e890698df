"""How fast a kernel is, alone or beside a rewritten one, how it scales, and what holds it back."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.context import Context
from parallel_agent.agent.events import Event
from parallel_agent.agent.intake import read_source, with_contract_beside
from parallel_agent.agent.profile_one import Profiler
from parallel_agent.agent.profile_words import conclusions
from parallel_agent.agent.subject import Study
from parallel_agent.measurement.bounds import Bandwidth, Peak
from parallel_agent.measurement.remarks import LoopRemark, loop_remarks
from parallel_agent.measurement.scaling import Scaling
from parallel_agent.measurement.timing import MismatchError
from parallel_agent.settings import Settings, load_settings
from parallel_agent.toolchain.errors import WorkerError
from parallel_agent.toolchain.machine import Machine

RESULT = "profile.json"
BUILD = "build"


class SizeProfile(BaseModel):
    """One size: seconds of one call (medians), ``bytes`` of its inputs, relative noise.

    ``read_seconds`` is the least that reading the inputs once takes with all threads; None where it
    could not be measured. What belongs to a candidate is None where there is none.
    """

    model_config = ConfigDict(frozen=True)

    sizes: dict[str, int]
    bytes: int
    original_seconds: float
    noise: float
    read_seconds: float | None = None
    candidate_seconds: float | None = None
    speedup: float | None = None
    interval: tuple[float, float] | None = None

    @property
    def seconds(self) -> float:
        """Of the candidate; of the original where there is none."""
        return self.candidate_seconds or self.original_seconds

    @property
    def times_of_reading(self) -> float | None:
        """How many times as long it takes as reading its inputs once; None where that is unknown."""
        return self.seconds / self.read_seconds if self.read_seconds else None


class Profiled(BaseModel):
    """What `profile` measured. Sizes are ascending; paths are absolute, times in seconds.

    ``failure`` says why there are no times of a candidate: it answers otherwise than the original, or
    does not run. ``scaling`` is None without a candidate. ``loops`` are the
    innermost loops of the candidate, else of the original, as the compiler left them.
    ``peak_flops`` are double operations in a second and ``bandwidth`` bytes in a second, at the
    largest size, with all threads; None where they could not be measured.
    """

    model_config = ConfigDict(frozen=True)

    kernel: str
    threads: int
    sizes: tuple[SizeProfile, ...]
    speedup: float | None = None
    interval: tuple[float, float] | None = None
    better: bool = False
    """Whether the candidate is faster beyond the noise, and slower at no size."""
    complete: bool = True
    """False where timing ended early: the candidate was not faster at the largest size."""
    failure: str = ""
    scaling: Scaling | None = None
    loops: tuple[LoopRemark, ...] = ()
    machine: Machine
    peak_flops: float | None = None
    bandwidth: float | None = None
    conclusions: tuple[str, ...] = ()
    """What holds it back and what may help, in words."""
    findings: tuple[str, ...] = ()
    """What makes the samples less trustworthy, in words."""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    run: str = ""


def profile(
    original: str | Path,
    candidate: str | Path | None = None,
    *,
    given: Settings | None = None,
    listener: Callable[[Event], None] = lambda event: None,
    **overrides: Any,
) -> Profiled:
    """Measure the function in the file ``original``, and that of ``candidate`` against it.

    Every answer of the candidate that is timed is compared with the original's, and that is all: the
    gates are `verify`'s. ``overrides`` are settings by name, used where no ``given`` settings come.

    Raises SettingsError, SourceError, ContractError, ContractNeeded, FolderError, CompilerMissing,
    SandboxUnavailable, BuildError or WorkerError when there is nothing to measure.
    """
    started = time.perf_counter()
    path = Path(original)
    text = read_source(path)
    rewritten = None if candidate is None else read_source(Path(candidate))
    chosen = with_contract_beside(given if given is not None else load_settings(**overrides), path)
    with Profiler(text, chosen, chosen.out, listener, name=path.stem) as profiler:
        try:
            found = _measured(profiler, rewritten)
        except BaseException:
            profiler.folder.discard()
            raise
        found = found.model_copy(
            update={
                "conclusions": tuple(conclusions(found)),
                "seconds": time.perf_counter() - started,
                "run": str(profiler.folder.root.absolute()),
            }
        )
        profiler.folder.write(found.model_dump_json(indent=2) + "\n", RESULT)
    return found


def _measured(profiler: Profiler, candidate: str | None) -> Profiled:
    """All but what the whole call took."""
    context, study = profiler.context, profiler.study
    roofs = _roofs(context, study)
    found = Profiled(
        kernel=study.kernel,
        threads=study.threads,
        sizes=tuple(
            SizeProfile(
                sizes=size.sizes,
                bytes=size.bytes,
                original_seconds=size.seconds,
                noise=size.noise,
                read_seconds=seconds,
            )
            for size, seconds in zip(study.sizes, roofs.read_seconds, strict=True)
        ),
        machine=study.machine,
        peak_flops=roofs.peak_flops,
        bandwidth=roofs.bandwidth(study.sizes[-1].bytes),
        loops=_loops(
            context, context.subject.parsed.kernel.source if candidate is None else candidate
        ),
        notes=study.notes,
    )
    return found if candidate is None else _with_candidate(found, profiler, candidate)


def _with_candidate(found: Profiled, profiler: Profiler, candidate: str) -> Profiled:
    """With the times of the candidate, or with what keeps it from having any."""
    try:
        profile = profiler.profile(candidate)
    except (MismatchError, WorkerError) as error:
        return found.model_copy(update={"failure": str(error)})
    timed = {tuple(size.sizes.items()): size for size in profile.sizes}
    sizes = [
        size
        if of is None
        else size.model_copy(
            update={
                "original_seconds": of.original_seconds,
                "candidate_seconds": of.candidate_seconds,
                "speedup": of.speedup,
                "interval": of.interval,
            }
        )
        for size in found.sizes
        for of in [timed.get(tuple(size.sizes.items()))]
    ]
    return found.model_copy(
        update={
            "sizes": tuple(sizes),
            "speedup": profile.speedup,
            "interval": profile.interval,
            "better": profile.better,
            "complete": profile.complete,
            "scaling": profiler.scale(candidate),
            "findings": tuple(profile.findings),
        }
    )


@dataclass(frozen=True)
class _Roofs:
    """What the machine can do: seconds of reading what each size reads, and double operations."""

    read_seconds: tuple[float | None, ...]
    peak_flops: float | None

    def bandwidth(self, size: int) -> float | None:
        """Bytes in a second, where the largest size has so many."""
        last = self.read_seconds[-1]
        return size / last if last else None


def _roofs(context: Context, study: Study) -> _Roofs:
    """Measured, or a note for what cannot be: a bound is welcome, and nothing rests on it."""
    directory, threads = context.folder.path(BUILD), study.threads
    context.emit("stage", "measuring what the machine can do")
    try:
        with context.lane.work():
            bandwidth = Bandwidth(context.settings.cxx, directory / "bandwidth", threads)
            peak = Peak(context.settings.cxx, directory / "peak", threads)
        with context.lane.timing():
            return _Roofs(
                tuple(bandwidth.read_seconds(size.bytes) for size in study.sizes), peak.flops()
            )
    except WorkerError as error:
        context.emit("note", f"the machine's bounds are not known: {error}")
        return _Roofs(tuple(None for _ in study.sizes), None)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _loops(context: Context, source: str) -> tuple[LoopRemark, ...]:
    """The innermost loops as the compiler left them, in the source as it was given."""
    directory = context.folder.path(BUILD)
    try:
        with context.lane.work():
            return loop_remarks(context.compiler, source, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
