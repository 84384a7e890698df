"""Threads only where they pay: a condition on the sizes, from how long the original takes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from parallel_agent.agent.advice import size_condition
from parallel_agent.agent.subject import OriginalAtSize
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules.chain import (
    Chain,
    starts_threads,
    with_forms,
    write_chain,
)

PAYS_SECONDS = 50e-6
"""From this time of the original on threads are used: a parallel region costs some tens of
microseconds on a machine that does something else, too."""
SHORT_SECONDS = 4e-6
"""A call that takes less would feel even an ``if`` clause: the original's own code runs there."""


def written(
    parsed: ParsedSource, contract: Contract, sizes: Sequence[OriginalAtSize], chain: Chain
) -> Iterator[str]:
    """A chain's candidate, and the same in another form where it does not compile in the first one.

    One that starts threads does so only where it pays: by an ``if`` clause, or behind a guard with the
    original's code on the other side. That is for kernels whose smallest size takes next to no time, and for
    threads that start in a function that the condition's names do not reach. Raises NotApplicable.
    """
    proposal = write_chain(parsed, chain)
    condition = _pays(parsed, contract, sizes) if starts_threads(proposal.source) else ""
    if not condition:
        yield proposal.source
        return
    if sizes[0].seconds >= SHORT_SECONDS:
        yield with_forms(parsed, proposal, guard="", isa="", if_clause=condition).source
    yield with_forms(parsed, proposal, guard=condition, isa="").source


def _pays(parsed: ParsedSource, contract: Contract, sizes: Sequence[OriginalAtSize]) -> str:
    """The condition under which the original takes long enough for threads; empty for always."""
    small, large = sizes[0], sizes[-1]
    if small.seconds >= PAYS_SECONDS or large.seconds <= small.seconds:
        return ""
    share = _share_at(sizes, PAYS_SECONDS)
    signature = parsed.kernel.signature
    return size_condition(signature, contract, small.sizes, large.sizes, share) or ""


def _share_at(sizes: Sequence[OriginalAtSize], seconds: float) -> float:
    """Where between the smallest size (0) and the largest (1) the original takes that long.

    Sizes and times are interpolated as logarithms, from one measured size to the next.
    """
    steps = len(sizes) - 1
    for position, (before, after) in enumerate(itertools.pairwise(sizes)):
        if after.seconds >= seconds > before.seconds:
            part = math.log(seconds / before.seconds) / math.log(after.seconds / before.seconds)
            return (position + part) / steps
    return 1.0 - 1e-6
