"""critic: reads verdict and profile, and decides whether to repair, to refine or to stop."""

from __future__ import annotations

from langgraph.runtime import Runtime

from parallel_agent.agent.advice import read_profile, read_verdict, stop
from parallel_agent.agent.context import Context, context_of
from parallel_agent.agent.costs import cost_of_record
from parallel_agent.agent.criticism import next_answer
from parallel_agent.agent.free_moves import PROVE
from parallel_agent.agent.known import trial_of
from parallel_agent.agent.state import BranchState, Critique, Lesson
from parallel_agent.agent.stored import store_record, stored_profile
from parallel_agent.budget.amount import amount_json
from parallel_agent.chat.references import RULES
from parallel_agent.toolchain.machine import wider_isa

GUARDS = 2
"""Steps beyond the most that only guard what a model wrote: they cost nothing, and save what was paid
for where it loses at small sizes only."""

_NEAR = 0.75
"""Wider vectors are tried with what is so fast against the best so far."""


def critic(state: BranchState, runtime: Runtime[Context]) -> BranchState:
    """Judge the step; what was learned for other branches goes to the planner."""
    context, record, branch = context_of(runtime), state["record"], state["move"]["branch"]
    store_record(context, record)
    update = BranchState(step=state["step"] + 1)
    if record["prompt"]:  # a model wrote it: what puts a guard before its code is free
        update["trials"] = [
            trial_of(state["move"], record, step=state["step"], cost=cost_of_record(record))
        ]
    critique = _critique(context, state)
    if state["move"].get("stage") == PROVE and record["accepted"]:
        critique = stop("it passed every gate")
    by_model = state["move"]["proposer"] != RULES
    steps = context.settings.max_steps
    last = state["step"] >= steps + GUARDS * (by_model and "guard" in critique["options"])
    if critique["decision"] != "stop" and last:
        critique = stop(f"no more than {steps} steps; {critique['why']}")
    elif critique["decision"] == "stop" and not last and by_model:
        trials = [*state.get("trials", []), *update.get("trials", [])]
        critique = next_answer(context, state, trials, critique)
    context.emit(
        "critique",
        f"{critique['decision']}: {critique['why']}",
        branch=branch,
        candidate=state["candidate"],
        **critique,
        **amount_json("spent", context.ledger.spent(context.scope)),
    )
    if record.get("promising") and record["options"].get("guard"):
        why = f"{branch}: parallel execution pays if {record['options']['guard']}"
        guard = {"guard": record["options"]["guard"]}
        update["lessons"] = [Lesson(branch=branch, text=why, options=guard)]
    update["critique"] = critique
    return update


def _critique(context: Context, state: BranchState) -> Critique:
    """What the table of findings says, free of charge."""
    record = state["record"]
    if record["failed_gate"]:
        return read_verdict(record)
    profile = stored_profile(context, state["candidate"])
    if profile is None:
        return stop("it was not timed")
    subject = context.subject
    signature, isa = subject.parsed.kernel.signature, wider_isa(context.settings.cxxflags)
    near = profile.speedup >= _NEAR * state["known"]["leading"]
    widened = state["move"]["proposer"] == RULES and near
    return read_profile(record, profile, signature, subject.contract, isa if widened else "")
