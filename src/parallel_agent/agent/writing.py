"""Getting one candidate written: by a rule, a model, an outside agent, or with a guard before one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.agent.context import Context
from parallel_agent.agent.facts import best_of, diagnosis_of, kernel_facts, version_of
from parallel_agent.agent.funding import NO_MONEY, NO_SERVER
from parallel_agent.agent.outside import AGENT, submitted
from parallel_agent.agent.state import ORIGINAL, BranchState, Known
from parallel_agent.agent.stored import stored_record
from parallel_agent.budget.amount import NOTHING, Amount
from parallel_agent.budget.bill import cost_of
from parallel_agent.budget.errors import CapExceeded
from parallel_agent.chat.errors import ChatError, ServerGone
from parallel_agent.chat.messages import ChatRequest
from parallel_agent.chat.model import ChatModel
from parallel_agent.chat.references import RULES
from parallel_agent.kernel.source import SourceError
from parallel_agent.proposers.answers import FormatError
from parallel_agent.proposers.chat import (
    SourceTooLong,
    coder_request,
    correction_request,
    prompt_version,
    repair_request,
)
from parallel_agent.proposers.reply import read_answer
from parallel_agent.proposers.rules.chain import chain_of, starts_threads, with_forms, write_chain
from parallel_agent.proposers.rules.dispatch import dispatched
from parallel_agent.proposers.rules.strategy import NotApplicable, Proposal
from parallel_agent.proposers.tasks import CoderTask, RepairTask

ATTEMPTS = 2
"""Answers asked for in one step: a second one where the first could not be read."""
TEMPERATURE = None
"""The provider's own: models that reason refuse any other."""


class NothingWritten(Exception):
    """There is no candidate; the message says why, ``spent`` what was paid all the same.

    ``failure`` is that of a `TrialRecord`.
    """

    def __init__(self, message: str, failure: str = "", spent: Amount = NOTHING) -> None:
        super().__init__(message)
        self.failure = failure
        self.spent = spent


@dataclass(frozen=True)
class Written:
    """A proposal, what it was made from, what was asked for it, and its price."""

    proposal: Proposal
    parent: str
    prompt: str = ""
    spent: Amount = NOTHING
    options: dict[str, str] | None = None
    """Those that took effect, where they are not what was asked for."""


def write_candidate(context: Context, state: BranchState, options: dict[str, Any]) -> Written:
    """One candidate by the proposer of the branch; NothingWritten if there is none.

    What it costs goes through the ledger, in the branch's own scope.
    """
    move = state["move"]
    scope = context.ledger.add_scope(f"branch:{move['branch']}", context.scope)
    try:
        if move["proposer"] == RULES:
            return _by_rule(context, state, options, scope)
        if options.get("guard"):
            return _guarded(context, state, options["guard"])
        if move["proposer"] == AGENT:
            return Written(submitted(context, options, scope), move["parent"])
        return _by_model(context, state, options, scope)
    except NothingWritten as nothing:
        nothing.spent = _cost(context, scope, state["step"])
        raise


def _by_rule(context: Context, state: BranchState, options: dict[str, Any], scope: str) -> Written:
    """By the free proposer; its price, nothing, goes through the ledger all the same."""
    move = state["move"]
    key = f"{scope}/coder/{state['step']}/1"
    reservation = context.ledger.reserve(
        scope, 0, what="candidate by rules", key=key, detail={"model": RULES, "node": "coder"}
    )
    try:
        plain = write_chain(context.subject.parsed, chain_of(move["chain"]))
        chosen = _effective(options, plain.source)
        proposal = with_forms(context.subject.parsed, plain, **chosen)
    except BaseException as error:
        context.ledger.release(reservation.id, "no candidate was written")
        if isinstance(error, NotApplicable):
            raise NothingWritten(f"nothing to write: {error}") from None
        raise
    context.ledger.settle(reservation.id, 0, detail={"usage": None})
    return Written(proposal, move["parent"], options=chosen)


def _effective(options: dict[str, Any], source: str) -> dict[str, str]:
    """The guard and the instruction set to write.

    A guard that another branch learned is for threads: without them nothing is lost at small sizes.
    """
    learned = options.get("learned_guard", "") if starts_threads(source) else ""
    clause = options.get("if_clause", "")
    unchanged = {name: options.get(name, "") for name in ("isa", "num_threads")}
    guard = options.get("guard", "" if clause else learned)
    return {"guard": guard, "if_clause": clause, **unchanged}


