"""Near-duplicates: kernels that are the same but for names, constants, types and small edits.

A text is taken as the set of its shingles, k tokens in a row, after names, literals and arithmetic
types were made alike (`tokens.abstract`). Two texts resemble one another as the Jaccard coefficient of their
sets says, and one contains the other as the share of the smaller set that is in the larger one
(A. Broder: On the resemblance and containment of documents, 1997). Sets are compared as they are:
sketches (MinHash) would pay from millions of comparisons on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parallel_agent.training.data.tokens import abstract

LENGTH = 6
"""Tokens in a shingle: five are often no more than the head of a loop, which all kernels share."""
THRESHOLD = 0.5
"""From this resemblance on a kernel is a near-duplicate; the docs show what lies on either side."""
CONTAINED = 0.8
"""Or from this share of the smaller one on, if that has at least `ENOUGH` shingles."""
ENOUGH = 40

Shingles = frozenset[tuple[str, ...]]


@dataclass(frozen=True)
class Near:
    """A kernel of a suite, and how much another one resembles it and contains it, from 0 to 1."""

    name: str
    resemblance: float
    containment: float

    @property
    def duplicate(self) -> bool:
        """Whether the two are near-duplicates."""
        return self.resemblance >= THRESHOLD or self.containment >= CONTAINED


def shingles(source: str) -> Shingles:
    """The set of all runs of `LENGTH` tokens of a source; of a shorter one the whole."""
    found = abstract(source)
    return frozenset(
        tuple(found[at : at + LENGTH]) for at in range(max(1, len(found) - LENGTH + 1))
    )


def resemblance(one: Shingles, other: Shingles) -> float:
    """The Jaccard coefficient of two sets: what is in both over what is in either."""
    together = len(one | other)
    return len(one & other) / together if together else 1.0


def containment(one: Shingles, other: Shingles) -> float:
    """The share of the smaller set that is in the other one; 0 where it is too small to tell."""
    least = min(len(one), len(other))
    return len(one & other) / least if least >= ENOUGH else 0.0


class NearSuite:
    """The kernels of suites, and which of them a source is near to."""

    def __init__(self, sources: Iterable[tuple[str, str]]) -> None:
        """Names and texts."""
        self._kernels = [(name, shingles(text)) for name, text in sources]

    def __len__(self) -> int:
        """How many kernels there are."""
        return len(self._kernels)

    def nearest(self, source: str) -> Near | None:
        """The kernel that resembles a source most; None where there is none."""
        mine = shingles(source)
        found = [
            Near(name, resemblance(mine, other), containment(mine, other))
            for name, other in self._kernels
        ]
        return max(found, key=lambda near: (near.duplicate, near.resemblance), default=None)

    def of(self, source: str) -> Near | None:
        """The kernel that a source is a near-duplicate of; None where it is of none."""
        near = self.nearest(source)
        return near if near is not None and near.duplicate else None
