"""How results are compared: the user's own tolerance, or the one that was calibrated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

UNCALIBRATED = 1e-9
"""The relative tolerance of a contract that says nothing and was not calibrated."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Bound(NamedTuple):
    """Numbers agree when |a - b| <= absolute + relative * min(|a|, |b|)."""

    relative: float
    absolute: float

    @property
    def exact(self) -> bool:
        """True if nothing but the same number will do."""
        return self.relative == 0 and self.absolute == 0


EXACT = Bound(0.0, 0.0)


class Step(_Model):
    """The tolerance at sizes whose product is at most that of ``upto``; 0 and 0 is exact."""

    upto: dict[str, int]
    relative: float = Field(0.0, ge=0)
    absolute: float = Field(0.0, ge=0)

    @property
    def bound(self) -> Bound:
        """The tolerance itself."""
        return Bound(self.relative, self.absolute)


class Tolerance(_Model):
    """How far one floating-point result may lie from the original's, as calibrated.

    ``steps`` ascend with the sizes; without any the result is compared exactly. ``evidence`` says
    what was seen, ``caution`` what cannot be trusted.
    """

    evidence: str = ""
    caution: str = ""
    steps: list[Step] = Field(default_factory=list)

    def at(self, sizes: Mapping[str, int]) -> Bound:
        """The bound at these sizes: between two steps the larger, or exact if one of them is.

        Beyond the largest that was calibrated the bound grows in proportion to the work: rounding
        errors grow no faster than the number of operations (Higham, Accuracy and Stability of
        Numerical Algorithms, 2nd ed., section 4.2).
        """
        if not self.steps:
            return EXACT
        work = extent(sizes)
        below = self.steps[0].bound
        for step in self.steps:
            reached = extent(step.upto)
            if work == reached:
                return step.bound
            if work < reached:
                return _between(below, step.bound)
            below = step.bound
        growth = work / reached
        return Bound(growth * below.relative, growth * below.absolute)


class Comparison(_Model):
    """How results are compared with the original's.

    Floating-point results a and b agree when |a - b| <= absolute + relative * min(|a|, |b|), and
    where they are NaN or infinite if both are the same. ``relative`` and ``absolute`` are the
    user's own; both 0 demands the same bits. Without them ``results`` decide: the calibrated
    tolerance of each result, by the name of the parameter (or ``return``) and, for members of
    structs, of the member: ``hits.score``. Integers, booleans and strings are exact.

    ``any_order`` names vector results whose order the kernel does not promise: parameters, and
    ``return`` for the returned vector. ``ties`` names vectors of structs that are sorted by the
    members given: elements that are equal in these may be in any order among each other.
    """

    relative: float | None = Field(None, ge=0)
    absolute: float | None = Field(None, ge=0)
    any_order: list[str] = Field(default_factory=list)
    ties: dict[str, list[str]] = Field(default_factory=dict)
    results: dict[str, Tolerance] = Field(default_factory=dict)

    @property
    def given(self) -> bool:
        """True if the tolerance is the user's own."""
        return self.relative is not None or self.absolute is not None

    @property
    def same_bits(self) -> bool:
        """True if the user demands the same bits."""
        return self.given and not self.relative and not self.absolute

    def bound(self, result: str, sizes: Mapping[str, int]) -> Bound:
        """How far the numbers of a result may lie apart at these sizes."""
        if self.given:
            return Bound(self.relative or 0.0, self.absolute or 0.0)
        if not self.results:
            return Bound(UNCALIBRATED, 0.0)
        found = self.results.get(result)
        return EXACT if found is None else found.at(sizes)


def _between(one: Bound, other: Bound) -> Bound:
    if one.exact or other.exact:
        return EXACT
    return Bound(max(one.relative, other.relative), max(one.absolute, other.absolute))


def extent(sizes: Mapping[str, int]) -> int:
    """The product of all sizes, none of them counted as less than 1."""
    return math.prod(max(1, size) for size in sizes.values())
