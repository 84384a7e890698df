"""What a model is told, as plain data: the kernel, what was tried, and what is wanted of it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Platform(_Plain):
    """The machine and the compiler that candidates are built with and timed on.

    ``caches`` are bytes by name (``L1d``, ``L2``), smallest first. ``instruction_sets`` are those
    that the processor has, by the names that ``__builtin_cpu_supports`` knows.
    """

    cpu: str
    cores: int
    threads: int
    caches: dict[str, int]
    instruction_sets: tuple[str, ...]
    compiler: str
    flags: tuple[str, ...]


class OriginalTime(_Plain):
    """How long one call of the original takes at a size, and reading its inputs, at least."""

    sizes: dict[str, int]
    seconds: float
    bound_seconds: float | None = None


class KernelFacts(_Plain):
    """The function to speed up, with its file, and what holds for every version of it.

    ``contract`` is in words: `contract_words.in_words`. ``times`` are the original's, smallest size
    first; candidates are timed at the same sizes.
    """

    name: str
    source: str
    contract: str
    platform: Platform
    times: tuple[OriginalTime, ...] = ()


class TimeAtSize(_Plain):
    """A candidate against the original at one size; seconds of one call."""

    sizes: dict[str, int]
    original_seconds: float
    candidate_seconds: float
    speedup: float
    result: Literal["faster", "same", "slower"]


class Result(_Plain):
    """What came of a strategy: its speedup over all sizes, and at each."""

    strategy: str
    speedup: float
    times: tuple[TimeAtSize, ...] = ()


class Version(_Plain):
    """A version of the file, how it fared, and what is to be said of it."""

    source: str
    result: Result | None = None
    findings: tuple[str, ...] = ()


class CompilerError(_Plain):
    """One error of the compiler; line and column count from 1, 0 where it names none."""

    message: str
    line: int = 0
    column: int = 0


class Diagnosis(_Plain):
    """Why a gate did not let a version pass.

    ``detail`` is the gate's own word. ``errors`` are the compiler's. ``inputs`` says in words which
    inputs broke it, ``report`` is what a sanitizer or the race detector printed.
    """

    gate: str
    detail: str
    errors: tuple[CompilerError, ...] = ()
    inputs: str = ""
    report: str = ""


class CoderTask(_Plain):
    """Write a version of the file: a new one, or one better than ``parent``.

    ``strategy`` is a name in `strategies.STRATEGIES` or words of a plan's own. ``best`` is the best
    version so far of any branch, ``lessons`` are what other branches learned.
    """

    kernel: KernelFacts
    strategy: str
    parent: Version | None = None
    best: Result | None = None
    lessons: tuple[str, ...] = ()


class RepairTask(_Plain):
    """Correct a version that a gate did not let pass."""

    kernel: KernelFacts
    strategy: str
    broken: str
    diagnosis: Diagnosis


class PlanTask(_Plain):
    """Choose up to ``count`` strategies for the kernel."""

    kernel: KernelFacts
    count: int
    tried: tuple[Result, ...] = ()
    lessons: tuple[str, ...] = ()


class CritiqueTask(_Plain):
    """Say whether a version is worth another step, and what to do in it."""

    kernel: KernelFacts
    strategy: str
    version: Version
    diagnosis: Diagnosis | None = None
    best: Result | None = None


class ContractTask(_Plain):
    """Write the contract of a kernel for which none could be inferred.

    ``template`` is the TOML that came closest, ``problem`` what goes wrong under it.
    """

    name: str
    source: str
    template: str
    problem: str
