"""The audit of an account: every sum and the promise of the cap, recomputed from the entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from parallel_agent.budget.money import NanoUSD
from parallel_agent.budget.scopes import ScopeSums, lineage

Kind = Literal["reserved", "settled", "released", "forfeited", "capped"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the account; lines are appended and never changed.

    ``amount`` is what the entry charges to ``scope``, in nano-dollars: the upper bound that was
    reserved, the price that was settled, 0 for released, the whole reservation for forfeited. A
    ``capped`` entry charges nothing: its amount is the cap of ``scope`` from here on.
    ``reservation`` is the id of the reserving entry that this one closes, None for ``reserved``
    and ``capped``. ``at`` is the time in UTC, ISO 8601.
    """

    id: int
    at: str
    kind: Kind
    scope: str
    amount: NanoUSD
    reservation: int | None
    what: str
    key: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Breach:
    """A settlement above its reservation: the provider billed more than the upper bound."""

    entry: int
    reservation: int
    scope: str
    reserved: NanoUSD
    settled: NanoUSD


@dataclass(frozen=True, slots=True)
class CapChange:
    """A cap that was set anew; ``before`` is None where the scope had none of its own."""

    entry: int
    scope: str
    before: NanoUSD | None
    after: NanoUSD


@dataclass(frozen=True, slots=True)
class Audit:
    """What the entries add up to.

    ``violations`` are sentences, one for each entry that must not be there: a reservation that did
    not fit into the cap of then, a cap set below what was charged, a second closing, an amount that
    its kind forbids. Breaches are not among them: they are the truth about the provider, and the
    only way for a sum to pass a cap. ``scopes`` have the caps of now.
    """

    entries: tuple[Entry, ...]
    scopes: tuple[ScopeSums, ...]
    breaches: tuple[Breach, ...]
    cap_changes: tuple[CapChange, ...]
    violations: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """True when the account was kept as promised."""
        return not self.violations

    @property
    def over_cap(self) -> tuple[str, ...]:
        """The scopes whose sum is above their cap (only a breach can do that)."""
        return tuple(s.scope for s in self.scopes if s.available is not None and s.available < 0)


def audit_entries(caps: Mapping[str, NanoUSD | None], entries: Iterable[Entry]) -> Audit:
    """Replay ``entries`` in their order over the scopes in ``caps`` (path to cap at creation)."""
    replay = _Replay({scope: ScopeSums(scope, cap) for scope, cap in caps.items()})
    lines = tuple(entries)
    for entry in lines:
        problem = replay.problem_of(entry)
        if problem:
            replay.violations.append(f"entry {entry.id} ({entry.kind}): {problem}")
        replay.apply(entry)
    return Audit(
        lines,
        tuple(replay.sums.values()),
        tuple(replay.breaches),
        tuple(replay.cap_changes),
        tuple(replay.violations),
    )


@dataclass
class _Replay:
    sums: dict[str, ScopeSums]
    open: dict[int, Entry] = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)
    cap_changes: list[CapChange] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def problem_of(self, entry: Entry) -> str | None:
        """Say why ``entry`` must not follow the entries before it, None when it may."""
        unknown = [path for path in lineage(entry.scope) if path not in self.sums]
        if unknown:
            return f"the scope {unknown[0]} does not exist"
        if entry.amount < 0:
            return "the amount is negative"
        if entry.kind == "reserved":
            return self._misfit(entry)
        if entry.kind == "capped":
            charged = self.sums[entry.scope].charged
            return f"{charged} was charged to it already" if entry.amount < charged else None
        reserved = self.open.get(entry.reservation or 0)
        if reserved is None:
            return f"reservation {entry.reservation} is not open"
        if reserved.scope != entry.scope:
            return f"reservation {reserved.id} belongs to {reserved.scope}"
        if entry.kind == "released" and entry.amount != 0:
            return "a release charges nothing"
        if entry.kind == "forfeited" and entry.amount != reserved.amount:
            return "a forfeit charges the whole reservation"
        return None

    def _misfit(self, entry: Entry) -> str | None:
        for scope in lineage(entry.scope):
            available = self.sums[scope].available
            if available is not None and entry.amount > available:
                return f"{entry.amount} reserved where {available} was available in {scope}"
        return None

    def apply(self, entry: Entry) -> None:
        """Count ``entry``, also a forbidden one: the sums tell what is in the file."""
        if entry.kind == "reserved":
            self.open[entry.id] = entry
            self._add(entry.scope, outstanding=entry.amount)
            return
        if entry.kind == "capped":
            self._cap(entry)
            return
        reserved = self.open.pop(entry.reservation or 0, None)
        if reserved is not None:
            self._add(reserved.scope, outstanding=-reserved.amount)
            if entry.kind == "settled" and entry.amount > reserved.amount:
                self.breaches.append(
                    Breach(entry.id, reserved.id, entry.scope, reserved.amount, entry.amount)
                )
        if entry.kind == "settled":
            self._add(entry.scope, settled=entry.amount)
        elif entry.kind == "forfeited":
            self._add(entry.scope, forfeited=entry.amount)

    def _cap(self, entry: Entry) -> None:
        before = self.sums.get(entry.scope)
        if before is not None:
            self.sums[entry.scope] = replace(before, cap=entry.amount)
            self.cap_changes.append(CapChange(entry.id, entry.scope, before.cap, entry.amount))

    def _add(
        self, scope: str, *, settled: int = 0, forfeited: int = 0, outstanding: int = 0
    ) -> None:
        for path in lineage(scope):
            if path not in self.sums:
                continue
            before = self.sums[path]
            self.sums[path] = replace(
                before,
                settled=before.settled + settled,
                forfeited=before.forfeited + forfeited,
                outstanding=before.outstanding + outstanding,
            )
