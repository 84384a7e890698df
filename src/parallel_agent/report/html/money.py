"""What a run cost, and what its money bought when."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from parallel_agent.report.html.evidence import Evidence


@dataclass(frozen=True)
class SpentPoint:
    """The best speedup of a proved candidate at first sight, when so much was spent in US dollars."""

    spent_usd: float
    speedup: float


@dataclass(frozen=True)
class Money:
    """``curve`` begins at nothing spent; ``idle_usd`` was spent after the last point that rose."""

    curve: tuple[SpentPoint, ...]
    spent: Decimal
    requests: int
    idle_usd: Decimal
    idle_requests: int
    pruned: int
    """Moves that were pruned for want of money or promise."""


def money_of(evidence: Evidence) -> Money:
    """From the events; what was counted in full after a crash is in the bill and not in here."""
    best, spent, requests = 1.0, Decimal(0), 0
    risen = (Decimal(0), 0)
    points = [SpentPoint(0.0, 1.0)]
    for event in evidence.events:
        data = event.data
        if event.kind == "call" and not data.get("from_journal"):
            spent += Decimal(str(data.get("amount_usd", "0")))
            requests += 1
        elif event.kind == "profile" and data.get("better") and data["speedup"] > best:
            best, risen = float(data["speedup"]), (spent, requests)
        else:
            continue
        if points[-1].spent_usd == float(spent):
            points.pop()
        points.append(SpentPoint(float(spent), best))
    pruned = sum(event.kind == "funding" and "pruned" in event.message for event in evidence.events)
    idle = (spent - risen[0], requests - risen[1])
    return Money(tuple(points), spent, requests, *idle, pruned)
