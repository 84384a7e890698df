"""Timing an original and its candidates as a run does, at sizes that a set of thousands can pay for."""

from __future__ import annotations

from pathlib import Path

from parallel_agent.agent.profiling import Profile, ProfileAtSize, time_against
from parallel_agent.agent.study import Probe, measure
from parallel_agent.agent.subject import OriginalAtSize
from parallel_agent.kernel.contract import Contract
from parallel_agent.measurement.plan import MIB, SizeLimits, TimingPlan
from parallel_agent.measurement.sizes import choose_sizes
from parallel_agent.measurement.statistics import geometric_mean_interval
from parallel_agent.verification.reference import Reference

LIMITS = SizeLimits(max_seconds=0.01, max_bytes=3 * MIB)
"""Of the largest size: the sanitizers and the race detector run it, too."""
PROBES = 6
"""Calls at a size that is tried out, of which the quickest counts: a call of some milliseconds is easily
made to wait for as long again where the machine does something else."""
NOISE = TimingPlan(min_pairs=6, max_pairs=10, max_seconds=0.6, inputs=2)
LOOK = TimingPlan(min_pairs=5, max_pairs=8, max_seconds=0.6, inputs=2, precision=0.12)
"""At the largest size alone: what is not faster there is not worth the dear gates."""
FULL = TimingPlan(min_pairs=7, max_pairs=24, max_seconds=1.5, precision=0.08)
"""At every size, on inputs drawn anew for every pair: what a pair's speedup comes from."""

_LOOK_SALT, _FULL_SALT = 4000, 4001


def timed_sizes(reference: Reference, contract: Contract) -> tuple[dict[str, int], ...]:
    """A small, a middling and a large size, chosen by measurement. Raises WorkerError."""
    bases = choose_sizes(Probe(reference, contract, PROBES), LIMITS)
    return tuple(contract.sizes(base) for base in bases)


def measure_original(reference: Reference, twin: Path, threads: int) -> list[OriginalAtSize]:
    """Time the original against the same code at another address: its time and its noise at each size.

    The caller holds the timing lane. Raises WorkerError and MismatchError.
    """
    return [measure(reference, twin, size, threads, NOISE) for size in reference.timing_sizes]


def looks_faster(
    reference: Reference, candidate: Path, largest: OriginalAtSize, threads: int
) -> bool:
    """Whether a candidate is faster at the largest size beyond the noise, at first sight.

    The caller holds the timing lane. Raises WorkerError and MismatchError.
    """
    return _paired(reference, candidate, largest, threads, LOOK, _LOOK_SALT).result == "faster"


def profile(
    reference: Reference, candidate: Path, sizes: list[OriginalAtSize], threads: int
) -> Profile:
    """Time a candidate at every size, the largest first, on inputs that no look at it has seen.

    Ends early, and is not complete, where it is not faster at the largest or slower at another. The
    caller holds the timing lane. Raises WorkerError and MismatchError.
    """
    measured: list[ProfileAtSize] = []
    for size in reversed(sizes):
        measured.insert(0, _paired(reference, candidate, size, threads, FULL, _FULL_SALT))
        least = ("faster",) if len(measured) == 1 else ("faster", "same")
        if measured[0].result not in least:
            break
    overall = geometric_mean_interval(
        [(size.samples.original, size.samples.candidate) for size in measured]
    )
    return Profile(
        sizes=tuple(measured),
        speedup=overall.ratio,
        interval=(overall.low, overall.high),
        threads=threads,
        complete=len(measured) == len(sizes),
    )


def _paired(
    reference: Reference,
    candidate: Path,
    size: OriginalAtSize,
    threads: int,
    plan: TimingPlan,
    salt: int,
) -> ProfileAtSize:
    seed = [reference.seed, salt, *size.sizes.values()]
    return time_against(reference, candidate, size, plan, seed, threads)
