"""The moves of the free proposer: all that it has to offer for a source, and for what it wrote."""

from __future__ import annotations

from collections.abc import Iterable

from parallel_agent.agent.context import Context
from parallel_agent.agent.state import ORIGINAL, CandidateRecord, Move
from parallel_agent.chat.references import RULES
from parallel_agent.proposers.rules import registry
from parallel_agent.proposers.rules.chain import Chain, Step, chain_of, extensions, label, retunings
from parallel_agent.proposers.rules.wide_vectors import WideVectors
from parallel_agent.toolchain.machine import wider_isa

SCREEN, PROVE = "screen", "prove"
"""What a free move is for: a first look at a new candidate, or the gates that are left for one."""
LONGEST = 4
"""Strategies in a chain, at most."""


def first_moves(context: Context) -> list[Move]:
    """What the free proposer has to offer for the original, best first."""
    offered = registry.moves(context.subject.parsed)
    if not offered:
        context.emit("note", "no strategy applies to this kernel")
    chains = [(Step(strategy=strategy, variant=variant),) for strategy, variant in offered]
    return _moves(context, chains, ORIGINAL)


def further_moves(context: Context, record: CandidateRecord, *, tune: bool) -> list[Move]:
    """What the free proposer has to offer for a candidate of its own, best first.

    With ``tune`` the numbers of its strategies are varied, too.
    """
    chain = chain_of(record["chain"])
    longer: list[Chain] = []
    if len(chain) < LONGEST:
        longer = extensions(context.subject.parsed, chain)
    return _moves(context, [*longer, *(retunings(chain) if tune else [])], record["id"])


def with_if_clause(record: CandidateRecord) -> Move:
    """The move that takes a candidate's guard for the ``if`` clause of its directives."""
    clause = record["options"]["guard"]
    return Move(
        branch=f"{record['branch']}+if",
        strategy=record["strategy"],
        variant=record["variant"],
        proposer=RULES,
        parent=record["id"],
        options={"if_clause": clause},
        stage=SCREEN,
        chain=record["chain"],
    )


def proof(record: CandidateRecord) -> Move:
    """The move that puts a candidate through the gates that are left."""
    return Move(
        branch=record["branch"],
        strategy=record["strategy"],
        variant=record["variant"],
        proposer=RULES,
        parent=record["parent"],
        options=record["options"],
        stage=PROVE,
        candidate=record["id"],
    )


def _moves(context: Context, chains: Iterable[Chain], parent: str) -> list[Move]:
    isa = wider_isa(context.settings.cxxflags)
    return [
        Move(
            branch=label(chain),
            strategy=" + ".join(step.strategy for step in chain),
            variant=chain[-1].variant,
            proposer=RULES,
            parent=parent,
            options={},
            stage=SCREEN,
            chain=[step.model_dump() for step in chain],
        )
        for chain in chains
        if chain[-1].strategy != WideVectors.name or chain[-1].variant == isa
    ]
