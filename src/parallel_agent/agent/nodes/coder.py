"""coder: asks the branch's proposer for one candidate."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from langgraph.runtime import Runtime

from parallel_agent.agent.context import Context, context_of
from parallel_agent.agent.costs import write_cost
from parallel_agent.agent.free_moves import PROVE
from parallel_agent.agent.funding import DUPLICATE
from parallel_agent.agent.known import trial_of
from parallel_agent.agent.outside import AGENT
from parallel_agent.agent.state import BranchState, CandidateRecord
from parallel_agent.agent.stored import store_record, stored_record
from parallel_agent.agent.writing import NothingWritten, Written, write_candidate
from parallel_agent.budget.amount import Amount
from parallel_agent.chat.references import RULES
from parallel_agent.proposers.rules.chain import starts_threads

_VECTORIZED = re.compile(r"^\s*#\s*pragma\s+omp\b.*\bsimd\b", re.MULTILINE)


def coder(state: BranchState, runtime: Runtime[Context]) -> BranchState:
    """Write the candidate of this step, or end the branch if there is none that is new."""
    context, move, step = context_of(runtime), state["move"], state["step"]
    if move.get("stage") == PROVE:
        known = stored_record(context, move["candidate"])
        return BranchState(candidate=known["id"], record=known, step=known["step"])
    options = {**move["options"], **state.get("critique", {}).get("options", {})}
    try:
        written = write_candidate(context, state, options)
    except NothingWritten as nothing:
        context.emit("ended", str(nothing), branch=move["branch"])
        return _ended(state, nothing.spent, nothing.failure)
    candidate = candidate_id(written.proposal.source)
    record = _record(state, candidate, written, written.options or options)
    mine = f"{move['branch']} step {step}"
    with context.claiming:  # whoever finds it claimed finds its record, too
        first = context.folder.claim("source", candidate, mine)
        if first == mine:
            context.folder.write(written.proposal.source, "candidates", candidate, "candidate.cpp")
            store_record(context, record)
    if first != mine:
        context.emit("ended", f"the same source as {first}", branch=move["branch"])
        before = stored_record(context, candidate)
        return _ended(state, written.spent, DUPLICATE, before)
    context.emit(
        "candidate",
        f"step {step}: {'; '.join(written.proposal.reasons_for)}",
        branch=move["branch"],
        candidate=candidate,
        record=dict(record),
    )
    return BranchState(candidate=candidate, record=record)


def _ended(
    state: BranchState, cost: Amount, failure: str, before: CandidateRecord | None = None
) -> BranchState:
    """No new candidate; a chat model's answer that gave none is a trial all the same."""
    move = state["move"]
    ended = BranchState(candidate="")
    if move["proposer"] not in (RULES, AGENT):
        ended["trials"] = [trial_of(move, before, step=state["step"], cost=cost, failure=failure)]
    return ended


def _record(
    state: BranchState, candidate: str, written: Written, options: dict[str, Any]
) -> CandidateRecord:
    move, proposal = state["move"], written.proposal
    record = CandidateRecord(
        id=candidate,
        branch=move["branch"],
        step=state["step"],
        strategy=move["strategy"],
        variant=move["variant"],
        proposer=move["proposer"],
        parent=written.parent,
        options=options,
        reasons_for=list(proposal.reasons_for),
        reasons_against=list(proposal.reasons_against),
        speculative=proposal.speculative,
        vectorized=_VECTORIZED.search(proposal.source) is not None,
        parallel=starts_threads(proposal.source),
        accepted=False,
        failed_gate="",
        detail="",
        better=False,
        prompt=written.prompt,
    )
    write_cost(record, written.spent)
    if "chain" in move:
        record["chain"] = move["chain"]
    return record


def candidate_id(source: str) -> str:
    """The same for sources that differ only in white space and comments."""
    plain = re.sub(r"//[^\n]*|/\*.*?\*/", " ", source, flags=re.DOTALL)
    return hashlib.sha256(" ".join(plain.split()).encode()).hexdigest()[:12]
