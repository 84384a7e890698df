"""Gate: the candidate answers as the original does at the sizes that are timed."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping

from parallel_agent.verification.differential import run_and_compare, shown
from parallel_agent.verification.gate import Examination
from parallel_agent.verification.range_ends import near_the_ends
from parallel_agent.verification.reference import thread_counts

MORE_SEED = 1100
_ENDS_SEED = 1200
_MOST, _ENOUGH = 256, 32
_SECONDS, _PATIENCE = 0.25, 1.0
"""Of more inputs for each size: what only few of them show is looked for while that is cheap, and
somewhat longer until there are enough, for a busy machine is no reason to look at fewer."""
_BYTES = 64 << 20


class TimingSizeGate:
    """The sizes that are timed: that is where guarded parallel code runs at all.

    What differs on a few inputs of a hundred, and at small sizes on none, takes more than one of them.
    """

    name = "timing size"

    def check(self, examination: Examination) -> str:
        """Run one input of every timed size with every number of threads, and then more inputs."""
        cases = examination.large_cases()
        counts = thread_counts(examination.threads)
        run_and_compare(examination, cases, counts)
        sizes = examination.reference.timing_sizes
        more = sum(_more(examination, position, size) for position, size in enumerate(sizes))
        ends = sum(_at_the_ends(examination, position, size) for position, size in enumerate(sizes))
        return (
            f"{len(cases)} inputs at {shown(counts)} threads, {more} more at {examination.threads}"
            + (f", {ends} with results near the ends of their range" if ends else "")
        )


def _more(examination: Examination, position: int, sizes: Mapping[str, int]) -> int:
    """Other inputs of one size, in chunks that grow, until the time is up; how many there were."""
    reference, started = examination.reference, time.monotonic()
    drawn, chunk, most = 0, 1, _MOST
    while drawn < most:
        taken = time.monotonic() - started
        if taken > (_SECONDS if drawn >= _ENOUGH else _PATIENCE):
            break
        numbers = range(drawn, min(drawn + chunk, most))
        cases = [
            reference.case(sizes, (reference.seed, MORE_SEED, position, number))
            for number in numbers
        ]
        run_and_compare(examination, cases, (examination.threads,))
        drawn, chunk = numbers.stop, 2 * chunk
        most = min(_MOST, max(1, _BYTES // max(1, len(cases[0].payload))))
    return drawn


def _at_the_ends(examination: Examination, position: int, sizes: Mapping[str, int]) -> int:
    """The inputs of one size whose results nearly leave their range; how many there are."""
    reference = examination.reference
    if position not in reference.near_ends:
        seeds = ((reference.seed, _ENDS_SEED, position, number) for number in itertools.count())
        reference.near_ends[position] = near_the_ends(reference, sizes, seeds)
    cases = [reference.case(sizes, seed) for seed in reference.near_ends[position]]
    if cases:
        run_and_compare(examination, cases, (examination.threads,))
    return len(cases)
