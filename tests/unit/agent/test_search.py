"""The free search: what comes next, what leads, what is gone on from, and when it ends."""

from __future__ import annotations

from typing import Any

import pytest

from parallel_agent.agent.search import (
    MOVES,
    PATIENCE,
    SECONDS,
    in_order,
    leader,
    reason_to_prune,
    worth_extending,
)
from parallel_agent.agent.state import ORIGINAL, CandidateRecord, Move


def move(branch: str, parent: str = ORIGINAL) -> Move:
    return Move(
        branch=branch, strategy=branch, variant="", proposer="rules", parent=parent, options={}
    )


def record(name: str, speedup: float = 1.0, **fields: Any) -> CandidateRecord:
    given = {
        "id": name,
        "speedup": speedup,
        "at_largest": speedup,
        "promising": speedup > 1.0,
        "parallel": False,
        "failed_gate": "",
        **fields,
    }
    return CandidateRecord(**given)  # type: ignore[typeddict-item]


def test_what_starts_from_the_fastest_comes_first() -> None:
    candidates = {
        "slow": record("slow", 0.9, parallel=True),
        "fast": record("fast", 6.0, parallel=True),
    }
    moves = [move("first"), move("second"), move("third", "slow"), move("fourth", "fast")]
    assert [m["branch"] for m in in_order(moves, candidates)] == [
        "fourth", "first", "second", "third",
    ]  # fmt: skip


def test_among_equals_the_order_of_finding_stays() -> None:
    candidates = {"a": record("a", 2.0), "b": record("b", 2.05)}
    moves = [move("later", "a"), move("last", "b")]
    assert in_order(moves, candidates) == moves


def test_what_gained_by_itself_is_added_first() -> None:
    steps = {name: [{"strategy": name, "variant": ""}] for name in ("a", "sort", "loop")}
    candidates = {name: record(name, gain, strategy=name, chain=steps[name])
                  for name, gain in (("a", 1.2), ("sort", 3.0), ("loop", 0.8))}  # fmt: skip
    moves = [{**move(name, "a"), "chain": steps["a"] + steps[name]} for name in ("loop", "sort")]
    found = in_order(moves, candidates)  # type: ignore[arg-type]
    assert [m["branch"] for m in found] == ["sort", "loop"]


def test_code_without_threads_goes_before_the_original_where_it_is_no_slower() -> None:
    candidates = {"plain": record("plain", 1.0), "parallel": record("parallel", parallel=True)}
    moves = [move("original"), move("on top", "plain"), move("beside", "parallel")]
    assert [m["branch"] for m in in_order(moves, candidates)] == ["on top", "original", "beside"]


def test_what_a_gate_turned_away_or_loses_somewhere_does_not_lead() -> None:
    racy = record("racy", 9.0, failed_gate="races")
    loses = record("loses at small sizes", 5.0, promising=False)
    good = record("good", 2.0)
    assert leader([racy, good, loses]) is good
    assert leader([racy, loses]) is None


@pytest.mark.parametrize(
    ("candidate", "extended"),
    [
        (record("no slower than the original", 0.95), True),
        (record("much slower", 0.5), False),
        (record("threads that lead", 3.8, parallel=True), True),
        (record("threads far behind the best", 2.0, parallel=True), False),
        (record("wrong", 9.0, failed_gate="differential"), False),
        (record("a loop for an algorithm", failed_gate="duplicate"), True),
        (record("threads to no avail", failed_gate="duplicate", parallel=True), False),
    ],
    ids=lambda value: value["id"] if isinstance(value, dict) else "",
)
def test_what_is_gone_on_from(candidate: CandidateRecord, extended: bool) -> None:
    assert worth_extending(candidate, best=4.0) is extended


def test_the_search_ends_for_want_of_moves_time_or_progress() -> None:
    assert not reason_to_prune("normal", 3, 1.0, best=0.0, stale=PATIENCE["normal"])
    assert "brought nothing" in reason_to_prune(
        "normal", 3, 1.0, best=1.5, stale=PATIENCE["normal"]
    )
    assert "candidates" in reason_to_prune("quick", MOVES["quick"], 1.0, best=0.0, stale=0)
    assert "searches for" in reason_to_prune("quick", 1, SECONDS["quick"], best=0.0, stale=0)
