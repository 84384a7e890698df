"""The search of the free proposer: which of its moves come next, and when no more are worth it.

A best-first search over chains of strategies. Every new candidate gets a first look: the cheap gates
and a short timing. What was rewritten is offered to the other strategies, the fastest first; the
gates that cost more are for candidates that lead.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from parallel_agent.agent.context import Context
from parallel_agent.agent.free_moves import (
    first_moves,
    further_moves,
    proof,
    tuning_moves,
    with_if_clause,
)
from parallel_agent.agent.state import ORIGINAL, CandidateRecord, Move, RunState

MOVES = {"quick": 6, "normal": 30, "thorough": 300}
"""How many candidates are looked at, at most, by effort."""
SECONDS = {"quick": 15.0, "normal": 28.0, "thorough": 900.0}
"""How long the search may take, by effort, from the first round of this process."""
PATIENCE = {"quick": 1, "normal": 3, "thorough": 8}
"""Rounds without a better candidate after which the rest is pruned, once there is one."""
WIDTH = 3
"""Moves funded in one round: what they teach is there for the next."""

_BETTER = 1.03
"""So many times as fast as the best before it is progress."""
_STEP = math.log(1.25)
"""Candidates whose speeds lie within such a step count as equally fast."""
_OPEN = 1.25
"""How much a candidate without threads is favoured: they may come on top of it."""
_STILL_OPEN = 0.8
"""A candidate without threads may be so much slower and still be worth going on from."""
_STILL_LEADING = 0.7
"""One with threads must be so fast against the best."""

_HOPELESS = 0.4
"""A strategy that reached no more of the best's speed is not tried in its other variants."""


def begin(context: Context, update: RunState) -> None:
    """The first moves."""
    moves = first_moves(context)
    update.update(RunState(untried=moves, extended=[], best=0.0, stale=0, tried=0))


def go_on(context: Context, state: RunState, update: RunState) -> None:
    """Bring the search up to date with what the last round found."""
    records = _screened(state)
    best = max((_promise(record) for record in records), default=0.0)
    update["stale"] = 0 if best > _BETTER * state["best"] else state["stale"] + 1
    update["best"] = max(best, state["best"])
    update["tried"] = state["tried"]
    extended, untried = list(state["extended"]), list(state["untried"])
    found: list[Move] = []
    leading = leader(records)
    known = {move["branch"] for move in untried} | {record["branch"] for record in records}
    for record in records:
        if _loses_without_threads(record):
            found.append(with_if_clause(record))
        if record["branch"] in extended or not worth_extending(record, update["best"]):
            continue
        extended.append(record["branch"])
        found += further_moves(context, record)
    if leading is not None and (tuned := f"{leading['branch']}, tuned") not in extended:
        extended.append(tuned)
        found += tuning_moves(context, leading)
    untried += {m["branch"]: m for m in found if m["branch"] not in known}.values()
    update["untried"], update["extended"] = untried, extended


def fund(context: Context, state: RunState, update: RunState) -> None:
    """Fund the next free moves in ``update``; none where nothing is left to look at or to prove."""
    effort, seconds = context.settings.effort, context.seconds_of_search()
    why = reason_to_prune(
        effort, update["tried"], seconds, best=update["best"], stale=update["stale"]
    )
    if why and update["untried"]:
        for move in update["untried"]:
            context.emit("pruned", why, branch=move["branch"])
        update["pruned"] = [{"branch": move["branch"], "why": why} for move in update["untried"]]
        update["untried"] = []
    ordered = in_order(
        _without_hopeless(context, update, _screened(state)), state.get("candidates", {})
    )
    chosen, update["untried"] = ordered[:WIDTH], ordered[WIDTH:]
    update["tried"] += len(chosen)
    update["funded"] = [*_proofs(state, searching=bool(chosen)), *_with_lessons(state, chosen)]


def reason_to_prune(effort: str, tried: int, seconds: float, *, best: float, stale: int) -> str:
    """Why no more moves are looked at after ``tried`` of them; empty if there is more to be gained.

    ``best`` is the best speedup so far, 0 if there is none, and ``stale`` the rounds since then.
    """
    if tried >= MOVES[effort]:
        return f"--effort {effort} looks at {MOVES[effort]} candidates"
    if seconds >= SECONDS[effort]:
        return f"--effort {effort} searches for {SECONDS[effort]:.0f} s"
    if best > 0 and stale >= PATIENCE[effort]:
        return f"{PATIENCE[effort]} rounds brought nothing better"
    return ""


