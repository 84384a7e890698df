"""What a run hands back."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from parallel_agent.budget.amount import Amount, Cap, amount_json


class Metered(BaseModel):
    """What was spent, and the caps: US dollars as decimal strings, tokens, and seconds of models' time.

    The seconds are those that models were asked for, of all requests added up. What has no cap is
    None.
    """

    model_config = ConfigDict(frozen=True)

    spent_usd: str
    cap_usd: str
    spent_tokens: int = 0
    cap_tokens: int | None = None
    spent_seconds: float = 0.0
    cap_seconds: float | None = None

    @property
    def spent_of_caps(self) -> str:
        """In words: ``0.01 of 0.25 USD``, and tokens and models' time where they have a cap."""
        told = [f"{self.spent_usd} of {self.cap_usd} USD"]
        if self.cap_tokens is not None:
            told.append(f"{self.spent_tokens} of {self.cap_tokens} tokens")
        if self.cap_seconds is not None:
            told.append(f"{self.spent_seconds:.1f} of {self.cap_seconds:.1f} s of models' time")
        return ", ".join(told)


def metered(spent: Amount, cap: Cap) -> dict[str, Any]:
    """The fields of it."""
    return {**amount_json("spent", spent), **amount_json("cap", cap)}


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
    of the requests' fate; ``counted_tokens`` are those reported, and those counted so; ``seconds``
    are models' time.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    requests: int
    spent_usd: str
    forfeited_usd: str
    input_tokens: int
    output_tokens: int
    counted_tokens: int = 0
    seconds: float = 0.0


class Answer(BaseModel):
    """One answer of a model: what it was to be, what became of it, and its price."""

    model_config = ConfigDict(frozen=True)

    branch: str
    step: int
    model: str
    candidate: str
    result: str
    cost_usd: str
    tokens: int = 0
    seconds: float = 0.0


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


class Outcome(Metered):
    """The best candidate (or the original), its speedup with interval, the bill, the evidence.

    ``speedup`` is the geometric mean over ``sizes``, from a timing made after the choice was made;
    1 where the original came back. ``interval`` is its 95 % bootstrap interval and ``noise_floor``
    how far from 1 the ratio of two runs of the very same program may lie on this machine. Paths are
    absolute.
    """

    status: Literal["improved", "unchanged"]
    kernel: str
    speedup: float
    interval: tuple[float, float]
    threads: int
    noise_floor: float
    sizes: tuple[OutcomeAtSize, ...]
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