def _guarded(context: Context, state: BranchState, guard: str) -> Written:
    """The candidate of the step before where a condition holds, else the original; free."""
    parent = state["candidate"]
    source = context.folder.read("candidates", parent, "candidate.cpp")
    try:
        guarded = dispatched(context.subject.parsed, source, guard=guard, isa="")
    except (NotApplicable, SourceError) as reason:
        raise NothingWritten(f"no guard can be put before it: {reason}") from None
    why = f"the code of the step before where {guard}, else the original"
    return Written(Proposal(source=guarded, reasons_for=(why,), speculative=True), parent)


def _by_model(context: Context, state: BranchState, options: dict[str, Any], scope: str) -> Written:
    """By a chat model, asked a second time where its first answer cannot be read."""
    model = context.models.coder(state["move"]["proposer"])
    try:
        request, base, prompt, parent = _request(context, state, options["max_output_tokens"])
        proposal = _answer(context, state, model, request, base, scope)
    except CapExceeded as full:
        raise NothingWritten(f"too little is left for an answer: {full}", NO_MONEY) from None
    except ServerGone as gone:
        raise NothingWritten(f"{model.ref} did not answer: {gone}", NO_SERVER) from None
    except ChatError as error:
        again = error.retryable or error.fate == "never_sent"
        failure = "no_answer" if again else "refused"
        raise NothingWritten(f"{model.ref} did not answer: {error}", failure) from None
    except FormatError as error:
        raise NothingWritten(f"the answer cannot be read: {error}", "format") from None
    except SourceTooLong as error:
        raise NothingWritten(str(error), "refused") from None
    return Written(proposal, parent, prompt, _cost(context, scope, state["step"]))


def _cost(context: Context, scope: str, step: int) -> Amount:
    """What the answers of a step came to, those that were paid for before a crash among them."""
    return cost_of(context.ledger.audit().entries, f"{scope}/coder/{step}/")


def _request(
    context: Context, state: BranchState, max_output_tokens: int
) -> tuple[ChatRequest, str, str, str]:
    """What to ask, the source that edits are made to, the prompt's version, and the parent."""
    move, critique = state["move"], state.get("critique")
    parent = state.get("candidate") or move["parent"]
    facts, strategy = kernel_facts(context), move["strategy"]
    if parent == ORIGINAL:
        task = CoderTask(kernel=facts, strategy=strategy, **_shared(context, state["known"]))
        request = coder_request(task, max_output_tokens, TEMPERATURE)
        return request, facts.source, prompt_version("coder"), ORIGINAL
    record = stored_record(context, parent)
    if not record["accepted"]:
        broken = context.folder.read("candidates", parent, "candidate.cpp")
        repair = RepairTask(
            kernel=facts,
            strategy=strategy,
            broken=broken,
            diagnosis=diagnosis_of(context, record),
        )
        request = repair_request(repair, max_output_tokens, TEMPERATURE)
        return request, broken, prompt_version("repair"), parent
    advice = critique.get("advice", "") if critique else ""
    version = version_of(context, record, advice)
    task = CoderTask(
        kernel=facts, strategy=strategy, parent=version, **_shared(context, state["known"])
    )
    request = coder_request(task, max_output_tokens, TEMPERATURE)
    return request, version.source, prompt_version("coder"), parent


def _shared(context: Context, known: Known) -> dict[str, Any]:
    """What the rest of the run knows: the best so far and the lessons."""
    return {"best": best_of(context, known), "lessons": tuple(known["lessons"])}


def _answer(
    context: Context,
    state: BranchState,
    model: ChatModel,
    request: ChatRequest,
    base: str,
    scope: str,
) -> Proposal:
    kernel = context.subject.parsed.kernel
    for attempt in range(1, ATTEMPTS + 1):
        context.emit("stage", f"asking {model.ref}", branch=state["move"]["branch"])
        reply = context.door.ask(
            model, request, scope=scope, node="coder", step=state["step"], attempt=attempt
        )
        try:
            answer = read_answer(reply, kernel.name, kernel.source, base)
        except FormatError as error:
            if attempt == ATTEMPTS:
                raise
            request = correction_request(request, reply.text, error)
            continue
        return Proposal(
            source=answer.source,
            reasons_for=(answer.summary or f"written by {model.ref}",),
            reasons_against=answer.notes,
            speculative=True,
        )
    raise AssertionError("the last attempt returns or raises")
