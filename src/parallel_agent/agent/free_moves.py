"""The moves of the free proposer: all that it has to offer, a few at a time."""

from __future__ import annotations

from parallel_agent.agent.context import Context
from parallel_agent.agent.state import ORIGINAL, Move, RunState
from parallel_agent.proposers.rules import registry
from parallel_agent.proposers.rules.wide_vectors import WideVectors
from parallel_agent.toolchain.machine import wider_isa

MOVES = {"quick": 4, "normal": 12, "thorough": 100}
"""How many moves are tried at most, by effort."""
WIDTH = 3
"""Moves funded in one round: what they teach is there for the next."""
PATIENCE = 2
"""Rounds without a better candidate after which the rest is pruned, once there is one."""


def free_moves(context: Context) -> list[Move]:
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
            parent=ORIGINAL,
            options={},
        )
        for strategy, variant in offered
        if strategy != WideVectors.name or variant == isa
    ]


def reason_to_prune(effort: str, done: int, *, best: float, stale: int) -> str:
    """Why no more free moves are tried after ``done`` rounds; empty if there is more to be gained.

    ``best`` is the best speedup so far, 0 if there is none, and ``stale`` the rounds since then.
    """
    tried = WIDTH * done
    if tried >= MOVES[effort]:
        return f"--effort {effort} tries {tried} moves"
    if best > 0 and stale >= PATIENCE:
        return f"{PATIENCE} rounds brought nothing better"
    return ""


def with_lessons(state: RunState, moves: list[Move]) -> list[Move]:
    """Moves that start with the guard which other branches found to pay."""
    lessons = state.get("lessons", [])
    learned = lessons[-1]["options"] if lessons else {}
    return [
        move
        if move["variant"] in registry.WITHOUT_THREADS
        else {**move, "options": {**learned, **move["options"]}}
        for move in moves
    ]
