"""Candidates that somebody outside of the graph wrote: how they get into it."""

from __future__ import annotations

from typing import Any

from parallel_agent.agent.context import Context
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.agent.state import ORIGINAL, Move
from parallel_agent.proposers.reply import with_includes
from parallel_agent.proposers.rules.strategy import Proposal

AGENT = "agent"
"""The proposer of such candidates; no chat model has that name."""
_SUBMISSION = "submission"


def submission_move(
    folder: RunFolder, number: int, source: str, strategy: str, parent: str, why: str
) -> Move:
    """The move that brings a source into the graph; the text lies in the run folder before it."""
    name = f"{number:03}"
    folder.write_json({"source": source, "why": why}, "submissions", f"{name}.json")
    return Move(
        branch=f"{AGENT}-{number}",
        strategy=strategy,
        variant="",
        proposer=AGENT,
        parent=parent or ORIGINAL,
        options={_SUBMISSION: name},
    )


def submissions(folder: RunFolder) -> int:
    """How many sources were brought so far."""
    return sum(1 for _ in folder.root.glob("submissions/*.json"))


def submitted(context: Context, options: dict[str, Any], scope: str) -> Proposal:
    """The source of a move as a proposal; that it is free goes through the ledger all the same.

    Headers that the original includes stay included, as with a chat model's answer.
    """
    name = options[_SUBMISSION]
    kept = context.folder.read_json("submissions", f"{name}.json")
    reservation = context.ledger.reserve(
        scope,
        0,
        what="candidate by an outside agent",
        key=f"{scope}/coder/{name}",
        detail={"model": AGENT, "node": "coder"},
    )
    context.ledger.settle(reservation.id, 0, detail={"usage": None})
    source, notes = with_includes(kept["source"], context.subject.parsed.kernel.source)
    return Proposal(
        source=source,
        reasons_for=(kept["why"] or "written by an outside agent",),
        reasons_against=notes,
        speculative=True,
    )
