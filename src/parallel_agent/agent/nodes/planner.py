"""planner: opens the run, funds moves round by round, and ends the run."""

from __future__ import annotations

from langgraph.runtime import Runtime

from parallel_agent.agent.closing import better_candidates, close_run
from parallel_agent.agent.context import Context, context_of
from parallel_agent.agent.free_moves import WIDTH, free_moves, reason_to_prune, with_lessons
from parallel_agent.agent.opening import open_run
from parallel_agent.agent.planning import paid_round
from parallel_agent.agent.state import RunState


def planner(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Fund the next moves, or end the run: then ``funded`` is empty and ``outcome`` is there.

    What is free comes first; what costs money is for the policy to fund.
    """
    context = context_of(runtime)
    if "round" in state:
        update = RunState(round=state["round"] + 1, untried=state["untried"])
    else:
        open_run(context, state.get("source"), state.get("kernel"))
        update = RunState(round=1, untried=free_moves(context), best=0.0, stale=0)
        update["kernel"] = context.subject.parsed.kernel.name
    _note_progress(state, update)
    _free_round(context, state, update)
    if not update["funded"]:
        paid_round(context, state, update)
    if update["funded"]:
        names = [move["branch"] for move in update["funded"]]
        context.emit("round", f"round {update['round']}: {', '.join(names)}", branches=names)
    else:
        update["outcome"] = close_run(context, {**state, **update})
    return update


def _free_round(context: Context, state: RunState, update: RunState) -> None:
    """Fund the next free moves; none where there are none, or no more are worth their time."""
    why = reason_to_prune(
        context.settings.effort, update["round"] - 1, best=update["best"], stale=update["stale"]
    )
    if why and update["untried"]:
        for move in update["untried"]:
            context.emit("pruned", why, branch=move["branch"])
        update["pruned"] = [{"branch": move["branch"], "why": why} for move in update["untried"]]
        update["untried"] = []
    update["funded"] = with_lessons(state, update["untried"][:WIDTH])
    update["untried"] = update["untried"][WIDTH:]


def _note_progress(state: RunState, update: RunState) -> None:
    """The best speedup so far, and how many rounds it has been so."""
    if "best" in update:
        return
    found = better_candidates(state.get("candidates", {}))
    best = found[0]["speedup"] if found else 0.0
    update["best"] = max(best, state["best"])
    update["stale"] = 0 if best > state["best"] else state["stale"] + 1
