"""What a run has learned so far: from its trials and candidates, for whoever decides what is next."""

from __future__ import annotations

from collections.abc import Iterable

from parallel_agent.agent.costs import write_cost
from parallel_agent.agent.search import leader
from parallel_agent.agent.state import ORIGINAL, CandidateRecord, Known, Move, TrialRecord
from parallel_agent.budget.amount import Amount

PARENTS = 3
"""The best candidates, and the last rejected ones, that may be refined or repaired."""


def trial_of(
    move: Move, record: CandidateRecord | None, *, step: int, cost: Amount, failure: str = ""
) -> TrialRecord:
    """What became of the answer of a step; no record where it gave no new candidate."""
    accepted = record is not None and record["accepted"]
    refined = step > 1 or move["parent"] != ORIGINAL
    trial = TrialRecord(
        model=move["proposer"],
        action="refine" if refined else "new",
        strategy=move["strategy"],
        parent=move["parent"] if record is None else record["parent"],
        branch=move["branch"],
        step=step,
        candidate="" if record is None else record["id"],
        accepted=accepted,
        speedup=_speedup(record) if record is not None and accepted else 1.0,
        cost=0,
        failure=failure,
    )
    write_cost(trial, cost)
    return trial


def known_of(candidates: dict[str, CandidateRecord], trials: list[TrialRecord]) -> Known:
    """What a branch is told when it is funded."""
    better = [record for record in candidates.values() if record["better"]]
    best = max(better, key=lambda record: record["speedup"], default=None)
    leading = leader(candidates.values())
    return Known(
        trials=trials,
        best="" if best is None else best["id"],
        best_speedup=1.0 if best is None else best["speedup"],
        leading=1.0 if leading is None else leading["speedup"],
        lessons=[_lesson(record) for record in list(candidates.values())[-12:]],
    )


def parents(candidates: Iterable[CandidateRecord]) -> list[CandidateRecord]:
    """Candidates that another step may start from: the fastest, and the last that were rejected."""
    records = list(candidates)
    accepted = sorted((r for r in records if r["accepted"]), key=_speedup, reverse=True)
    rejected = [r for r in records if not r["accepted"] and r["failed_gate"] != "duplicate"]
    return accepted[:PARENTS] + [r for r in rejected if r["proposer"] != "rules"][-PARENTS:]


def _speedup(record: CandidateRecord) -> float:
    speedup = record.get("speedup", 1.0)
    return speedup if record["better"] else min(1.0, speedup)


def _lesson(record: CandidateRecord) -> str:
    name = f"{record['strategy']} {record['variant']}".strip()
    if record["failed_gate"]:
        return f"{name}: rejected by the gate '{record['failed_gate']}': {record['detail'][:200]}"
    return f"{name}: {record.get('speedup', 1.0):.2f} times as fast as the original"
