"""Where a run stands, as far as its events tell: what the live view shows and plain lines say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from parallel_agent.agent.events import Event
from parallel_agent.budget.amount import NOTHING, Amount
from parallel_agent.budget.money import usd_to_nano
from parallel_agent.report.saying import printable

Status = Literal["working", "better", "stopped"]


@dataclass
class BranchProgress:
    """Where one branch stands: its step, the gates of that step (True: passed), what it does."""

    name: str
    step: int = 1
    gates: dict[str, bool] = field(default_factory=dict)
    doing: str = "waiting"
    status: Status = "working"

    @property
    def timing(self) -> bool:
        """Whether it times its candidate, or waits to."""
        return self.status == "working" and _is_timing(self.doing)


@dataclass
class Progress:
    """Where a run stands; feed it every event, in order. Times are seconds since the epoch.

    ``latest`` is the branch of the last event, empty where it was of the whole run.
    """

    title: str = ""
    started: float | None = None
    stage: str = ""
    branches: dict[str, BranchProgress] = field(default_factory=dict)
    pruned: int = 0
    best: float | None = None
    best_branch: str = ""
    latest: str = ""
    spent: Amount = NOTHING

    def take(self, event: Event) -> None:
        """Bring everything up to date."""
        if self.started is None:
            self.started = event.at
        if "spent_usd" in event.data:
            self.spent = _spent(event.data)
        if event.branch:
            branch = self.branches.setdefault(event.branch, BranchProgress(event.branch))
            _BRANCH.get(event.kind, _ignore)(self, branch, event)
            self.latest = event.branch
        elif event.kind in ("stage", "round", "original", "estimate", "call"):
            self.stage, self.latest = sentence(event), ""

    @property
    def doing(self) -> str:
        """What it does, in a line: that of the branch told of last, or of the whole run."""
        branch = self.branches.get(self.latest)
        return f"{branch.name}: {' '.join(branch.doing.split())}" if branch else self.stage

    @property
    def timing(self) -> bool:
        """Whether something is being timed, or waits to be: then the machine is to be quiet."""
        return _is_timing(self.stage) or any(branch.timing for branch in self.branches.values())


def sentence(event: Event) -> str:
    """What happened, in words, without control characters: some of them are a model's."""
    return printable(_sentence(event))


def _sentence(event: Event) -> str:
    if event.kind == "original":
        size = sizes_text(event.data["sizes"])
        return f"timing the original: {milliseconds(event.data['seconds'])} ms at {size}"
    if event.kind == "pruned":
        return f"pruned: {event.message}"
    return event.message or event.kind


def plain_line(event: Event, started: float, kernel: str = "") -> str:
    """One line for one event: seconds since the start, the kernel and the branch, what happened.

    Line breaks inside, as compilers write them, become spaces.
    """
    said = " ".join(sentence(event).split())
    return f"{event.at - started:7.1f} s  {': '.join(filter(None, (kernel, event.branch, said)))}"


def _spent(data: Mapping[str, Any]) -> Amount:
    seconds = data.get("spent_seconds", 0.0)
    return Amount(
        usd_to_nano(data["spent_usd"]), data.get("spent_tokens", 0), round(seconds * 1000)
    )


def sizes_text(sizes: Mapping[str, int]) -> str:
    """``N=1024, M=7`` for people; a kernel without sizes has only one."""
    return ", ".join(f"{name}={size}" for name, size in sizes.items()) or "its only size"


def milliseconds(seconds: float) -> str:
    """Seconds in milliseconds with three digits that count, never in exponents."""
    value = seconds * 1000.0
    decimals = next((d for d, least in enumerate((100.0, 10.0, 1.0, 0.1)) if value >= least), 4)
    return f"{value:.{decimals}f}"


def _is_timing(text: str) -> bool:
    return text.startswith("timing")


def _ignore(progress: Progress, branch: BranchProgress, event: Event) -> None:
    """Nothing to show."""


def _stage(progress: Progress, branch: BranchProgress, event: Event) -> None:
    branch.doing = event.message


def _candidate(progress: Progress, branch: BranchProgress, event: Event) -> None:
    branch.step = event.data["record"]["step"]
    branch.gates = {}
    branch.status, branch.doing = "working", "compiling"


def _gate(progress: Progress, branch: BranchProgress, event: Event) -> None:
    branch.gates[event.data["name"]] = event.data["passed"]
    branch.doing = f"{event.data['name']} {'passed' if event.data['passed'] else 'rejected it'}"


def _profile(progress: Progress, branch: BranchProgress, event: Event) -> None:
    branch.doing = event.message
    if not event.data["better"]:
        return
    branch.status = "better"
    if progress.best is None or event.data["speedup"] > progress.best:
        progress.best, progress.best_branch = event.data["speedup"], branch.name


def _critique(progress: Progress, branch: BranchProgress, event: Event) -> None:
    branch.doing = event.data["why"]
    if event.data["decision"] == "stop" and branch.status != "better":
        branch.status = "stopped"


def _ended(progress: Progress, branch: BranchProgress, event: Event) -> None:
    branch.doing = event.message
    if branch.status != "better":
        branch.status = "stopped"


def _pruned(progress: Progress, branch: BranchProgress, event: Event) -> None:
    progress.branches.pop(branch.name)  # it never began
    progress.pruned += 1


_Handler = Callable[[Progress, BranchProgress, Event], None]
_BRANCH: dict[str, _Handler] = {
    "call": _stage,
    "stage": _stage,
    "candidate": _candidate,
    "gate": _gate,
    "profile": _profile,
    "critique": _critique,
    "ended": _ended,
    "pruned": _pruned,
}
