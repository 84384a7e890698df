"""One trial: workers on one account, some of them killed and started again, then the sums."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

from campaign.checks import Evidence, violations
from campaign.plan import Plan
from campaign.worker import Call, calls_of, work
from chat_provider.running import Running
from parallel_agent.budget.amount import Cap
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.prices import given_price
from parallel_agent.budget.scopes import ROOT
from parallel_agent.chat.bounds import request_bound
from parallel_agent.chat.catalog import ChatModel
from parallel_agent.chat.errors import ChatError
from parallel_agent.chat.messages import ChatReply, ChatRequest
from parallel_agent.chat.metered import Door

_LONGEST_SECONDS = 120.0
"""A worker that takes longer hangs: its timeouts allow for a small part of it."""

_SHORTEST = 0.05
"""Seconds of a cap on time with less of which left a worker does not ask."""

_fork = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a trial: its violations, and numbers to be added up over trials."""

    seed: str
    violations: list[str]
    numbers: dict[str, int]
    seconds: float
    faults: dict[str, int] = field(default_factory=dict)


OpenLedger = Callable[[Path], Ledger]


class _Priced:
    """A model at another price, which notes how long each request took, to the file ``times``.

    To make the model anew for each trial would take long.
    """

    def __init__(self, model: ChatModel, price: str, times: Path) -> None:
        self._model = model
        self._times = times
        self.ref = model.ref
        self.name = model.name
        self.price = given_price(model.ref, price)

    def complete(self, request: ChatRequest, *, key: str, timeout: float) -> ChatReply:
        began = time.monotonic()
        try:
            reply = self._model.complete(request, key=key, timeout=timeout)
        except ChatError as error:
            if error.fate != "never_sent":
                self._note(key, began)
            raise
        self._note(key, began)
        return reply

    def _note(self, key: str, began: float) -> None:
        line = {"key": key, "milliseconds": int((time.monotonic() - began) * 1000)}
        with self._times.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def run_trial(
    plan: Plan,
    provider: Running,
    model: ChatModel,
    folder: Path,
    open_ledger: OpenLedger = Ledger.open,
) -> Result:
    """Run a trial in the empty ``folder``.

    ``model`` is one of ``provider``, at whatever price; ``open_ledger`` is what the workers use.
    """
    started = time.monotonic()
    start = provider.billing.stat().st_size
    provider.control(
        reset=True,
        rates=plan.rates,
        seed=plan.seed,
        price=plan.price,
        bytes_per_token=plan.bytes_per_token,
    )
    times = folder / "times.jsonl"
    trial = _Trial(plan, _Priced(model, plan.price, times), folder, open_ledger)
    troubles = trial.run()
    provider.wait_until_idle()
    trial.ledger.forfeit_open("the trial is over")
    asked = provider.state()["asked"]
    troubles += trial.ask_again()
    provider.wait_until_idle()
    evidence = Evidence(
        plan=plan,
        calls=[call for calls in trial.calls for call in calls],
        caps=trial.caps,
        ledger=trial.ledger.path,
        lines=provider.invoice(start),
        times=_read(times),
        asked=asked,
        asked_again=provider.state()["asked"],
        notes=_read(trial.notes),
        notes_again=_read(trial.notes_again),
    )
    return Result(
        plan.seed,
        troubles + violations(evidence),
        _numbers(evidence, trial),
        time.monotonic() - started,
        dict(Counter(line.fault for line in evidence.lines if line.fault)),
    )


