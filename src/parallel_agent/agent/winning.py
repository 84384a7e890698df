"""How the best candidate came about: its strategies one after the other, each with what it gained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from parallel_agent.agent.outcome import ChainStep
from parallel_agent.agent.state import CandidateRecord
from parallel_agent.proposers.rules.chain import Chain, chain_of

SAID = {
    "guard": "the original unless {}",
    "if_clause": "threads only if {}",
    "num_threads": "no more than {} threads",
    "isa": "a second build for {}",
}
"""What an option of a candidate does, in words."""


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
        plain = _timed(candidates, chain[:length], {})
        yield ChainStep(name=f"{name} ({numbers})" if numbers else name, speedup=plain)
    so_far = {}
    for option, said in SAID.items():
        if options.get(option):
            so_far[option] = options[option]
            yield ChainStep(
                name=said.format(options[option]), speedup=_timed(candidates, chain, so_far)
            )


def _timed(
    candidates: Iterable[CandidateRecord], chain: Chain, options: dict[str, str]
) -> float | None:
    """The speedup seen at first sight of a chain's candidate with these options and no others."""
    for record in candidates:
        given = {name: record["options"][name] for name in SAID if record["options"].get(name)}
        same = record.get("chain") and chain_of(record["chain"]) == chain and given == options
        if same and not record["failed_gate"]:
            return record.get("speedup")
    return None
