"""The audit of an account: every sum and the promise of the cap, recomputed from the entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from parallel_agent.budget.amount import CURRENCIES, Amount, Cap, Currency, text_of
from parallel_agent.budget.scopes import ScopeSums, lineage

_NOTHING = Amount()
Kind = Literal["reserved", "settled", "released", "forfeited", "capped"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the account; lines are appended and never changed.

    ``charge`` is what the entry charges to ``scope``: the upper bound that was reserved, what was
    settled, nothing for released, the whole reservation for forfeited. A ``capped`` entry charges
    nothing: it has the bounds of ``scope`` that change from here on. ``reservation`` is the id of the reserving entry that this one closes, None for ``reserved``
    and ``capped``. ``at`` is the time in UTC, ISO 8601.
    """

    id: int
    at: str
    kind: Kind
    scope: str
    charge: Amount | Cap
    reservation: int | None
    what: str
    key: str | None
    detail: Mapping[str, Any]

    @property
    def amount(self) -> Amount:
        """What it charges."""
        return self.charge if isinstance(self.charge, Amount) else Amount()

    @property
    def cap(self) -> Cap:
        """What it bounds from here on."""
        return self.charge if isinstance(self.charge, Cap) else Cap()


@dataclass(frozen=True, slots=True)
class Breach:
    """A settlement above its reservation, of something that a cap bounds.

    The provider billed more than the upper bound, or this machine was too busy to end a request in
    time.
    """

    entry: int
    reservation: int
    scope: str
    reserved: Amount
    settled: Amount

    @property
    def currencies(self) -> tuple[Currency, ...]:
        """Of which more was settled than reserved."""
        return self.settled.above(self.reserved)


@dataclass(frozen=True, slots=True)
class CapChange:
    """A cap that was set anew, whole as it was ``before`` and is ``after``."""

    entry: int
    scope: str
    before: Cap
    after: Cap


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
        return tuple(sums.scope for sums in self.scopes if sums.over_cap)


def audit_entries(caps: Mapping[str, Cap], entries: Iterable[Entry]) -> Audit:
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
        if any((getattr(entry.charge, name) or 0) < 0 for name in CURRENCIES):
            return "the amount is negative"
        if entry.kind == "reserved":
            return self._misfit(entry)
        if entry.kind == "capped":
            charged = self.sums[entry.scope].charged
            below = entry.cap.short_of(charged)
            return f"{_text(charged, below)} was charged to it already" if below else None
        reserved = self.open.get(entry.reservation or 0)
        if reserved is None:
            return f"reservation {entry.reservation} is not open"
        if reserved.scope != entry.scope:
            return f"reservation {reserved.id} belongs to {reserved.scope}"
        if entry.kind == "released" and entry.amount != Amount():
            return "a release charges nothing"
        if entry.kind == "forfeited" and entry.amount != reserved.amount:
            return "a forfeit charges the whole reservation"
        return None

    def _misfit(self, entry: Entry) -> str | None:
        for scope in lineage(entry.scope):
            available = self.sums[scope].available
            short = available.short_of(entry.amount)
            if short:
                reserved, left = _text(entry.amount, short), _text(available, short)
                return f"{reserved} reserved where {left} was available in {scope}"
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
            self._add(reserved.scope, outstanding=Amount() - reserved.amount)
            bounded = self._bounds(entry.scope).bounded(entry.amount)
            if entry.kind == "settled" and bounded.above(reserved.amount):
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
            after = before.cap.changed(entry.cap)
            self.sums[entry.scope] = replace(before, cap=after)
            self.cap_changes.append(CapChange(entry.id, entry.scope, before.cap, after))

    def _bounds(self, scope: str) -> Cap:
        """What is bounded in a scope by its cap or by one above it."""
        bounds = Cap()
        for path in lineage(scope):
            if path in self.sums:
                bounds = bounds.tighter(self.sums[path].cap)
        return bounds

    def _add(
        self,
        scope: str,
        *,
        settled: Amount = _NOTHING,
        forfeited: Amount = _NOTHING,
        outstanding: Amount = _NOTHING,
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


def _text(amount: Amount | Cap, currencies: Iterable[Currency]) -> str:
    return ", ".join(text_of(getattr(amount, name), name) for name in currencies)
