"""How much time a measurement may take, by effort."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Effort = Literal["quick", "normal", "thorough"]

MIB = 1 << 20

_MOST_BYTES_FOR_CACHE = 256 * MIB


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TimingPlan(_Model):
    """When the timing of one pair of programs at one size may stop, and when it must."""

    warmup: int = Field(default=1, ge=0)
    """Pairs that are run and checked first and do not count."""
    min_pairs: int = Field(default=5, ge=2)
    """Before these no candidate is called better."""
    max_pairs: int = Field(default=60, ge=2)
    max_seconds: float = Field(default=8.0, gt=0)
    """Of the whole timing: drawing, checking and warm-up too. ``min_pairs`` are run all the same,
    unless every pair so far was lost by far."""
    inputs: int = Field(default=0, ge=0)
    """Inputs that are drawn and then used in turn; 0: new ones for every pair. To draw large ones takes
    longer than to run on them."""
    precision: float = Field(default=0.04, gt=0)
    """Relative width of the interval at which the ratio is known well enough."""


class SizeLimits(_Model):
    """What the largest of the timing sizes may take."""

    max_seconds: float = Field(default=0.25, gt=0)
    """Of one call of the original."""
    max_bytes: int = Field(default=64 * MIB, gt=0)
    """Of one call's encoded inputs, and of its outputs."""


def plan_for(effort: Effort) -> TimingPlan:
    """The plan for one pair at one size."""
    if effort == "quick":
        return TimingPlan(max_pairs=40, max_seconds=4.0, precision=0.06)
    if effort == "normal":
        return TimingPlan()
    return TimingPlan(warmup=2, min_pairs=10, max_pairs=200, max_seconds=90.0, precision=0.015)


def screening_plan(effort: Effort) -> TimingPlan:
    """The plan for a first look at one of many candidates, by which they are ranked."""
    if effort == "thorough":
        return TimingPlan(max_pairs=20, max_seconds=6.0, inputs=4, precision=0.06)
    return TimingPlan(max_pairs=10, max_seconds=1.5, inputs=2, precision=0.12)


def noise_plan(effort: Effort) -> TimingPlan:
    """The plan for the original against itself, whose interval is the noise floor."""
    if effort == "thorough":
        return plan_for(effort)
    return TimingPlan(max_pairs=20, max_seconds=2.5, inputs=3)


def size_limits_for(effort: Effort, *, cache_bytes: int = 0) -> SizeLimits:
    """The limits of the large size, beyond the last-level cache of ``cache_bytes`` where it may be.

    Twice the cache, up to 256 MiB, but not for a quick look: inputs are drawn anew for every pair.
    """
    if effort == "quick":
        return SizeLimits(max_seconds=0.1, max_bytes=32 * MIB)
    beyond_cache = min(2 * cache_bytes, _MOST_BYTES_FOR_CACHE)
    return SizeLimits(max_seconds=0.25, max_bytes=max(64 * MIB, beyond_cache))
