"""planner: opens the run, funds moves round by round, and ends the run."""

from __future__ import annotations

from langgraph.runtime import Runtime

from parallel_agent.agent.closing import better_candidates, close_run
from parallel_agent.agent.context import Context, context_of
from parallel_agent.agent.opening import open_run
from parallel_agent.agent.state import Move, RunState
from parallel_agent.proposers.rules import registry
from parallel_agent.proposers.rules.wide_vectors import WideVectors
from parallel_agent.toolchain.machine import wider_isa

MOVES = {"quick": 4, "normal": 12, "thorough": 100}
"""How many moves are tried at most, by effort."""
WIDTH = 3
"""Moves funded in one round: what they teach is there for the next."""
PATIENCE = 2
"""Rounds without a better candidate after which the rest is pruned, once there is one."""


def planner(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Fund the next moves, or end the run: then ``funded`` is empty and ``outcome`` is there."""
    context = context_of(runtime)
    if "round" in state:
        update = RunState(round=state["round"] + 1, untried=state["untried"])
    else:
        open_run(context, state.get("source"), state.get("kernel"))
        update = RunState(round=1, untried=_moves(context), best=0.0, stale=0)
        update["kernel"] = context.subject.parsed.kernel.name
    _note_progress(state, update)
    reason = _reason_to_prune(context, state, update)
    if reason:
        for move in update["untried"]:
            context.emit("pruned", reason, branch=move["branch"])
        update["pruned"] = [{"branch": m["branch"], "why": reason} for m in update["untried"]]
        update["untried"] = []
    update["funded"] = _with_lessons(state, update["untried"][:WIDTH])
    update["untried"] = update["untried"][WIDTH:]
    if update["funded"]:
        names = [move["branch"] for move in update["funded"]]
        context.emit("round", f"round {update['round']}: {', '.join(names)}", branches=names)
    else:
        update["outcome"] = close_run(context, {**state, **update})
    return update


def _moves(context: Context) -> list[Move]:
    """What the free proposer has to offer for this kernel, best first."""
    offered = registry.moves(context.subject.parsed)
    isa = wider_isa(context.settings.cxxflags)
    if not offered:
        context.emit("note", "no strategy applies to this kernel")
    return [
        Move(
            branch=f"{strategy}-{variant}" if variant else strategy,
            strategy=strategy,
            variant=variant,
            proposer="rules",
            parent="original",
            options={},
        )
        for strategy, variant in offered
        if strategy != WideVectors.name or variant == isa
    ]


def _note_progress(state: RunState, update: RunState) -> None:
    """The best speedup so far, and how many rounds it has been so."""
    if "best" in update:
        return
    found = better_candidates(state.get("candidates", {}))
    best = found[0]["speedup"] if found else 0.0
    update["best"] = max(best, state["best"])
    update["stale"] = 0 if best > state["best"] else state["stale"] + 1


def _reason_to_prune(context: Context, state: RunState, update: RunState) -> str:
    """Why nothing more is to be tried; empty if there is something to be gained."""
    tried = WIDTH * (update["round"] - 1)
    if tried >= MOVES[context.settings.effort]:
        return f"--effort {context.settings.effort} tries {tried} moves"
    if update["best"] > 0 and update["stale"] >= PATIENCE:
        return f"{PATIENCE} rounds brought nothing better"
    return ""


def _with_lessons(state: RunState, moves: list[Move]) -> list[Move]:
    """Moves that start with the guard which other branches found to pay."""
    lessons = state.get("lessons", [])
    learned = lessons[-1]["options"] if lessons else {}
    return [
        move
        if move["variant"] in registry.WITHOUT_THREADS
        else {**move, "options": {**learned, **move["options"]}}
        for move in moves
    ]
