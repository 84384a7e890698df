"""The ledger against a simple model of it, in whatever order its operations come."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from parallel_agent.budget.errors import CapExceeded, CapTooLow, LedgerError, ReservationClosed
from parallel_agent.budget.ledger import Ledger, Reservation
from parallel_agent.budget.scopes import ROOT, ScopeSums

AMOUNTS = st.integers(min_value=0, max_value=40)
CAPS = st.none() | st.integers(min_value=0, max_value=100)


class Book:
    """The model: caps, for each reservation its scope, state and charge, and the journal."""

    def __init__(self, cap: int) -> None:
        self.caps: dict[str, int | None] = {ROOT: cap}
        self.first_caps: dict[str, int | None] = {ROOT: cap}
        self.lines: dict[int, tuple[str, str, int]] = {}
        self.keys: dict[int, str | None] = {}
        self.journal: dict[str, tuple[int, int, str]] = {}
        self.breached: set[str] = set()

    def above(self, scope: str) -> list[str]:
        return [path for path in self.caps if f"{scope}/".startswith(f"{path}/")]

    def charged(self, scope: str, *kinds: str) -> int:
        return sum(
            charge
            for place, kind, charge in self.lines.values()
            if scope in self.above(place) and (not kinds or kind in kinds)
        )

    def room(self, scope: str) -> int:
        caps = [(path, self.caps[path]) for path in self.above(scope)]
        return min(cap - self.charged(path) for path, cap in caps if cap is not None)


class LedgerMachine(RuleBasedStateMachine):
    scopes: Bundle[str] = Bundle("scopes")
    reservations: Bundle[int] = Bundle("reservations")

    @initialize(target=scopes, cap=st.integers(min_value=0, max_value=100))
    def create(self, cap: int) -> str:
        self.folder = tempfile.mkdtemp()
        self.ledger = Ledger.create(Path(self.folder) / "ledger.sqlite", cap)
        self.book = Book(cap)
        return ROOT

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(target=scopes, parent=scopes, name=st.sampled_from(["a", "ab", "b_", "b%"]), cap=CAPS)
    def add_scope(self, parent: str, name: str, cap: int | None) -> MultipleResults[str] | str:
        path = f"{parent}/{name}"
        known = (self.book.caps.get(path, cap), self.book.first_caps.get(path, cap))
        if cap not in known:
            with pytest.raises(LedgerError, match="another cap"):
                self.ledger.add_scope(name, parent, cap)
            return multiple()
        assert self.ledger.add_scope(name, parent, cap) == path
        self.book.caps.setdefault(path, cap)
        self.book.first_caps.setdefault(path, cap)
        return path

    @rule(scope=scopes, cap=st.integers(min_value=0, max_value=150))
    def raise_cap(self, scope: str, cap: int) -> None:
        charged = self.book.charged(scope)
        if cap < charged and cap != self.book.caps[scope]:
            with pytest.raises(CapTooLow) as refused:
                self.ledger.raise_cap(scope, cap)
            told = refused.value
            assert (told.scope, told.cap, told.charged) == (scope, cap, charged)
            return
        self.ledger.raise_cap(scope, cap)
        self.book.caps[scope] = cap

    @rule(target=reservations, scope=scopes, amount=AMOUNTS, key=st.sampled_from([None, "k", "l"]))
    def reserve(self, scope: str, amount: int, key: str | None) -> MultipleResults[int] | int:
        if amount > self.book.room(scope):
            with pytest.raises(CapExceeded) as refused:
                self.ledger.reserve(scope, amount, what="x", key=key)
            full = refused.value
            cap = self.book.caps[full.scope]
            assert cap is not None
            assert full.available == cap - self.book.charged(full.scope) < full.needed == amount
            return multiple()
        reservation = self.ledger.reserve(scope, amount, what="x", key=key)
        assert reservation == Reservation(reservation.id, scope, amount, "x", key)
        assert reservation.id not in self.book.lines
        self.book.lines[reservation.id] = (scope, "outstanding", amount)
        self.book.keys[reservation.id] = key
        return reservation.id

    @rule(number=reservations, amount=AMOUNTS, response=st.none() | st.text(max_size=5))
    def settle(self, number: int, amount: int, response: str | None) -> None:
        scope, kind, reserved = self.book.lines[number]
        key = self.book.keys[number]
        if kind != "outstanding":
            with pytest.raises(ReservationClosed, match=kind):
                self.ledger.settle(number, amount, detail={}, response=response)
            return
        if response is not None and (key is None or key in self.book.journal):
            with pytest.raises(LedgerError, match=r"it has none|already"):
                self.ledger.settle(number, amount, detail={}, response=response)
            return
        settlement = self.ledger.settle(
            number, amount, detail={"tokens": amount}, response=response
        )
        if response is not None and key is not None:
            self.book.journal[key] = (number, amount, response)
        assert (settlement.amount, settlement.reservation.amount) == (amount, reserved)
        assert settlement.breach == (amount > reserved)
        self.book.lines[number] = (scope, "settled", amount)
        if settlement.breach:
            self.book.breached.update(self.book.above(scope))

    @rule(number=reservations)
    def release(self, number: int) -> None:
        scope, kind, _ = self.book.lines[number]
        if kind != "outstanding":
            with pytest.raises(ReservationClosed, match=kind):
                self.ledger.release(number, "again")
            return
        self.ledger.release(number, "not sent")
        self.book.lines[number] = (scope, "released", 0)

    @rule(number=reservations)
    def forfeit(self, number: int) -> None:
        scope, kind, reserved = self.book.lines[number]
        if kind != "outstanding":
            with pytest.raises(ReservationClosed, match=kind):
                self.ledger.forfeit(number, "again")
            return
        self.ledger.forfeit(number, "timed out")
        self.book.lines[number] = (scope, "forfeited", reserved)

    @rule(keys=st.none() | st.sets(st.sampled_from(["k", "l"])))
    def forfeit_open(self, keys: set[str] | None) -> None:
        forfeited = self.ledger.forfeit_open("crash", keys)
        for reservation in forfeited:
            assert keys is None or reservation.key in keys
            scope, kind, reserved = self.book.lines[reservation.id]
            assert (kind, reserved) == ("outstanding", reservation.amount)
            self.book.lines[reservation.id] = (scope, "forfeited", reserved)
        if keys is None:
            assert self.book.charged(ROOT, "outstanding") == 0

    @rule()
    def reopen(self) -> None:
        self.ledger = Ledger.open(self.ledger.path)

    @invariant()
    def the_file_says_what_the_model_says(self) -> None:
        audit = self.ledger.audit()
        assert audit.ok, audit.violations
        for sums in audit.scopes:
            scope = sums.scope
            assert sums == self.ledger.sums(scope)
            kinds = ("settled", "forfeited", "outstanding")
            assert sums == ScopeSums(
                scope, self.book.caps[scope], *(self.book.charged(scope, kind) for kind in kinds)
            )
            assert self.ledger.spent(scope) == self.book.charged(scope, "settled", "forfeited")
            assert self.ledger.available(scope) == self.book.room(scope)
        assert {sums.scope for sums in audit.scopes} == set(self.book.caps)

    @invariant()
    def what_was_paid_for_is_in_the_journal(self) -> None:
        for key in ("k", "l"):
            found = self.ledger.journaled(key)
            told = found and (found.reservation.id, found.amount, found.response)
            assert told == self.book.journal.get(key)

    @invariant()
    def no_cap_is_passed_without_a_breach(self) -> None:
        audit = self.ledger.audit()
        assert {b.scope for b in audit.breaches} <= self.book.breached
        assert set(audit.over_cap) <= self.book.breached


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    deadline=None, derandomize=True, max_examples=40, stateful_step_count=20
)
