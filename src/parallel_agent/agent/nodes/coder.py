"""coder: asks the branch's proposer for one candidate."""

from __future__ import annotations

import hashlib
import re

from langgraph.runtime import Runtime

from parallel_agent.agent.context import Context, context_of
from parallel_agent.agent.state import BranchState, CandidateRecord
from parallel_agent.proposers.rules import registry
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal

_VECTORIZED = re.compile(r"^\s*#\s*pragma\s+omp\b.*\bsimd\b", re.MULTILINE)


def coder(state: BranchState, runtime: Runtime[Context]) -> BranchState:
    """Write the candidate of this step, or end the branch if there is none that is new."""
    context, move, step = context_of(runtime), state["move"], state["step"]
    options = {**move["options"], **state.get("critique", {}).get("options", {})}
    try:
        proposal = _ask(context, state, options)
    except NotApplicable as reason:
        context.emit("ended", f"nothing to write: {reason}", branch=move["branch"])
        return BranchState(candidate="")
    candidate = candidate_id(proposal.source)
    mine = f"{move['branch']} step {step}"
    first = context.folder.claim("source", candidate, mine)
    if first != mine:
        context.emit("ended", f"the same source as {first}", branch=move["branch"])
        return BranchState(candidate="")
    record = CandidateRecord(
        id=candidate,
        branch=move["branch"],
        step=step,
        strategy=move["strategy"],
        variant=move["variant"],
        proposer=move["proposer"],
        parent=move["parent"],
        options=options,
        reasons_for=list(proposal.reasons_for),
        reasons_against=list(proposal.reasons_against),
        speculative=proposal.speculative,
        vectorized=_VECTORIZED.search(proposal.source) is not None,
        accepted=False,
        better=False,
    )
    context.folder.write(proposal.source, "candidates", candidate, "candidate.cpp")
    context.folder.write_json(record, "candidates", candidate, "record.json")
    context.emit(
        "candidate",
        f"step {step}: {'; '.join(proposal.reasons_for)}",
        branch=move["branch"],
        candidate=candidate,
        record=dict(record),
    )
    return BranchState(candidate=candidate, record=record)


def _ask(context: Context, state: BranchState, options: dict[str, object]) -> Proposal:
    """One candidate from the proposer, its price (nothing, for ``rules``) through the ledger."""
    move = state["move"]
    scope = context.ledger.add_scope(f"branch:{move['branch']}", context.scope)
    key = f"{scope}/coder/{state['step']}"
    reservation = context.ledger.reserve(scope, 0, what="candidate by rules", key=key)
    try:
        proposal = registry.write(
            context.subject.parsed,
            move["strategy"],
            Options.model_validate({**options, "variant": move["variant"]}),
        )
    except BaseException:
        context.ledger.release(reservation.id, "no candidate was written")
        raise
    context.ledger.settle(reservation.id, 0, detail={"proposer": move["proposer"]})
    return proposal


def candidate_id(source: str) -> str:
    """The same for sources that differ only in white space and comments."""
    plain = re.sub(r"//[^\n]*|/\*.*?\*/", " ", source, flags=re.DOTALL)
    return hashlib.sha256(" ".join(plain.split()).encode()).hexdigest()[:12]
