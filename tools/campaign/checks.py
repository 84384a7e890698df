"""What must hold at the end of a trial: the provider's invoice against our account."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from campaign.plan import Plan
from campaign.worker import Call
from chat_provider.billing import Line
from parallel_agent.budget.amount import NOTHING, Amount, Cap, text_of
from parallel_agent.budget.audit import Audit, Entry
from parallel_agent.budget.ledger import Ledger


@dataclass(frozen=True)
class Evidence:
    """What a trial left behind. ``times`` is what the clock of the workers says of each request by
    key, in milliseconds; a killed one did not live to say it. ``asked`` and ``asked_again`` count requests by label, as the
    provider does: at the end, and after every journaled call was made once more. ``notes`` are
    what the workers were told, ``notes_again`` what they were told then.
    """

    plan: Plan
    calls: Sequence[Call]
    caps: Mapping[str, Cap]
    ledger: Path
    lines: Sequence[Line]
    times: Sequence[Mapping[str, Any]]
    asked: Mapping[str, int]
    asked_again: Mapping[str, int]
    notes: Sequence[Mapping[str, Any]]
    notes_again: Sequence[Mapping[str, Any]]


def violations(evidence: Evidence) -> list[str]:
    """One sentence for each thing that must not be; none when all promises were kept."""
    account = _Account.of(Ledger.open(evidence.ledger))
    bill = _Bill.of(evidence)
    found = [
        *_caps(evidence, bill, account),
        *_bills(evidence, bill, account),
        *_account(evidence, account),
        *_breaches(evidence, bill, account),
        *_dropped(evidence, account),
        *_journal(evidence, account),
        *_answers(evidence, account),
    ]
    return found + [f"{n['label']}: {n['what']}" for n in evidence.notes if "what" in n]


@dataclass(frozen=True)
class _Bill:
    """The invoice by label, and the time that the workers saw go by.

    ``allowed`` is what was charged within the output caps.
    """

    allowed: dict[str, Amount]
    over_cap: dict[str, Amount]
    by_request: Mapping[str, Line]

    @classmethod
    def of(cls, evidence: Evidence) -> _Bill:
        lines, most = evidence.lines, evidence.plan.max_output_tokens
        bill = cls(defaultdict(Amount), defaultdict(Amount), {each.request: each for each in lines})
        for line in lines:
            over = Amount(line.over_cap, max(0, line.output_tokens - most))
            whole = Amount(line.amount, line.input_tokens + line.output_tokens)
            bill.allowed[line.label] += whole - over
            bill.over_cap[line.label] += over
        labels = {call.key: call.label for call in evidence.calls}
        for time in evidence.times:
            bill.allowed[labels[time["key"]]] += Amount(milliseconds=time["milliseconds"])
        return bill


@dataclass(frozen=True)
class _Account:
    """The account by journal key, from its entries."""

    ledger: Ledger
    audit: Audit
    reserved: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    closed: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, ledger: Ledger) -> _Account:
        account = cls(ledger, ledger.audit())
        for entry in account.audit.entries:
            which = account.reserved if entry.kind == "reserved" else account.closed
            which[entry.key or ""].append(entry)
        return account

    def spent(self, key: str) -> Amount:
        """What is settled or forfeited under a key."""
        return sum((entry.amount for entry in self.closed[key]), NOTHING)

    def late(self, scope: str) -> Amount:
        """The time by which requests in a scope were ended too late, as the account says."""
        inside = (b for b in self.audit.breaches if f"{b.scope}/".startswith(f"{scope}/"))
        return Amount(
            milliseconds=sum(max(0, (b.settled - b.reserved).milliseconds) for b in inside)
        )


def _caps(evidence: Evidence, bill: _Bill, account: _Account) -> Iterator[str]:
    """The invoice is within every cap, but for output beyond what the requests allowed."""
    for scope, cap in evidence.caps.items():
        inside = [c.label for c in evidence.calls if f"{c.scope}/".startswith(f"{scope}/")]
        billed = sum((bill.allowed[label] for label in inside), NOTHING)
        for currency in cap.plus(account.late(scope)).short_of(billed):
            yield (
                f"{scope}: billed {text_of(getattr(billed, currency), currency)}, "
                f"cap {text_of(getattr(cap, currency), currency)}"
            )


def _bills(evidence: Evidence, bill: _Bill, account: _Account) -> Iterator[str]:
    """Request by request, so that caution about one does not hide a loss with another."""
    for call in evidence.calls:
        billed, spent = bill.allowed[call.label], account.spent(call.key)
        for currency in billed.above(spent):
            both = (text_of(getattr(side, currency), currency) for side in (billed, spent))
            yield "{}: billed {}, spent by our account {}".format(call.label, *both)
    strangers = {line.label for line in evidence.lines} - {call.label for call in evidence.calls}
    if strangers:
        yield f"billed for what nobody asked: {sorted(strangers)}"


def _account(evidence: Evidence, account: _Account) -> Iterator[str]:
    """The entries add up to the account, and nothing is open."""
    yield from account.audit.violations
    sums = account.ledger.sums()
    if sums not in account.audit.scopes:
        yield f"the audit does not have these sums: {sums}"
    if sums.outstanding != NOTHING:
        yield f"{sums.outstanding} still reserved at the end"
    with sqlite3.connect(evidence.ledger) as db:
        query = (
            "SELECT total(nano_usd), total(tokens), total(milliseconds) FROM entries"
            " WHERE kind IN ('settled', 'forfeited')"
        )
        total = db.execute(query).fetchone()
    db.close()
    spent = sums.spent
    if total != (spent.nano_usd, spent.tokens, spent.milliseconds):
        yield f"the entries add up to {total}, the account says {spent}"


def _breaches(evidence: Evidence, bill: _Bill, account: _Account) -> Iterator[str]:
    """Only a provider that ignored an output cap is over, and by no more than it went over."""
    labels = {call.key: call.label for call in evidence.calls}
    over: dict[str, Amount] = defaultdict(Amount)
    keys = {entry.id: entry.key or "" for entry in account.audit.entries}
    for breach in account.audit.breaches:
        excess = breach.settled - breach.settled.at_most(breach.reserved)
        over[keys[breach.entry]] += excess
    for key, excess in over.items():
        own = replace(excess, milliseconds=0)  # when a request is ended is our own doing
        if own.above(bill.over_cap[labels.get(key, "")]):
            yield f"{key}: {excess} above the reservation, the provider's own breach is smaller"
    spent, cap, above = account.ledger.spent(), evidence.caps["account"], NOTHING
    for excess in over.values():
        above += excess
    if not cap.plus(above).holds(spent):
        yield f"spent {spent}, cap {cap}, breaches {above}"


def _dropped(evidence: Evidence, account: _Account) -> Iterator[str]:
    """A process that was told of output over the cap asks that model no more."""
    if evidence.plan.threads > 1:
        return  # another thread may have been on its way
    for call in evidence.calls:
        journaled = account.ledger.journaled(call.key)
        if journaled is None or not _over_cap(journaled.response, evidence.plan):
            continue
        (settled,) = (
            e for e in account.closed[call.key] if e.reservation == journaled.reservation.id
        )
        for other in evidence.calls:
            later = [e for e in account.reserved[other.key] if e.id > settled.id]
            if other.scope == call.scope and later:
                yield f"{other.label}: asked after {call.label} was answered over the cap"


def _over_cap(response: str, plan: Plan) -> bool:
    usage = json.loads(response)["reply"]["usage"]
    return usage is not None and usage["output_tokens"] > plan.max_output_tokens


def _journal(evidence: Evidence, account: _Account) -> Iterator[str]:
    """Each request that left had its own reservation, and none left after the response was here."""
    for call in evidence.calls:
        reserved, closed = account.reserved[call.key], account.closed[call.key]
        sent = len(reserved) - sum(entry.kind == "released" for entry in closed)
        asked = evidence.asked.get(call.label, 0)
        if asked > sent:
            yield f"{call.label}: asked {asked} times with {sent} reservations"
        journaled = account.ledger.journaled(call.key)
        if journaled is None:
            continue
        (paid,) = (e.id for e in closed if e.reservation == journaled.reservation.id)
        if any(entry.id > paid for entry in reserved):
            yield f"{call.label}: asked again although its response was journaled"
        if evidence.asked_again.get(call.label, 0) != asked:
            yield f"{call.label}: asked again on a resume although its response was journaled"


def _answers(evidence: Evidence, account: _Account) -> Iterator[str]:
    """What a worker was told is journaled as it was told, and settled at what was billed."""
    lines = {line.request: line for line in evidence.lines}
    keys = {call.label: call.key for call in evidence.calls}
    for note in [*evidence.notes, *evidence.notes_again]:
        if note["outcome"] != "answered":
            continue
        journaled = account.ledger.journaled(keys[note["label"]])
        if journaled is None:
            yield f"{note['label']}: answered and not journaled"
            continue
        if _text(journaled.response) != note["text"]:
            yield f"{note['label']}: told {note['text']!r}, journaled {journaled.response!r}"
        line = lines.get(note["text"].removeprefix("Answer ").removesuffix("."))
        if line is not None:
            billed = Amount(line.amount, line.input_tokens + line.output_tokens)
            if billed.above(journaled.amount):
                yield f"{note['label']}: settled at {journaled.amount}, billed {billed}"
    again = {note["label"] for note in evidence.notes_again if note["outcome"] == "answered"}
    for call in evidence.calls:
        if account.ledger.journaled(call.key) and call.label not in again:
            yield f"{call.label}: journaled, and not answered from the journal on a resume"


def _text(response: str) -> Any:
    return json.loads(response)["reply"]["text"]
