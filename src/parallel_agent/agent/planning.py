"""Rounds of chat models: what is offered to the policy, and the moves that it funds."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agent.agent.context import Context
from parallel_agent.agent.facts import kernel_facts, result_of
from parallel_agent.agent.funding import (
    FAILURES,
    NO_MONEY,
    Market,
    Offer,
    branch_move,
    most_answers,
)
from parallel_agent.agent.known import known_of, parents
from parallel_agent.agent.models import bound, fitting_output, pays_for_itself
from parallel_agent.agent.serving import passed_cap
from parallel_agent.agent.state import RunState, TrialRecord
from parallel_agent.agent.stored import stored_profile
from parallel_agent.budget.errors import CapExceeded
from parallel_agent.budget.usage import Usage
from parallel_agent.chat.errors import ChatError
from parallel_agent.proposers.answers import FormatError
from parallel_agent.proposers.chat import SourceTooLong, plan_request
from parallel_agent.proposers.strategies import STRATEGIES
from parallel_agent.proposers.structured import read_plan
from parallel_agent.proposers.tasks import PlanTask

PLANNED = 4
"""Strategies that a plan may name."""
_PLAN_TOKENS = 4000
_LEAST_PLAN_TOKENS = 500


def paid_round(context: Context, state: RunState, update: RunState) -> None:
    """Fund the next answers of chat models in ``update``; none where the policy stops.

    Money that a model's plan would cost is spent on one only if that pays for itself.
    """
    if not context.models.coders:
        return
    why, left = answers_left(context, state)
    if why:
        context.emit("note", why)
        return
    try:
        market = Market(context, known_of(state.get("candidates", {}), state.get("trials", [])))
    except SourceTooLong as error:
        context.emit("note", f"no model is asked: {error}")
        return
    if "planned" not in state:
        update["planned"] = _plan(context, market, state, answers_left=left)
    planned = update.get("planned", state.get("planned", []))
    width = min(context.settings.branches, left)
    funded = market.decide(offers_of(market, state, planned, width), update["round"], width)
    market.tell(funded.decision)
    pay_for(funded.offers, [option for option, _ in funded.decision.pruned], state, update)


def answers_left(context: Context, state: RunState) -> tuple[str, int]:
    """Why no more answers are asked for, empty if they are, and how many they may be at most."""
    trials, most = state.get("trials", []), most_answers(context.settings)
    if passed := passed_cap(context.settings):
        return f"no more answers are asked for: {passed}", 0
    if _broke(trials[state.get("forgiven", 0) :]):
        return "no more answers are asked for: the last ones did not fit the cap", 0
    if len(trials) >= most:
        return f"no more than {most} answers are asked for", 0
    return "", most - len(trials)


def offers_of(market: Market, state: RunState, planned: Sequence[str], width: int) -> list[Offer]:
    """What may be paid for, as the run stands; without what the policy pruned before."""
    every = [
        *market.new((*planned, *STRATEGIES), width),
        *(o for r in parents(state.get("candidates", {}).values()) for o in market.refine(r)),
    ]
    refused = state.get("refused", [])
    return [offer for offer in every if offer.option.id not in refused]


def pay_for(
    offers: Sequence[Offer], pruned: Sequence[str], state: RunState, update: RunState
) -> None:
    """Fund in ``update`` the moves that carry the offers out, and remember what was pruned."""
    branches = state.get("branches", 0)
    update["funded"] = [
        branch_move(offer, branches + number) for number, offer in enumerate(offers, start=1)
    ]
    update["branches"] = branches + len(offers)
    update["refused"] = [*state.get("refused", []), *pruned]


def _broke(trials: list[TrialRecord]) -> bool:
    """Whether the last answers were not even asked for, for want of money."""
    last = trials[-FAILURES:]
    return len(last) == FAILURES and all(trial["failure"] == NO_MONEY for trial in last)


def _plan(context: Context, market: Market, state: RunState, *, answers_left: int) -> list[str]:
    """Strategies in a model's own words, if it pays for itself to ask for them."""
    model = context.models.adviser("planner")
    if model is None:
        return []
    tried = [
        result_of(record["strategy"], profile)
        for record in state.get("candidates", {}).values()
        if (profile := stored_profile(context, record["id"])) is not None
    ]
    task = PlanTask(kernel=kernel_facts(context), count=PLANNED, tried=tuple(tried))
    request = plan_request(task, min(_PLAN_TOKENS, context.settings.max_output_tokens))
    available = context.ledger.available(context.scope)
    tokens = fitting_output(model.price, request, available, _LEAST_PLAN_TOKENS)
    if tokens == 0:
        return []
    request = request.model_copy(update={"max_output_tokens": tokens})
    price = model.price.cost(
        Usage(input_tokens=request.prompt_bytes // 3, output_tokens=tokens // 4)
    )
    answer = min(market.expected(m, "new", market.prompt_bytes) for m in context.models.coders)
    informed = min(answers_left * answer, available - bound(model.price, request))
    if not pays_for_itself(price, informed):
        context.emit("funding", f"no plan is asked for: {model.ref} would cost more than it gains")
        return []
    try:
        reply = context.door.ask(model, request, scope=context.scope, node="planner", step=1)
        plan = read_plan(reply, PLANNED)
    except (CapExceeded, ChatError, FormatError) as error:
        context.emit("note", f"no plan: {error}")
        return []
    for move in plan.moves:
        context.emit("funding", f"planned: {move.strategy}: {move.why}", gain=move.expected_gain)
    return [move.strategy for move in plan.moves]
