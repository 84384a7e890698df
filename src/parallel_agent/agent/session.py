"""The inverse of a run: an outside agent writes the candidates, and we judge, time and choose."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.context import Context
from parallel_agent.agent.events import Event
from parallel_agent.agent.facts import diagnosis_of, kernel_facts, result_of
from parallel_agent.agent.governed import GovernedRun
from parallel_agent.agent.nodes.coder import candidate_id
from parallel_agent.agent.outcome import Outcome
from parallel_agent.agent.outside import submission_move, submissions
from parallel_agent.agent.run import check_choices
from parallel_agent.agent.run_folder import RUNS
from parallel_agent.agent.state import ORIGINAL, CandidateRecord, RunState
from parallel_agent.agent.stored import SCREENING, stored_profile, stored_verdict
from parallel_agent.budget.ledger import Ledger
from parallel_agent.kernel.source import SourceError
from parallel_agent.proposers.reply import with_includes
from parallel_agent.proposers.strategies import STRATEGIES
from parallel_agent.proposers.tasks import Diagnosis, KernelFacts, Result
from parallel_agent.settings import Settings, SettingsError, load_settings
from parallel_agent.verification.duplicate import DuplicateGate
from parallel_agent.verification.gate import GateResult

Listener = Callable[[Event], None]
_Done = TypeVar("_Done")


class Tried(BaseModel):
    """One candidate: what it is, the gates it was put through, its times, and what to do next.

    ``diagnosis`` is there for one that a gate rejected, ``result`` for one that was timed. ``better``
    is true if it passed every gate, is faster beyond the noise, and slower at no size.
    """

    model_config = ConfigDict(frozen=True)

    candidate: str
    strategy: str
    proposer: str
    parent: str
    accepted: bool
    better: bool
    critique: str = ""
    gates: tuple[GateResult, ...] = ()
    diagnosis: Diagnosis | None = None
    result: Result | None = None
    findings: tuple[str, ...] = ()


class Task(BaseModel):
    """What a proposer has to know: the kernel and its machine, what was tried, and where it stands.

    ``strategies`` are known ways, each in a sentence; others are as welcome. ``best`` is the id of the
    best candidate so far, empty without one, and ``best_source`` its text. ``ceiling`` is the speedup
    at which reading the inputs is all that is left; None where that is not known.
    """

    model_config = ConfigDict(frozen=True)

    kernel: KernelFacts
    strategies: dict[str, str]
    tried: tuple[Tried, ...]
    best: str
    best_speedup: float
    best_source: str
    ceiling: float | None
    run: str


class Submitted(BaseModel):
    """What became of a submission: its candidate, and those that the critic made of it for free.

    A source that was there before is told as what it was then, with ``duplicate`` set; so it is for
    one that compiles to the machine code of another, which its diagnosis names.
    """

    model_config = ConfigDict(frozen=True)

    duplicate: bool
    tried: tuple[Tried, ...]
    best: str
    best_speedup: float


class Session:
    """A run whose candidates come from outside: `task`, then `submit` as often as it pays, `finish`.

    What is free is tried first, so that a task tells what the built-in proposer reached. Each
    submission is a branch of the same graph, with the gates and the timing of `optimize`, and what
    `finish` hands back was timed once more like any. A session in the folder of one that was left
    goes on with it. The outside agent's own costs are its own. One thread waits for another.
    """

    def __init__(
        self,
        source: str | Path,
        *,
        given: Settings | None = None,
        listener: Listener = lambda event: None,
        ledger: Ledger | None = None,
        scope: str | None = None,
        **overrides: Any,
    ) -> None:
        """Choose the kernel; ``overrides`` are settings by name, where no ``given`` settings come.

        Raises SettingsError for settings that name a chat model: here it is the caller who writes.
        """
        chosen = given if given is not None else load_settings(**overrides)
        check_choices(chosen)
        if chosen.model != ("rules",):
            raise SettingsError("model: in a session the caller writes, and no chat model does")
        path = Path(source)
        out = chosen.out or RUNS / f"{datetime.now():%Y%m%d-%H%M%S}-session-{secrets.token_hex(3)}"
        self._folder = out.absolute()
        self._using = threading.RLock()
        self._ready = False
        given = chosen.model_copy(update={"out": out})
        self._listener = listener
        self._run = GovernedRun(path, given, ledger, scope, lambda event: self._listener(event))

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return self._folder

    def task(self) -> Task:
        """What a candidate is to be written for. Raises what `optimize` raises."""
        with self._using:
            return self._task(*self._standing())

    def submit(
        self, source: str, *, strategy: str = "", parent: str = "", why: str = ""
    ) -> Submitted:
        """Put a version of the whole file through gates and timing, and have it criticized.

        ``strategy`` and ``why`` are the caller's words for what it does, ``parent`` is the id of the
        candidate that it was made from. Raises SourceError for an empty source or an unknown parent,
        and what `optimize` raises.
        """
        if not source.strip():
            raise SourceError("the submitted source is empty", "Submit the whole file")
        with self._using:
            context, state = self._standing()
            records = state.get("candidates", {})
            if parent not in ("", ORIGINAL, *records):
                raise SourceError(
                    f"there is no candidate '{parent}'", "Give an id that the task names, or none"
                )
            number = submissions(context.folder) + 1
            move = submission_move(
                context.folder, number, source, strategy or "of the agent's own", parent, why
            )
            self._go_on(lambda: self._run.carry_out(move))
            return self._submitted(move["branch"], source)

    def finish(self) -> Outcome:
        """Time the best once more, and end the run with its outcome and evidence.

        A session may go on after that: another submission opens the run again. Raises what `optimize`
        raises.
        """
        with self._using:
            self._standing()
            return self._go_on(self._run.close)

    @contextmanager
    def heard(self, listener: Listener) -> Iterator[None]:
        """Have the events of what is done in the block told to another listener."""
        with self._using:
            before, self._listener = self._listener, listener
            try:
                yield
            finally:
                self._listener = before

    def drain(self) -> None:
        """From another thread: have what is at work stop after its step; it raises Interrupted."""
        self._run.drain()

    def _standing(self) -> tuple[Context, RunState]:
        if not self._ready:  # at first, and where a step was interrupted, which is ended before
            self._go_on(self._run.free)
        return self._run.known

    def _go_on(self, step: Callable[[], _Done]) -> _Done:
        self._ready = False
        done = step()
        self._ready = True
        return done

    def _task(self, context: Context, state: RunState) -> Task:
        records = state.get("candidates", {})
        best = _best(records)
        text = context.folder.read("candidates", best["id"], "candidate.cpp") if best else ""
        facts = kernel_facts(context)
        told = tuple(_tried(context, record) for record in records.values())
        context.forget()
        return Task(
            kernel=facts,
            strategies=dict(STRATEGIES),
            tried=told,
            best=best["id"] if best else "",
            best_speedup=best["speedup"] if best else 1.0,
            best_source=text,
            ceiling=context.study.ceiling,
            run=str(self._folder),
        )

    def _submitted(self, branch: str, source: str) -> Submitted:
        context, state = self._run.known
        records = state.get("candidates", {})
        mine = [record for record in records.values() if record["branch"] == branch]
        duplicate = not mine
        if duplicate:
            original = context.subject.parsed.kernel.source
            before = candidate_id(with_includes(source, original)[0])
            mine = [records[before]] if before in records else []
        same_code = any(record["failed_gate"] == DuplicateGate.name for record in mine)
        best = _best(records)
        told = tuple(_tried(context, record) for record in mine)
        context.forget()
        return Submitted(
            duplicate=duplicate or same_code,
            tried=told,
            best=best["id"] if best else "",
            best_speedup=best["speedup"] if best else 1.0,
        )


def _tried(context: Context, record: CandidateRecord) -> Tried:
    """What the run folder holds of a candidate."""
    name = record["id"]
    verdict = stored_verdict(context, name) or stored_verdict(context, name, SCREENING)
    profile = stored_profile(context, name)
    strategy = f"{record['strategy']} {record['variant']}".strip()
    return Tried(
        candidate=name,
        strategy=strategy,
        proposer=record["proposer"],
        parent=record["parent"],
        accepted=record["accepted"],
        better=record["better"],
        critique=_critiques(context).get(name, ""),
        gates=() if verdict is None else verdict.gates,
        diagnosis=diagnosis_of(context, record) if record["failed_gate"] else None,
        result=None if profile is None else result_of(strategy, profile),
        findings=() if profile is None else tuple(profile.findings),
    )


def _critiques(context: Context) -> dict[str, str]:
    """The critic's last word on each candidate."""
    said = [event for event in context.folder.events() if event.kind == "critique"]
    return {event.candidate: event.data["why"] for event in said}


def _best(records: Mapping[str, CandidateRecord]) -> CandidateRecord | None:
    better = [record for record in records.values() if record["better"]]
    return max(better, key=lambda record: record["speedup"], default=None)
