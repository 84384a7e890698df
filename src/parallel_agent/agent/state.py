"""The plain data that flows through the graph. Large things lie in the run folder."""

from __future__ import annotations

import operator
from typing import Annotated, Any, NotRequired

from typing_extensions import TypedDict

ORIGINAL = "original"
"""The parent of what was not made from another candidate."""


class Move(TypedDict):
    """One thing to try: a strategy in one of its variants, by a proposer, from a parent."""

    branch: str
    strategy: str
    variant: str
    proposer: str
    parent: str
    options: dict[str, Any]
    chain: NotRequired[list[dict[str, Any]]]
    """Of the free proposer: its strategies in order, each a `Step` as plain data."""
    stage: NotRequired[str]
    """Of the free proposer: ``screen`` for a first look, ``prove`` for the gates that are left."""
    candidate: NotRequired[str]
    """The one to prove."""


class TrialRecord(TypedDict):
    """What became of one answer of a chat model, and what it cost: nano-dollars, tokens, milliseconds.

    ``action`` is ``new`` or ``refine``; ``parent`` is the candidate that was to be refined or
    repaired. ``failure`` is empty for an answer that gave a new candidate; ``duplicate`` for one
    that was there before, which ``candidate`` names; else there is none: ``format`` (it could not
    be read), ``refused`` (the model will not answer), ``no_answer``, ``no_money``, or
    ``no_server`` (the one on this machine was gone). ``speedup`` is 1 for what is not better than the
    original.
    """

    model: str
    action: str
    strategy: str
    parent: str
    branch: str
    step: int
    candidate: str
    accepted: bool
    speedup: float
    cost: int
    tokens: NotRequired[int]
    milliseconds: NotRequired[int]
    failure: str


class Known(TypedDict):
    """What a branch is told of the run when it is funded: all trials, the best, what was learned.

    ``best`` is the id of the best candidate so far, empty where there is none; ``leading`` the best
    speedup seen, of candidates that are not proved yet, too.
    """

    trials: list[TrialRecord]
    best: str
    best_speedup: float
    leading: float
    lessons: list[str]


class Lesson(TypedDict):
    """What one branch learned that others may use: a guard under which threads pay."""

    branch: str
    text: str
    options: dict[str, Any]


class Critique(TypedDict):
    """The critic's reading of a step: refine, repair or stop, why, and with which options.

    ``advice`` is for a chat model that writes the next candidate.
    """

    decision: str
    why: str
    options: dict[str, Any]
    advice: NotRequired[str]


class CandidateRecord(TypedDict, total=False):
    """What is known of one candidate; its files lie in ``candidates/<id>/``.

    ``better`` is true if it passed every gate, is faster than the original beyond the noise, and
    is slower at no size. Of a chat model's answer, ``prompt`` is the version of what it was asked
    and ``cost`` what was spent on it, in nano-dollars, beside ``tokens`` and ``milliseconds``.

    Of the free proposer's, ``chain`` holds the strategies; ``promising`` is what ``better`` will be if
    it passes the gates that are left, ``at_largest`` its speedup at the largest size, and
    ``parallel`` is true if it starts threads.
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
    promising: bool
    at_largest: float
    parallel: bool
    chain: list[dict[str, Any]]
    prompt: str
    cost: int
    tokens: int
    milliseconds: int


class RunInput(TypedDict, total=False):
    """What a run is given: the source text, or nothing if the run folder holds it already.

    ``kernel`` names the function to speed up; without it the settings do.
    """

    source: str
    kernel: str


class RunState(RunInput, total=False):
    """The state of the outer graph.

    Of the free search, ``tried`` counts the moves, ``extended`` names the branches whose candidates
    were offered to other strategies, ``best`` is the best speedup so far, 0 if there is none, and
    ``stale`` the rounds since then.

    ``trials`` are the answers of chat models, ``refused`` the options that the policy pruned,
    ``planned`` the strategies that a model planned, ``branches`` counts those of chat models, and
    ``forgiven`` the trials at the time when the cap was raised. ``settled`` is true when nothing more
    is looked for, and only the best candidate is still to be found among those there are.
    """

    untried: list[Move]
    funded: list[Move]
    pruned: list[dict[str, str]]
    candidates: Annotated[dict[str, CandidateRecord], operator.or_]
    lessons: Annotated[list[Lesson], operator.add]
    trials: Annotated[list[TrialRecord], operator.add]
    refused: list[str]
    planned: list[str]
    branches: int
    forgiven: int
    settled: bool
    round: int
    tried: int
    extended: list[str]
    best: float
    stale: int
    outcome: dict[str, Any]


class BranchState(TypedDict, total=False):
    """The state of one branch; candidates, lessons and trials flow back to the outer graph."""

    move: Move
    known: Known
    step: int
    candidate: str
    record: CandidateRecord
    critique: Critique
    candidates: Annotated[dict[str, CandidateRecord], operator.or_]
    lessons: Annotated[list[Lesson], operator.add]
    trials: Annotated[list[TrialRecord], operator.add]


class BranchOutput(TypedDict, total=False):
    """What a branch gives back."""

    candidates: Annotated[dict[str, CandidateRecord], operator.or_]
    lessons: Annotated[list[Lesson], operator.add]
    trials: Annotated[list[TrialRecord], operator.add]
