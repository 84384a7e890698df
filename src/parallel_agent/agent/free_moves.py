"""The moves of the free proposer: all that it has to offer for a source, and for what it wrote."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from parallel_agent.agent.context import Context
from parallel_agent.agent.state import ORIGINAL, CandidateRecord, Move
from parallel_agent.chat.references import RULES
from parallel_agent.proposers.rules.chain import (
    Chain,
    chain_of,
    extensions,
    label,
    openings,
    opens,
    retunings,
)
from parallel_agent.proposers.rules.wide_vectors import WideVectors
from parallel_agent.toolchain.machine import wider_isa

SCREEN, PROVE = "screen", "prove"
"""What a free move is for: a first look at a new candidate, or the gates that are left for one."""
UNREADABLE = "the built-in strategies rewrite free functions of known types only: give a --model"
LONGEST = 4
"""Strategies in a chain, at most; what only makes room for others does not count."""
FANOUT = 4
"""Strategies that are tried after one candidate, at most."""


def first_moves(context: Context) -> list[Move]:
    """What the free proposer has to offer for the original, best first."""
    parsed = context.subject.parsed
    if parsed.kernel.unsupported:
        context.emit("note", UNREADABLE)
        return []
    chains = openings(parsed)
    if not chains:
        context.emit("note", "no strategy applies to this kernel")
    return _moves(context, chains, ORIGINAL)


def further_moves(context: Context, record: CandidateRecord) -> list[Move]:
    """What other strategies have to offer for a candidate of the free proposer, best first."""
    chain = chain_of(record["chain"])
    if len(chain) - opens(chain) >= LONGEST:
        return []
    return _moves(context, extensions(context.subject.parsed, chain)[:FANOUT], record["id"])


def tuning_moves(context: Context, record: CandidateRecord) -> list[Move]:
    """A candidate of the free proposer with other numbers: those of its strategies, and threads."""
    chain, threads = chain_of(record["chain"]), context.settings.thread_count
    moves = _moves(context, retunings(context.subject.parsed, chain), record["id"])
    if record["parallel"] and threads > 2 and not record["options"].get("num_threads"):
        options = {**record["options"], "num_threads": str(threads // 2)}
        moves.append(_in_other_form(record, "threads", options))
    return moves


def with_if_clause(record: CandidateRecord) -> Move:
    """The move that takes a candidate's guard for the ``if`` clause of its directives."""
    return _in_other_form(record, "if", {"if_clause": record["options"]["guard"]})


def _in_other_form(record: CandidateRecord, name: str, options: dict[str, Any]) -> Move:
    return Move(
        branch=f"{record['branch']}+{name}",
        strategy=record["strategy"],
        variant=record["variant"],
        proposer=RULES,
        parent=record["id"],
        options=options,
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
