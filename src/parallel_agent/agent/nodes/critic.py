"""critic: reads verdict and profile, and decides whether to refine or to stop."""

from __future__ import annotations

from langgraph.runtime import Runtime

from parallel_agent.agent.advice import read_profile, read_verdict, stop
from parallel_agent.agent.context import Context, context_of
from parallel_agent.agent.nodes.profiler import stored_profile
from parallel_agent.agent.state import BranchState, Critique, Lesson
from parallel_agent.budget.money import format_usd
from parallel_agent.toolchain.machine import wider_isa


def critic(state: BranchState, runtime: Runtime[Context]) -> BranchState:
    """Judge the step; what was learned for other branches goes to the planner."""
    context, record, branch = context_of(runtime), state["record"], state["move"]["branch"]
    critique = _critique(context, state)
    if critique["decision"] != "stop" and state["step"] >= context.settings.max_steps:
        critique = stop(f"no more than {context.settings.max_steps} steps; {critique['why']}")
    context.emit(
        "critique",
        f"{critique['decision']}: {critique['why']}",
        branch=branch,
        candidate=state["candidate"],
        **critique,
        spent_usd=format_usd(context.ledger.spent(context.scope)),
    )
    lessons = []
    if record.get("better") and record["options"].get("guard"):
        why = f"{branch}: parallel execution pays if {record['options']['guard']}"
        guard = {"guard": record["options"]["guard"]}
        lessons.append(Lesson(branch=branch, text=why, options=guard))
    return BranchState(critique=critique, step=state["step"] + 1, lessons=lessons)


def _critique(context: Context, state: BranchState) -> Critique:
    record = state["record"]
    if not record["accepted"]:
        return read_verdict(record)
    profile = stored_profile(context, state["candidate"])
    if profile is None:
        return stop("it was not timed")
    subject = context.subject
    signature, isa = subject.parsed.kernel.signature, wider_isa(context.settings.cxxflags)
    return read_profile(record, profile, signature, subject.contract, isa)
