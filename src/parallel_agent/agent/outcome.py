"""What a run hands back."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class OutcomeAtSize(BaseModel):
    """The best candidate against the original at one size; seconds are medians of one call.

    ``bound_seconds`` is what reading the inputs once with all threads takes at least on this machine;
    None where that is not known, or the original need not read them all.
    """

    model_config = ConfigDict(frozen=True)

    sizes: dict[str, int]
    original_seconds: float
    candidate_seconds: float
    speedup: float
    interval: tuple[float, float]
    noise: float
    bound_seconds: float | None = None


class ChainStep(BaseModel):
    """One strategy of the chain that led to the best candidate.

    ``speedup`` is that of the chain up to it at first sight, over all sizes; None where the candidate
    was not timed by itself.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    speedup: float | None


class Spending(BaseModel):
    """The requests of one model, node or branch; money in US dollars, as decimal strings.

    ``forfeited_usd`` is the part of ``spent_usd`` that was counted in full because nothing is known
    of the requests' fate.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    requests: int
    spent_usd: str
    forfeited_usd: str
    input_tokens: int
    output_tokens: int


class Answer(BaseModel):
    """One answer of a model: what it was to be, what became of it, and its price."""

    model_config = ConfigDict(frozen=True)

    branch: str
    step: int
    model: str
    candidate: str
    result: str
    cost_usd: str


class RunBill(BaseModel):
    """What a run spent on chat models, the dearest first; empty without any."""

    model_config = ConfigDict(frozen=True)

    models: tuple[Spending, ...] = ()
    nodes: tuple[Spending, ...] = ()
    branches: tuple[Spending, ...] = ()


class ProjectOutcome(BaseModel):
    """Of a run about a project: what its benchmark said, which files change, who judged.

    ``original`` and ``candidate`` are medians of the benchmark's own number, which ``unit`` says in
    words. ``files`` are relative to ``root``. ``branch`` and ``commit`` are empty where none was made.
    """

    model_config = ConfigDict(frozen=True)

    root: str
    files: list[str]
    unit: str
    original: float
    candidate: float
    checked_by: Literal["gates and test", "test only"]
    branch: str
    commit: str


class Outcome(BaseModel):
    """The best candidate (or the original), its speedup with interval, the bill, the evidence.

    ``speedup`` is the geometric mean over ``sizes``, from a timing made after the choice was made;
    1 where the original came back. ``interval`` is its 95 % bootstrap interval and ``noise_floor``
    how far from 1 the ratio of two runs of the very same program may lie on this machine. Money is
    in US dollars, as decimal strings. Paths are absolute.
    """

    model_config = ConfigDict(frozen=True)

    status: Literal["improved", "unchanged"]
    kernel: str
    speedup: float
    interval: tuple[float, float]
    threads: int
    noise_floor: float
    sizes: tuple[OutcomeAtSize, ...]
    spent_usd: str
    cap_usd: str
    candidates: int
    rejected: dict[str, int]
    not_faster: int
    slower: int = 0
    """Of those that were correct and not faster: how many were slower beyond the noise."""
    pruned: list[dict[str, str]]
    best_source: str
    diff: str
    run: str
    proposer: str
    strategy: str
    chain: tuple[ChainStep, ...] = ()
    """How the free proposer came to the best candidate, step by step."""
    reasons: list[str]
    cautions: list[str] = []
    """What speaks against the best candidate: what it takes for granted, and where it may cost."""
    notes: list[str]
    seconds: float
    own_cpu_seconds: float = 0.0
    """CPU time of the process that led the run: compilers and kernels, being others, are not in it."""
    bill: RunBill = RunBill()
    answers: tuple[Answer, ...] = ()
    """Of chat models, in the order in which they came to an end."""
    project: ProjectOutcome | None = None
    """Where the kernel is a part of a project: ``speedup`` is then that of its benchmark, and ``diff``
    a patch for its tree."""
