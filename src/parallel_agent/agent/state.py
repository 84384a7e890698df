"""The plain data that flows through the graph. Large things lie in the run folder."""

from __future__ import annotations

import operator
from typing import Annotated, Any

from typing_extensions import TypedDict


class Move(TypedDict):
    """One thing to try: a strategy in one of its variants, by a proposer, from a parent."""

    branch: str
    strategy: str
    variant: str
    proposer: str
    parent: str
    options: dict[str, Any]


class Lesson(TypedDict):
    """What one branch learned that others may use: a guard under which threads pay."""

    branch: str
    text: str
    options: dict[str, Any]


class Critique(TypedDict):
    """The critic's reading of a step: refine, repair or stop, why, and with which options."""

    decision: str
    why: str
    options: dict[str, Any]


class CandidateRecord(TypedDict, total=False):
    """What is known of one candidate; its files lie in ``candidates/<id>/``.

    ``better`` is true if it passed every gate, is faster than the original beyond the noise, and
    is slower at no size.
    """

    id: str
    branch: str
    step: int
    strategy: str
    variant: str
    proposer: str
    parent: str
    options: dict[str, Any]
    reasons_for: list[str]
    reasons_against: list[str]
    speculative: bool
    vectorized: bool
    accepted: bool
    failed_gate: str
    detail: str
    speedup: float
    interval: list[float]
    better: bool


class RunInput(TypedDict, total=False):
    """What a run is given: the source text, or nothing if the run folder holds it already.

    ``kernel`` names the function to speed up; without it the settings do.
    """

    source: str
    kernel: str


class RunState(RunInput, total=False):
    """The state of the outer graph."""

    untried: list[Move]
    funded: list[Move]
    pruned: list[dict[str, str]]
    candidates: Annotated[dict[str, CandidateRecord], operator.or_]
    lessons: Annotated[list[Lesson], operator.add]
    round: int
    best: float
    stale: int
    outcome: dict[str, Any]


class BranchState(TypedDict, total=False):
    """The state of one branch; ``candidates`` and ``lessons`` flow back to the outer graph."""

    move: Move
    step: int
    candidate: str
    record: CandidateRecord
    critique: Critique
    candidates: Annotated[dict[str, CandidateRecord], operator.or_]
    lessons: Annotated[list[Lesson], operator.add]


class BranchOutput(TypedDict, total=False):
    """What a branch gives back."""

    candidates: Annotated[dict[str, CandidateRecord], operator.or_]
    lessons: Annotated[list[Lesson], operator.add]
