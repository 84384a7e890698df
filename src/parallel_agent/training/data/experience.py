"""What was learned while a data set is made: what is not worth its time is tried only now and then.

Nothing that is checked of a pair depends on it. What is drawn does not either: only whether a drawn kernel,
or one of its candidates, is worked on.
"""

from __future__ import annotations

from collections import Counter

from parallel_agent.training.data.store import Tried

KERNELS, CANDIDATES = 6, 4
"""So many without success, and no success yet, make a source of kernels, or a strategy for it, barren."""
NOW_AND_THEN = 6
"""One of so many is tried all the same: a machine that is busy today is free tomorrow."""


class Experience:
    """Successes and failures by where kernels come from, and by the strategies that were tried there."""

    def __init__(self) -> None:
        self._won: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self._passed: Counter[str] = Counter()

    def add(self, tried: Tried) -> None:
        """Take in what became of a kernel; one that nothing was tried with says nothing."""
        if not tried.worked_on:
            return
        (self._won if tried.pairs else self._lost)[tried.origin] += 1
        for strategy in tried.won:
            self._won[f"{tried.origin}: {strategy}"] += 1
        for strategy in tried.lost:
            self._lost[f"{tried.origin}: {strategy}"] += 1

    def worth_solving(self, origin: str) -> bool:
        """Whether to work on one more kernel from there."""
        return self._worth(origin, KERNELS)

    def worth_trying(self, origin: str, strategy: str) -> bool:
        """Whether to try a strategy on one more kernel from there."""
        return self._worth(f"{origin}: {strategy}", CANDIDATES)

    def _worth(self, key: str, enough: int) -> bool:
        if self._won[key] or self._lost[key] < enough:
            return True
        self._passed[key] += 1
        return self._passed[key] % NOW_AND_THEN == 0
