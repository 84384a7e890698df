"""What speaks for a contract: the sizes that ran clean, and how much of the kernel they reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

Place = tuple[int, str, int]
"""A line, the function it belongs to, and which of its branches; -1 for the line itself."""


class Coverage(BaseModel):
    """How many of the kernel's branches and lines the inputs of a contract reach.

    Branches that only exceptions take do not count, nor do functions that no call of the kernel
    reaches. ``uncovered`` are the lines that are not reached or of which a branch is not.
    """

    model_config = ConfigDict(frozen=True)

    branches: int
    reached_branches: int
    lines: int
    reached_lines: int
    uncovered: tuple[int, ...]

    @property
    def share(self) -> float:
        """Reached branches of all; of all lines for a kernel without branches."""
        if self.branches:
            return self.reached_branches / self.branches
        return self.reached_lines / self.lines if self.lines else 1.0

    def __str__(self) -> str:
        text = f"{self.reached_branches} of {self.branches} branches, "
        text += f"{self.reached_lines} of {self.lines} lines"
        if not self.uncovered:
            return text
        numbers = ", ".join(map(str, self.uncovered))
        return f"{text}; not all of line{'s' * (len(self.uncovered) > 1)} {numbers}"


class Evidence(BaseModel):
    """How a contract was found: ``choices`` tell what was taken instead of what, and why.

    ``sizes`` are those of the clean runs under sanitizers, ``runs`` how many they were, and
    ``trials`` how many runs the whole search took.
    """

    model_config = ConfigDict(frozen=True)

    sizes: tuple[dict[str, int], ...]
    runs: int
    trials: int
    coverage: Coverage | None
    choices: tuple[str, ...]

    def notes(self) -> list[str]:
        """The evidence in lines, for the head of a contract's file."""
        lines = ["Found by running the original under sanitizers."]
        if self.sizes and self.sizes[0]:
            first, *others = self.sizes[0]
            shown = " ".join(str(sizes[first]) for sizes in self.sizes)
            near = ", the other sizes a little more or less" if others else ""
            lines.append(f"{self.runs} runs were clean, {first} = {shown}{near}.")
        reached = "not measured (gcov is missing)" if self.coverage is None else str(self.coverage)
        return [*lines, f"Coverage: {reached}.", *self.choices]


@dataclass
class Reach:
    """Which places of the kernel's code some inputs reach, of all there are.

    ``work`` is how many lines were passed in all.
    """

    taken: frozenset[Place] = frozenset()
    places: frozenset[Place] = frozenset()
    work: int = 0

    @classmethod
    def of(cls, counts: Mapping[Place, int], lines: Iterable[tuple[int, int]]) -> Reach:
        """From counts, those of the given ranges of lines only (all, where there are none)."""
        ranges = list(lines)
        kept = {
            place: count
            for place, count in counts.items()
            if not ranges or any(first <= place[0] <= last for first, last in ranges)
        }
        taken = frozenset(place for place, count in kept.items() if count)
        work = sum(count for place, count in kept.items() if place[2] < 0)
        return cls(taken, frozenset(kept), work)

    def __or__(self, other: Reach) -> Reach:
        work = self.work + other.work
        return Reach(self.taken | other.taken, self.places | other.places, work)

    @property
    def lines(self) -> set[int]:
        """The lines that are reached."""
        return {place[0] for place in self.taken}

    @property
    def complete(self) -> bool:
        """True if there is nothing left to reach."""
        return self.taken == self.places

    def coverage(self, before: int = 0) -> Coverage:
        """The numbers; ``before`` is how many lines were put before the user's own."""
        branches = {place for place in self.places if place[2] >= 0}
        # A template or an inlined function has the same line several times.
        lines = {place[0] for place in self.places}
        uncovered = {place[0] - before for place in self.places - self.taken}
        return Coverage(
            branches=len(branches),
            reached_branches=len(branches & self.taken),
            lines=len(lines),
            reached_lines=len(self.lines),
            uncovered=tuple(sorted(uncovered)),
        )