class _Trial:
    """The account, the workers, and the one who kills them."""

    def __init__(self, plan: Plan, model: ChatModel, folder: Path, open_ledger: OpenLedger) -> None:
        self.plan = plan
        self.model = model
        self.open_ledger = open_ledger
        self.notes = folder / "notes.jsonl"
        self.notes_again = folder / "again.jsonl"
        self.killed = 0
        sample = Call(ROOT, 0, f"{plan.seed}/0/0").request(plan)
        bound = request_bound(model.price, sample, plan.timeout)
        fills = (plan.fill, plan.token_fill, plan.time_fill)
        worst = (bound.nano_usd, bound.tokens, bound.milliseconds)
        money, tokens, milliseconds = (
            None if fill is None else int(fill * plan.requests * most)
            for fill, most in zip(fills, worst, strict=True)
        )
        cap = Cap(money, tokens, milliseconds)
        self.ledger = Ledger.create(folder / "ledger.sqlite", cap)
        self.caps = {ROOT: cap}
        self.calls = [self._branch(process, cap) for process in range(plan.processes)]

    def _branch(self, process: int, cap: Cap) -> list[Call]:
        share = cap.portion(self.plan.branch_share) if self.plan.branch_share else Cap()
        scope = self.ledger.add_scope(f"branch:{process}", cap=share)
        self.caps[scope] = share
        return calls_of(self.plan, process, scope)

    def run(self) -> list[str]:
        """Start every worker, kill and restart as planned, wait for all; say what went wrong."""
        began = time.monotonic()
        workers = [self._start(calls, self.notes) for calls in self.calls]
        for process, moment in self.plan.kills:
            time.sleep(max(0.0, began + moment - time.monotonic()))
            if workers[process].is_alive():
                self.killed += 1
            _kill(workers[process])
            workers[process] = self._start(self.calls[process], self.notes, again=True)
        return _wait(workers)

    def ask_again(self) -> list[str]:
        """Make every journaled call once more, as a resumed run would."""
        calls = [c for calls in self.calls for c in calls if self.ledger.journaled(c.key)]
        return _wait([self._start(calls, self.notes_again)]) if calls else []

    def _start(self, calls: Sequence[Call], notes: Path, *, again: bool = False) -> ForkProcess:
        process = _fork.Process(target=self._work, args=(calls, notes, again), daemon=True)
        process.start()
        return process

    def _work(self, calls: Sequence[Call], notes: Path, again: bool) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        ledger = self.open_ledger(self.ledger.path)
        if again and self.plan.forfeits_at_once:
            ledger.forfeit_open("its process was killed", keys={call.key for call in calls})
        door = Door(ledger, timeout=self.plan.timeout, shortest=_SHORTEST, backoff=0.01)
        work(self.plan, calls, door, self.model, notes)


def _kill(worker: ForkProcess) -> None:
    if worker.pid is not None and worker.is_alive():
        os.kill(worker.pid, signal.SIGKILL)
    worker.join()


def _wait(workers: Sequence[ForkProcess]) -> list[str]:
    troubles = []
    until = time.monotonic() + _LONGEST_SECONDS
    for worker in workers:
        worker.join(max(0.0, until - time.monotonic()))
        if worker.exitcode != 0:
            troubles.append(f"a worker ended with {worker.exitcode} (None: not at all)")
            _kill(worker)
    return troubles


def _read(notes: Path) -> list[dict[str, Any]]:
    if not notes.exists():
        return []
    lines = notes.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _numbers(evidence: Evidence, trial: _Trial) -> dict[str, int]:
    outcomes = Counter(note["outcome"] for note in evidence.notes)
    sums = trial.ledger.sums()
    return {
        "calls": len(evidence.calls),
        "requests": sum(evidence.asked.values()),
        "billed_requests": len(evidence.lines),
        "killed": trial.killed,
        "answered": outcomes["answered"],
        "failed": outcomes["failed"],
        "no_money": outcomes["no money"],
        "breaches": len(trial.ledger.audit().breaches),
        "ended_late": sum("milliseconds" in b.currencies for b in trial.ledger.audit().breaches),
        "cap_nano_usd": evidence.caps[ROOT].nano_usd or 0,
        "billed_nano_usd": sum(line.amount for line in evidence.lines),
        "over_cap_nano_usd": sum(line.over_cap for line in evidence.lines),
        "settled_nano_usd": sums.settled.nano_usd,
        "forfeited_nano_usd": sums.forfeited.nano_usd,
        "cap_tokens": evidence.caps[ROOT].tokens or 0,
        "billed_tokens": sum(line.input_tokens + line.output_tokens for line in evidence.lines),
        "spent_tokens": sums.spent.tokens,
        "cap_milliseconds": evidence.caps[ROOT].milliseconds or 0,
        "seen_milliseconds": sum(each["milliseconds"] for each in evidence.times),
        "spent_milliseconds": sums.spent.milliseconds,
    }
