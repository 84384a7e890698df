"""Whether a branch of a chat model goes on: what the policy says, and a model's advice if it pays."""

from __future__ import annotations

from parallel_agent.agent.context import Context
from parallel_agent.agent.costs import expected_usage
from parallel_agent.agent.facts import best_of, kernel_facts, version_of
from parallel_agent.agent.funding import STEPS, Market, Offer, most_answers
from parallel_agent.agent.models import fitting_output, pays_for_itself
from parallel_agent.agent.state import BranchState, CandidateRecord, Critique, TrialRecord
from parallel_agent.budget.errors import CapExceeded
from parallel_agent.budget.usage import Usage
from parallel_agent.chat.errors import ChatError
from parallel_agent.proposers.answers import FormatError
from parallel_agent.proposers.chat import SourceTooLong, critique_request
from parallel_agent.proposers.strategies import STRATEGIES
from parallel_agent.proposers.structured import Critique as Words
from parallel_agent.proposers.structured import read_critique
from parallel_agent.proposers.tasks import CritiqueTask

_WORDS_TOKENS = 2000
_LEAST_WORDS_TOKENS = 300
_UNREPAIRABLE = ("duplicate",)


def next_answer(
    context: Context, state: BranchState, tried: list[TrialRecord], so_far: Critique
) -> Critique:
    """Whether to pay for another answer from this candidate rather than for anything else.

    ``tried`` are the branch's own trials. The policy chooses between another one and new starts:
    the branch goes on only if that is the choice. What ``so_far`` says stands otherwise.
    """
    record, known = state["record"], state["known"]
    if context.governed or record["failed_gate"] in _UNREPAIRABLE:
        return so_far
    trials = [*known["trials"], *tried]
    if len(trials) >= most_answers(context.settings):
        return so_far
    best = max([known["best_speedup"], *(t["speedup"] for t in trials)])
    try:
        market = Market(context, {**known, "trials": trials, "best_speedup": best})
        mine = [o for o in market.refine(record) if o.model.ref == state["move"]["proposer"]]
    except SourceTooLong:
        return so_far
    turn = STEPS * len(trials) + state["step"]
    funded = market.decide([*mine, *market.new(tuple(STRATEGIES))], turn, width=1)
    chosen = [offer for offer in funded.offers if offer in mine]
    if not chosen:
        instead = "".join(f"; {offer.option.id} promises more" for offer in funded.offers)
        return {**so_far, "why": f"{so_far['why']}{instead}"}
    market.tell(funded.decision)
    return _go_on(context, state, chosen[0], so_far)


def _go_on(context: Context, state: BranchState, offer: Offer, so_far: Critique) -> Critique:
    """The next step, with a model's advice where that pays for itself."""
    record = state["record"]
    critique = Critique(
        decision="refine" if record["accepted"] else "repair",
        why=so_far["why"],
        options={"max_output_tokens": offer.max_output_tokens},
        advice=so_far["why"],
    )
    if not record["accepted"]:
        return critique
    words = _words(context, state, record, offer)
    if words is None:
        return critique
    if words.decision == "stop":
        return {**so_far, "why": f"{so_far['why']}; {words.advice}"}
    return {**critique, "why": words.advice, "advice": words.advice}


def _words(
    context: Context, state: BranchState, record: CandidateRecord, offer: Offer
) -> Words | None:
    """What a model says of the candidate; None if it is not asked, or says nothing to be read."""
    model = context.models.adviser("critic")
    if model is None:
        return None
    task = CritiqueTask(
        kernel=kernel_facts(context),
        strategy=record["strategy"],
        version=version_of(context, record),
        best=best_of(context, state["known"]),
    )
    request = critique_request(task, min(_WORDS_TOKENS, context.settings.max_output_tokens))
    available = context.ledger.available(context.scope).minus(offer.option.bound)
    tokens = fitting_output(model.price, request, available, _LEAST_WORDS_TOKENS)
    usage = Usage(input_tokens=request.prompt_bytes // 3, output_tokens=_LEAST_WORDS_TOKENS)
    advice = expected_usage(model.price, usage)
    shares = (available.share(advice), available.share(offer.option.cost))
    if tokens == 0 or not pays_for_itself(*shares):
        return None
    scope = context.ledger.add_scope(f"branch:{state['move']['branch']}", context.scope)
    request = request.model_copy(update={"max_output_tokens": tokens})
    try:
        reply = context.door.ask(model, request, scope=scope, node="critic", step=state["step"])
        return read_critique(reply)
    except (CapExceeded, ChatError, FormatError) as error:
        context.emit("note", f"no critique: {error}", branch=state["move"]["branch"])
        return None
