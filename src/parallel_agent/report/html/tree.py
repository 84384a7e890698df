"""The tree of branches: what each step wrote, what became of it, what it cost, what the critic said."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from parallel_agent.agent.events import Event
from parallel_agent.agent.state import ORIGINAL
from parallel_agent.agent.winning import SAID
from parallel_agent.budget.money import format_usd
from parallel_agent.report.html.evidence import CandidateEvidence, Evidence


@dataclass
class Step:
    """One candidate of a branch. ``result`` says how it ended, ``detail`` why.

    ``promising`` looked faster and was not asked by every gate; ``better`` was.
    """

    number: int
    candidate: str
    reason: str = ""
    cautions: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    failed_gate: str = ""
    detail: str = ""
    speedup: float | None = None
    interval: tuple[float, float] | None = None
    promising: bool = False
    better: bool = False
    options: str = ""
    chosen: bool = False
    cost_usd: str = ""
    critique: str = ""
    proposer: str = ""

    @property
    def result(self) -> str:
        """What became of it."""
        if self.chosen:
            return "handed back"
        if self.failed_gate:
            return f"rejected: {self.failed_gate}"
        if self.better:
            return "faster"
        if self.promising:
            return "faster at first sight"
        return "not faster" if self.speedup is not None else "not timed"


@dataclass
class Branch:
    """One line of work, with those that were made from its candidates."""

    name: str
    steps: list[Step] = field(default_factory=list)
    children: list[Branch] = field(default_factory=list)
    ended: str = ""
    calls: list[str] = field(default_factory=list)
    cost: Decimal = Decimal(0)

    @property
    def cost_usd(self) -> str:
        """What its requests to models came to; empty for a free one."""
        return f"{self.cost.normalize():f}" if self.cost else ""


def branches(evidence: Evidence) -> list[Branch]:
    """The branches that were made from the original, in the order in which they began."""
    found: dict[str, Branch] = {}
    parents: dict[str, str] = {}
    for event in evidence.events:
        if not event.branch or event.kind == "pruned":
            continue
        branch = found.setdefault(event.branch, Branch(event.branch))
        if event.kind == "candidate":
            parents.setdefault(event.branch, _record(event).get("parent", ORIGINAL))
        _take(branch, event)
    for branch in found.values():
        for step in branch.steps:
            _complete(step, evidence.candidates.get(step.candidate), evidence)
    return _grown(found, parents)


def _grown(found: dict[str, Branch], parents: dict[str, str]) -> list[Branch]:
    """The branches as a tree: one hangs on the first branch that wrote what it was made from."""
    home = {step.candidate: name for name in reversed(found) for step in found[name].steps}
    order = list(found)
    roots = []
    for name, branch in found.items():
        parent = home.get(parents.get(name, ORIGINAL), name)
        if order.index(parent) < order.index(name):
            found[parent].children.append(branch)
        else:
            roots.append(branch)
    return roots


def _take(branch: Branch, event: Event) -> None:
    data = event.data
    if event.kind == "candidate":
        branch.steps.append(_step(event))
    elif event.kind == "call":
        if not data.get("from_journal"):
            branch.cost += Decimal(str(data.get("amount_usd", "0")))
        branch.calls.append(event.message)
    elif event.kind == "ended":
        branch.ended = event.message
    elif branch.steps:
        step = next((s for s in branch.steps if s.candidate == event.candidate), branch.steps[-1])
        _see(step, event)


def _see(step: Step, event: Event) -> None:
    data = event.data
    if event.kind == "gate":
        name = str(data.get("name", ""))
        if data.get("passed"):
            step.passed.append(name)
        else:
            step.failed_gate, step.detail = name, str(data.get("detail", ""))
    elif event.kind == "critique":
        step.critique = event.message
    elif event.kind == "profile":
        step.speedup, step.better = data.get("speedup"), bool(data.get("better"))
        interval = data.get("interval")
        step.interval = (interval[0], interval[1]) if interval else None


def _step(event: Event) -> Step:
    record = _record(event)
    return Step(
        number=int(record.get("step", 1)),
        candidate=event.candidate,
        reason="; ".join(map(str, record.get("reasons_for", []))),
        cautions=[str(caution) for caution in record.get("reasons_against", [])],
        proposer=str(record.get("proposer", "")),
        options=_options(record.get("options")),
    )


def _options(options: Any) -> str:
    """What a step has beyond its strategy, in the words of the run's end."""
    given = options if isinstance(options, dict) else {}
    return "; ".join(said.format(given[name]) for name, said in SAID.items() if given.get(name))


def _complete(step: Step, candidate: CandidateEvidence | None, evidence: Evidence) -> None:
    """What the folder knows and the events may not: the price, and whether it was handed back."""
    if candidate is None:
        return
    record = candidate.record
    cost = int(record.get("cost", 0))
    step.cost_usd = format_usd(cost) if cost else ""
    step.failed_gate = step.failed_gate or str(record.get("failed_gate", ""))
    step.promising, step.better = bool(record.get("promising")), bool(record.get("better"))
    step.detail = step.detail or str(record.get("detail", ""))
    chosen = evidence.chosen
    step.chosen = evidence.outcome is not None and chosen is candidate


def _record(event: Event) -> dict[str, Any]:
    record = event.data.get("record")
    return record if isinstance(record, dict) else {}
