"""Measuring the original, the first thing a run does once it has a contract."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from parallel_agent.agent.subject import OriginalAtSize, Study, reference_of
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import ParsedSource
from parallel_agent.kernel.workload import Workload
from parallel_agent.measurement.bounds import Bandwidth
from parallel_agent.measurement.plan import TimingPlan, noise_plan, size_limits_for
from parallel_agent.measurement.sizes import choose_sizes
from parallel_agent.measurement.statistics import noise_floor
from parallel_agent.measurement.timing import Draw, choose_instances, time_pair
from parallel_agent.settings import Settings, SettingsError
from parallel_agent.toolchain import machine
from parallel_agent.toolchain.errors import WorkerError
from parallel_agent.verification.reference import Reference

BUSY = 0.1
"""Share of the machine used by others above which a timing is not to be trusted."""


def chosen_sizes(given: tuple[str, ...], contract: Contract) -> list[dict[str, int]]:
    """The user's own sizes, ``4096`` for every dimension or ``M=100,N=200``; SettingsError."""
    return [_size(text, contract) for text in given]


def _size(text: str, contract: Contract) -> dict[str, int]:
    names = list(contract.dimensions)
    try:
        if "=" not in text:
            sizes = dict.fromkeys(names, int(text))
        else:
            sizes = {name.strip(): int(size) for name, size in _assignments(text)}
    except ValueError:
        raise SettingsError(f"size: '{text}' is neither 4096 nor M=100,N=200") from None
    if set(sizes) != set(names):
        raise SettingsError(f"size: '{text}' must give {', '.join(names)} and nothing else")
    for name, size in sizes.items():
        if size < 0 or contract.dimensions[name].fit(size) != size:
            raise SettingsError(f"size: {name}={size} is not allowed by the contract")
    return sizes


def _assignments(text: str) -> list[tuple[str, str]]:
    pairs = [part.partition("=") for part in text.split(",")]
    return [(name, size) for name, _, size in pairs]


def study_original(
    parsed: ParsedSource,
    contract: Contract,
    binary: Path,
    twin: Path,
    given: Settings,
    progress: Callable[[OriginalAtSize], None],
    *,
    compiler: str,
    bandwidth: Bandwidth | None = None,
) -> Study:
    """Choose the sizes and time the original against its twin at each: its time and its noise.

    The twin is the same code at other addresses. Without ``bandwidth`` there are no bounds. The caller
    holds the timing lane. Raises WorkerError if the original fails on the contract's inputs,
    SettingsError for sizes that the contract does not allow.
    """
    busy = machine.load().others
    described = machine.describe(compiler)
    reference = reference_of(parsed, contract, binary, given.seed)
    sizes = chosen_sizes(given.size, contract) or list(contract.timing)
    sizes.sort(key=lambda chosen: math.prod(chosen.values()))
    if not sizes:
        limits = size_limits_for(given.effort, cache_bytes=described.last_cache_bytes or 0)
        probe = Probe(reference, contract)
        bases = choose_sizes(probe, limits)
        sizes = [contract.sizes(base) for base in bases]
    measured = []
    for size in sizes:
        found = measure(reference, twin, size, given.thread_count, noise_plan(given.effort))
        measured.append(_bounded(found, bandwidth))
        progress(measured[-1])
    notes = list(parsed.kernel.notes)
    if busy > BUSY:
        notes.append(f"the machine was busy: others used {busy:.0%} of it before the timing")
    return Study(
        kernel=parsed.kernel.name,
        sizes=tuple(measured),
        threads=given.thread_count,
        machine=described,
        busy=busy,
        notes=tuple(notes),
    )


class Probe:
    """Seconds of one call of the original, and bytes of its inputs or outputs, by base size.

    The least of so many ``calls`` counts; the first one pays for pages that are touched first.
    """

    def __init__(self, reference: Reference, contract: Contract, calls: int = 2) -> None:
        self._reference = reference
        self._contract = contract
        self._calls = calls

    def __call__(self, base: int) -> tuple[float, int]:
        """Seconds and bytes at sizes near ``base``."""
        sizes = self._contract.sizes(base)
        case = self._reference.case(sizes, (self._reference.seed, 2000, base))
        with self._reference.worker(self._reference.binary, 1) as worker:
            seconds = []
            for _ in range(self._calls):
                worker.prepare(case.payload)
                seconds.append(worker.go().seconds)
            with worker.collect() as outputs:
                written = len(outputs)
        return min(seconds), max(len(case.payload), written)


def drawer(workload: Workload, sizes: Mapping[str, int]) -> Draw:
    """Draws the inputs of a number of calls at fixed sizes."""

    def draw(rng: np.random.Generator, instances: int, room: memoryview) -> int:
        return workload.write(room, sizes, rng, instances)

    return draw


def _bounded(measured: OriginalAtSize, bandwidth: Bandwidth | None) -> OriginalAtSize:
    """With the time that reading its inputs takes at least, where the original takes no less."""
    bound = math.inf
    if bandwidth is not None:
        with suppress(WorkerError):  # a bound is welcome, and nothing rests on it
            bound = bandwidth.read_seconds(measured.bytes)
    known = bound if bound <= measured.seconds else None
    return measured.model_copy(update={"bound_seconds": known})


def measure(
    reference: Reference, twin: Path, sizes: Mapping[str, int], threads: int, plan: TimingPlan
) -> OriginalAtSize:
    """Time the original against its twin at one size: its time and its noise.

    The caller holds the timing lane. Raises WorkerError and MismatchError.
    """
    rng = np.random.default_rng([reference.seed, 3000, *sizes.values()])
    draw = drawer(reference.workload, sizes)
    with (
        reference.inputs() as shared,
        reference.worker(reference.binary, threads, shared) as one,
        reference.worker(twin, threads, shared) as other,
    ):
        instances = choose_instances(one, draw, rng)
        samples = time_pair(
            one,
            other,
            draw,
            partial(reference.compare, sizes=sizes),
            instances=instances,
            rng=rng,
            plan=plan,
        )
        size_bytes = draw(rng, 1, shared.room())
    return OriginalAtSize(
        sizes=dict(sizes),
        seconds=statistics.median(samples.original),
        bytes=size_bytes,
        instances=instances,
        noise=noise_floor(samples.original, samples.candidate),
    )
