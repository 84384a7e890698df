"""An estimate of memory, in named parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class MemoryEstimate:
    """The most memory that is taken at one time, by what takes it.

    ``parts`` are bytes at the moment of the peak, and ``peak`` names that moment (``prefill``,
    ``loss``, ``backward`` or ``step``): what is not alive then is not in it.
    """

    parts: Mapping[str, int]
    peak: str

    @property
    def total(self) -> int:
        """The sum of the parts, in bytes."""
        return sum(self.parts.values())

    def without(self, part: str) -> int:
        """The sum of all other parts, in bytes."""
        return self.total - self.parts.get(part, 0)


def highest(moments: Mapping[str, Mapping[str, int]]) -> MemoryEstimate:
    """The estimate of the moment that takes the most; parts of nothing are left out."""
    peak = max(moments, key=lambda moment: sum(moments[moment].values()))
    return MemoryEstimate({name: size for name, size in moments[peak].items() if size}, peak)
