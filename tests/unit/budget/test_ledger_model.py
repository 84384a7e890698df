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

from parallel_agent.budget.amount import Amount, Cap
from parallel_agent.budget.errors import CapExceeded, CapTooLow, LedgerError, ReservationClosed
from parallel_agent.budget.ledger import Ledger, Reservation
from parallel_agent.budget.scopes import ROOT, ScopeSums

Counts = tuple[int, int, int]
Bounds = tuple[int | None, int | None, int | None]
NOTHING: Counts = (0, 0, 0)
NUMBERS = st.integers(min_value=0, max_value=40)
BOUNDS = st.none() | st.integers(min_value=0, max_value=100)
AMOUNTS = st.tuples(NUMBERS, NUMBERS, NUMBERS)
CAPS = st.tuples(BOUNDS, BOUNDS, BOUNDS)


def plain(amount: Amount | Cap) -> tuple[int | None, ...]:
    """Money, tokens and time, without the arithmetic that is to be tested."""
    return (amount.nano_usd, amount.tokens, amount.milliseconds)


def fits(amount: Counts, room: Bounds) -> bool:
    return all(
        need == 0 or most is None or need <= most for need, most in zip(amount, room, strict=True)
    )


class Book:
    """The model: caps, for each reservation its scope, state and charge, and the journal."""

    def __init__(self, cap: Bounds) -> None:
        self.caps: dict[str, Bounds] = {ROOT: cap}
        self.first_caps: dict[str, Bounds] = {ROOT: cap}
        self.lines: dict[int, tuple[str, str, Counts]] = {}
        self.keys: dict[int, str | None] = {}
        self.journal: dict[str, tuple[int, Counts, str]] = {}
        self.breached: set[str] = set()

    def above(self, scope: str) -> list[str]:
        return [path for path in self.caps if f"{scope}/".startswith(f"{path}/")]

    def charged(self, scope: str, *kinds: str) -> Counts:
        money, tokens, time = 0, 0, 0
        for place, kind, charge in self.lines.values():
            if scope in self.above(place) and (not kinds or kind in kinds):
                money, tokens, time = money + charge[0], tokens + charge[1], time + charge[2]
        return money, tokens, time

    def own_room(self, scope: str) -> Bounds:
        a, b, c = (
            None if most is None else most - gone
            for most, gone in zip(self.caps[scope], self.charged(scope), strict=True)
        )
        return a, b, c

    def room(self, scope: str) -> Bounds:
        rooms = [self.own_room(path) for path in self.above(scope)]
        a, b, c = (
            min((left for left in each if left is not None), default=None)
            for each in zip(*rooms, strict=True)
        )
        return a, b, c


class LedgerMachine(RuleBasedStateMachine):
    scopes: Bundle[str] = Bundle("scopes")
    reservations: Bundle[int] = Bundle("reservations")

    @initialize(target=scopes, cap=st.tuples(st.integers(0, 100), BOUNDS, BOUNDS))
    def create(self, cap: tuple[int, int | None, int | None]) -> str:
        self.folder = tempfile.mkdtemp()
        self.ledger = Ledger.create(Path(self.folder) / "ledger.sqlite", Cap(*cap))
        self.book = Book(cap)
        return ROOT

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(target=scopes, parent=scopes, name=st.sampled_from(["a", "ab", "b_", "b%"]), cap=CAPS)
    def add_scope(self, parent: str, name: str, cap: Bounds) -> MultipleResults[str] | str:
        path = f"{parent}/{name}"
        known = (self.book.caps.get(path, cap), self.book.first_caps.get(path, cap))
        if cap not in known:
            with pytest.raises(LedgerError, match="another cap"):
                self.ledger.add_scope(name, parent, Cap(*cap))
            return multiple()
        assert self.ledger.add_scope(name, parent, Cap(*cap)) == path
        self.book.caps.setdefault(path, cap)
        self.book.first_caps.setdefault(path, cap)
        return path

    @rule(scope=scopes, cap=CAPS)
    def raise_cap(self, scope: str, cap: Bounds) -> None:
        charged, before = self.book.charged(scope), self.book.caps[scope]
        changed = [
            (most, gone)
            for most, was, gone in zip(cap, before, charged, strict=True)
            if most is not None and most != was
        ]
        if any(most < gone for most, gone in changed):
            with pytest.raises(CapTooLow) as refused:
                self.ledger.raise_cap(scope, Cap(*cap))
            assert (refused.value.scope, plain(refused.value.charged)) == (scope, charged)
            return
        assert self.ledger.raise_cap(scope, Cap(*cap)) == bool(changed)
        a, b, c = (was if most is None else most for most, was in zip(cap, before, strict=True))
        self.book.caps[scope] = (a, b, c)

    @rule(
        target=reservations,
        scope=scopes,
        amount=AMOUNTS,
        less=st.none() | AMOUNTS,
        key=st.sampled_from([None, "k", "l"]),
    )
    def reserve(
        self, scope: str, amount: Counts, less: Counts | None, key: str | None
    ) -> MultipleResults[int] | int:
        most, least = amount, amount
        if less is not None:
            a, b, c = map(min, amount, less)
            least = (a, b, c)
        smallest = Amount(*least)
        if not fits(least, self.book.room(scope)):
            with pytest.raises(CapExceeded) as refused:
                self.ledger.reserve(scope, Amount(*most), what="x", key=key, least=smallest)
            full = refused.value
            room = self.book.own_room(full.scope)
            assert plain(full.available) == room
            assert full.short and not fits(least, room)
            return multiple()
        reservation = self.ledger.reserve(scope, Amount(*most), what="x", key=key, least=smallest)
        room = self.book.room(scope)
        a, b, c = (
            need if left is None else max(low, min(need, left))
            for need, low, left in zip(most, least, room, strict=True)
        )
        given = (a, b, c)
        assert reservation == Reservation(reservation.id, scope, Amount(*given), "x", key)
        assert fits(given, room)
        assert reservation.id not in self.book.lines
        self.book.lines[reservation.id] = (scope, "outstanding", given)
        self.book.keys[reservation.id] = key
        return reservation.id

    @rule(number=reservations, counts=AMOUNTS, response=st.none() | st.text(max_size=5))
    def settle(self, number: int, counts: Counts, response: str | None) -> None:
        amount = Amount(*counts)
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
            number, amount, detail={"tokens": counts[1]}, response=response
        )
        if response is not None and key is not None:
            self.book.journal[key] = (number, counts, response)
        assert (settlement.amount, plain(settlement.reservation.amount)) == (amount, reserved)
        assert settlement.breach == any(map(int.__gt__, counts, reserved))
        self.book.lines[number] = (scope, "settled", counts)
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
        self.book.lines[number] = (scope, "released", NOTHING)

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
            assert (kind, reserved) == ("outstanding", plain(reservation.amount))
            self.book.lines[reservation.id] = (scope, "forfeited", reserved)
        if keys is None:
            assert self.book.charged(ROOT, "outstanding") == NOTHING

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
                scope,
                Cap(*self.book.caps[scope]),
                *(Amount(*self.book.charged(scope, kind)) for kind in kinds),
            )
            spent = self.book.charged(scope, "settled", "forfeited")
            assert plain(self.ledger.spent(scope)) == spent
            assert plain(self.ledger.available(scope)) == self.book.room(scope)
        assert {sums.scope for sums in audit.scopes} == set(self.book.caps)

    @invariant()
    def what_was_paid_for_is_in_the_journal(self) -> None:
        for key in ("k", "l"):
            found = self.ledger.journaled(key)
            told = found and (found.reservation.id, plain(found.amount), found.response)
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