def in_order(moves: list[Move], candidates: Mapping[str, CandidateRecord]) -> list[Move]:
    """By the speed of what they start from, in steps; among equals by what they add gained alone.

    Where that is not known, as they were found.
    """
    alone: dict[str, float] = {}
    for record in candidates.values():
        if len(record.get("chain", ())) == 1 and not record["failed_gate"]:
            gain = record.get("at_largest", 1.0)
            alone[record["strategy"]] = max(alone.get(record["strategy"], 1.0), gain)

    def key(move: Move) -> tuple[int, int]:
        if move["parent"] == ORIGINAL:
            return 0, 0
        parent = candidates[move["parent"]]
        gain = max(parent.get("at_largest", 1.0), _STILL_OPEN)
        added = move["chain"][-1]["strategy"] if move.get("chain") else ""
        return (
            -_steps(gain * (1.0 if parent["parallel"] else _OPEN)),
            -_steps(alone.get(added, 1.0)),
        )

    return sorted(moves, key=key)


def _steps(gain: float) -> int:
    return round(math.log(gain) / _STEP)


def _without_hopeless(
    context: Context, update: RunState, records: list[CandidateRecord]
) -> list[Move]:
    """The moves that are left without other variants of strategies that fell far behind."""
    reached: dict[str, float] = {}
    for record in records:
        first = len(record["chain"]) == 1 or record["parent"] == ORIGINAL
        if first and "at_largest" in record:
            name = record["strategy"]
            reached[name] = max(reached.get(name, 0.0), record["at_largest"])
    best = max((r.get("at_largest", 0.0) for r in records if not r["failed_gate"]), default=0.0)
    kept = []
    for move in update["untried"]:
        if move["parent"] != ORIGINAL or reached.get(move["strategy"], best) >= _HOPELESS * best:
            kept.append(move)
            continue
        why = f"another variant of {move['strategy']} is far behind the best"
        context.emit("pruned", why, branch=move["branch"])
        update["pruned"] = [*update.get("pruned", []), {"branch": move["branch"], "why": why}]
    return kept


def _proofs(state: RunState, *, searching: bool) -> list[Move]:
    """The leader, if it is not proved: at the end of the search, and before more rests on a guess."""
    leading = leader(_screened(state))
    if leading is None or leading["accepted"]:
        return []
    return [] if searching and not leading["speculative"] else [proof(leading)]


def _screened(state: RunState) -> list[CandidateRecord]:
    """The candidates of the free proposer."""
    return [record for record in state.get("candidates", {}).values() if record.get("chain")]


def leader(records: Iterable[CandidateRecord]) -> CandidateRecord | None:
    """The fastest that no gate has turned away and that is slower at no size."""
    promising = [record for record in records if _promise(record) > 0]
    return max(promising, key=_promise, default=None)


def _promise(record: CandidateRecord) -> float:
    """The speedup of a candidate that may be handed back, else 0."""
    if record["failed_gate"] or not record.get("promising"):
        return 0.0
    return record["speedup"]


def _loses_without_threads(record: CandidateRecord) -> bool:
    """Whether a candidate runs as the original at small sizes, where one thread of it might do better."""
    guarded = record["options"].get("guard") and not record["options"].get("if_clause")
    return bool(guarded and record["parallel"] and not record["failed_gate"])


def worth_extending(record: CandidateRecord, best: float) -> bool:
    """Whether other strategies may gain from what a candidate is.

    Nor is the same machine code as another's a reason against: a loop may be what the algorithm was.
    """
    if record["failed_gate"] == "duplicate":
        return not record["parallel"]
    if record["failed_gate"]:
        return False
    at_largest = record.get("at_largest", 0.0)
    if not record["parallel"]:
        return at_largest >= _STILL_OPEN
    return at_largest >= max(1.1, _STILL_LEADING * best)


def _with_lessons(state: RunState, moves: list[Move]) -> list[Move]:
    """Moves that start with the guard which other branches found to pay."""
    lessons = state.get("lessons", [])
    if not lessons:
        return moves
    learned = {"learned_guard": lessons[-1]["options"]["guard"]}
    return [{**move, "options": {**move["options"], **learned}} for move in moves]
