"""What a policy sees and what it decides, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from parallel_agent.budget.amount import NOTHING, Amount, Cap

Action = Literal["new", "refine"]


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that could be paid for: one answer of one model.

    ``parent`` is the candidate that a refinement starts from, a rejected one if it is to be
    repaired; empty for a new start. ``cost`` is what it is expected to take of what
    has a cap, ``bound`` the most that it can: nothing for what is free. An option stays the same, and may be funded again, as long as
    its ``id`` does.
    """

    id: str
    kernel: str
    model: str
    action: Action
    strategy: str
    parent: str
    cost: Amount
    bound: Amount

    @property
    def free(self) -> bool:
        """True if it cannot take anything that has a cap."""
        return self.bound == NOTHING


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of an option that was funded.

    ``accepted`` says whether the candidate passed every gate. ``speedup`` counts for accepted ones
    only, and is at most 1 for one that is not better than the original at all sizes. ``candidate``
    is its id, the ``parent`` of what refines it: that of the earlier one where the same was written
    before, and empty where nothing was.
    """

    kernel: str
    model: str
    action: Action
    strategy: str
    parent: str
    cost: Amount
    accepted: bool
    speedup: float = 1.0
    candidate: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a kernel stands: the ``best`` speedup so far, at least 1, as the original is kept.

    ``ceiling`` is the speedup at the machine's bound, None where nobody knows.
    """

    kernel: str
    best: float = 1.0
    ceiling: float | None = None


@dataclass(frozen=True, slots=True)
class View:
    """All that a policy decides on.

    ``available`` is what may be reserved now, at most ``cap`` less ``spent``. There is a standing for
    every kernel of the set, one for a single run. At most ``width`` options can be at work at once.
    """

    cap: Cap
    spent: Amount
    available: Cap
    standings: tuple[Standing, ...]
    trials: tuple[Trial, ...]
    options: tuple[Option, ...]
    width: int = 1

    @property
    def used(self) -> float:
        """The share of the cap that is spent, of the currency of which that is the largest."""
        return self.cap.share(self.spent)


@dataclass(frozen=True, slots=True)
class Funding:
    """An option to be paid for, why, and the numbers behind it (see `Weighed.numbers`)."""

    option: Option
    why: str
    numbers: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to pay for now.

    ``pruned`` are options (id, why) that are not worth money any more: do not offer them again.
    ``stop`` says why the work is over; empty as long as something is funded.
    """

    funded: tuple[Funding, ...] = ()
    pruned: tuple[tuple[str, str], ...] = ()
    stop: str = ""
