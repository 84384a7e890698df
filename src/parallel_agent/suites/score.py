"""The score of a suite, and the table of scores by category."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from parallel_agent.agent.outcome import OutcomeAtSize

_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class KernelResult(BaseModel):
    """What a run over a suite has to say of one kernel.

    ``built`` and ``correct`` speak of the source handed back, the original where nothing better
    was found. ``proposer`` wrote what won, of ``candidates`` that were examined; ``rejected`` counts those
    that a gate turned away, by gate, and ``not_faster`` those that were correct but no better than the
    original, ``slower`` how many of these were slower. ``speedup`` and its ``interval`` (lower and
    upper end) are None where nothing was timed, ``sizes`` is what was measured at each size;
    ``seconds`` is how long the kernel was worked on, by all processes that did.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    category: str
    status: Literal["improved", "unchanged", "failed"]
    built: bool
    correct: bool
    speedup: _Positive | None = None
    interval: tuple[_Positive, _Positive] | None = None
    sizes: tuple[OutcomeAtSize, ...] = ()
    seconds: float = Field(default=0.0, ge=0)
    spent_usd: Decimal = Field(default=Decimal(0), ge=0)
    proposer: str = ""
    candidates: int = 0
    rejected: dict[str, int] = Field(default_factory=dict)
    not_faster: int = 0
    slower: int = 0
    strategy: str = ""
    reason: str = ""

    @property
    def credit(self) -> float:
        """What the kernel adds to the score: its speedup, 1 where that is less or does not count."""
        if not (self.built and self.correct) or self.speedup is None:
            return 1.0
        return max(1.0, self.speedup)


class CategoryRow(BaseModel):
    """One row of the score table; ``built`` and ``correct`` are percentages of ``kernels``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    category: str
    kernels: int
    built: float
    correct: float
    geomean: float


def score(results: Iterable[KernelResult]) -> float:
    """Geometric mean over the kernels of max(1, speedup), 1 where wrong or not built; 1 of none."""
    logarithms = [math.log(result.credit) for result in results]
    return math.exp(math.fsum(logarithms) / max(1, len(logarithms)))


def by_category(results: Sequence[KernelResult]) -> list[CategoryRow]:
    """A row for each category, in the order in which they appear, and the last, ``all``."""
    groups: dict[str, list[KernelResult]] = {}
    for result in results:
        groups.setdefault(result.category, []).append(result)
    return [*(_row(name, group) for name, group in groups.items()), _row("all", results)]


def _row(category: str, results: Sequence[KernelResult]) -> CategoryRow:
    return CategoryRow(
        category=category,
        kernels=len(results),
        built=_percentage(result.built for result in results),
        correct=_percentage(result.built and result.correct for result in results),
        geomean=score(results),
    )


def _percentage(flags: Iterable[bool]) -> float:
    """How many of the flags are set, in percent; 0 of none."""
    values = list(flags)
    return 100.0 * sum(values) / max(1, len(values))
