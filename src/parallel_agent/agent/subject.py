"""What a run is about: the kernel, its contract, and the original as it was measured."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import ParsedSource
from parallel_agent.toolchain.machine import Machine
from parallel_agent.toolchain.sandbox import Limits
from parallel_agent.verification.reference import Reference

KERNEL_LIMITS = Limits(wall_seconds=30.0, cpu_seconds=3600, memory_bytes=8 << 30)
"""What one process with a kernel may use; the wall time is for one reply."""


class OriginalAtSize(BaseModel):
    """The original at one size: seconds of one call (median), bytes of one call's inputs.

    ``instances`` calls are timed together; ``noise`` is how far from 1 the ratio of two runs of the
    very same program may lie here (0.03 is 3 %). ``bound_seconds`` is what reading the inputs once
    with all threads takes at least; None where the original itself takes less, and so needs not all
    of them, and where it is not known.
    """

    model_config = ConfigDict(frozen=True)

    sizes: dict[str, int]
    seconds: float
    bytes: int
    instances: int
    noise: float
    bound_seconds: float | None = None


class Study(BaseModel):
    """The original as measured on this machine; in the run folder as ``original/study.json``."""

    model_config = ConfigDict(frozen=True)

    kernel: str
    sizes: tuple[OriginalAtSize, ...]
    threads: int
    machine: Machine
    busy: float
    """Share of the machine's processor time that others used before the timing."""
    notes: tuple[str, ...] = ()

    @property
    def noise_floor(self) -> float:
        """The largest noise of all sizes."""
        return max(size.noise for size in self.sizes)

    @property
    def ceiling(self) -> float | None:
        """The speedup at the machine's bound, over all sizes; None where it is not known at one."""
        ratios = [size.seconds / size.bound_seconds for size in self.sizes if size.bound_seconds]
        return statistics.geometric_mean(ratios) if len(ratios) == len(self.sizes) else None


@dataclass(frozen=True)
class Subject:
    """The kernel with everything that candidates are held against."""

    parsed: ParsedSource
    contract: Contract
    study: Study
    reference: Reference


def reference_of(
    parsed: ParsedSource, contract: Contract, binary: Path, seed: int, study: Study | None = None
) -> Reference:
    """The original as the judge of candidates, at the sizes that were studied."""
    return Reference(
        signature=parsed.kernel.signature,
        contract=contract,
        binary=binary,
        limits=KERNEL_LIMITS,
        seed=seed,
        timing_sizes=() if study is None else tuple(size.sizes for size in study.sizes),
    )
