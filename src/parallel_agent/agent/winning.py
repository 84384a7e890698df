"""How the best candidate came about: its strategies one after the other, each with what it gained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from parallel_agent.agent.outcome import ChainStep
from parallel_agent.agent.state import CandidateRecord
from parallel_agent.proposers.rules.chain import chain_of, label


def chain_steps(
    chosen: CandidateRecord, candidates: Iterable[CandidateRecord]
) -> tuple[ChainStep, ...]:
    """The steps that led to a candidate of the free proposer; none for one that a model wrote."""
    return tuple(_steps(chosen, list(candidates))) if chosen.get("chain") else ()


def _steps(chosen: CandidateRecord, candidates: list[CandidateRecord]) -> Iterator[ChainStep]:
    chain, options = chain_of(chosen["chain"]), chosen["options"]
    for length, step in enumerate(chain, start=1):
        name = " ".join(filter(None, (step.strategy, step.variant)))
        numbers = ", ".join(f"{number} {value}" for number, value in step.tuning.items())
        plain = _timed(candidates, label(chain[:length]), guard="", isa="")
        yield ChainStep(name=f"{name} ({numbers})" if numbers else name, speedup=plain)
    guard, isa = options.get("guard", ""), options.get("isa", "")
    if guard:
        yield ChainStep(
            name=f"the original unless {guard}",
            speedup=_timed(candidates, label(chain), guard=guard, isa=""),
        )
    if isa:
        yield ChainStep(
            name=f"a second build for {isa}",
            speedup=_timed(candidates, label(chain), guard=guard, isa=isa),
        )


def _timed(
    candidates: Iterable[CandidateRecord], branch: str, *, guard: str, isa: str
) -> float | None:
    """The speedup seen at first sight of a branch's candidate with these options."""
    for record in candidates:
        options = record["options"]
        same = (options.get("guard", ""), options.get("isa", "")) == (guard, isa)
        if record["branch"] == branch and same and not record["failed_gate"]:
            return record.get("speedup")
    return None
