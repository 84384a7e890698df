"""The ledger against a simple model, its refusals, and threads racing for the last dollar."""

from __future__ import annotations

import pickle
import shutil
import sqlite3
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
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

from parallel_agent.budget.audit import CapChange
from parallel_agent.budget.errors import CapExceeded, CapTooLow, LedgerError, ReservationClosed
from parallel_agent.budget.ledger import JournaledResponse, Ledger, Reservation
from parallel_agent.budget.money import MAX_NANO
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


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.create(tmp_path / "ledger.sqlite", 100)


def test_an_account_lives_in_its_file(ledger: Ledger) -> None:
    scope = ledger.add_scope("k", cap=60)
    settled = ledger.reserve(scope, 50, what="a first answer", key="n1")
    ledger.settle(settled.id, 20, detail={"model": "m", "tokens": [3, 4]})
    ledger.release(ledger.reserve(scope, 5, what="a repair").id, "connection refused")
    ledger.forfeit(ledger.reserve(ROOT, 7, what="a critique").id, "timed out")

    audit = Ledger.open(ledger.path).audit()
    told = [(e.kind, e.scope, e.amount, e.what, e.key, dict(e.detail)) for e in audit.entries]
    assert told == [
        ("reserved", scope, 50, "a first answer", "n1", {}),
        ("settled", scope, 20, "a first answer", "n1", {"model": "m", "tokens": [3, 4]}),
        ("reserved", scope, 5, "a repair", None, {}),
        ("released", scope, 0, "a repair", None, {"why": "connection refused"}),
        ("reserved", ROOT, 7, "a critique", None, {}),
        ("forfeited", ROOT, 7, "a critique", None, {"why": "timed out"}),
    ]
    assert (ledger.spent(), ledger.spent(scope)) == (27, 20)
    assert (ledger.available(), ledger.available(scope)) == (73, 40)
    assert audit.ok


def test_a_free_proposer_needs_no_money(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledger.sqlite", 0)
    ledger.settle(ledger.reserve(ROOT, 0, what="rules").id, 0, detail={})
    with pytest.raises(CapExceeded, match=r"0\.000000001 USD needed, 0\.00 USD available"):
        ledger.reserve(ROOT, 1, what="a model")


def test_the_deepest_full_scope_is_named(ledger: Ledger) -> None:
    kernel = ledger.add_scope("k", cap=30)
    branch = ledger.add_scope("b", kernel, cap=40)
    for amount, scope, available in [(41, branch, 40), (31, kernel, 30)]:
        with pytest.raises(CapExceeded) as refused:
            ledger.reserve(branch, amount, what="x")
        full = pickle.loads(pickle.dumps(refused.value))
        assert (full.scope, full.needed, full.available) == (scope, amount, available)
    assert ledger.audit().entries == ()


def test_after_a_breach_not_even_nothing_can_be_reserved(ledger: Ledger) -> None:
    kernel = ledger.add_scope("k", cap=30)
    assert ledger.settle(ledger.reserve(kernel, 30, what="x").id, 31, detail={}).breach
    assert ledger.available(kernel) == -1
    with pytest.raises(CapExceeded, match=r"-0\.000000001 USD available"):
        ledger.reserve(kernel, 0, what="x")
    assert ledger.audit().over_cap == (kernel,)
    assert [b.settled for b in ledger.audit().breaches] == [31]
    ledger.reserve(ROOT, 69, what="the rest of the account is not touched by it")


def test_a_response_is_journaled_under_the_key_of_its_reservation(ledger: Ledger) -> None:
    scope = ledger.add_scope("b1")
    key = f"{scope}/coder/1/1"
    lost = ledger.reserve(scope, 20, what="a candidate", key=key)
    ledger.forfeit(lost.id, "timed out")
    assert ledger.journaled(key) is None
    again = ledger.reserve(scope, 20, what="a candidate", key=key)
    ledger.settle(again.id, 7, detail={"status": "answered"}, response='{"text": "ü"}')
    found = Ledger.open(ledger.path).journaled(key)
    settled = ledger.audit().entries[-1]
    assert found == JournaledResponse(again, 7, '{"text": "ü"}', settled.at)
    assert ledger.journaled(scope) is None


def test_a_response_is_journaled_once_and_only_under_a_key(ledger: Ledger) -> None:
    ledger.settle(ledger.reserve(ROOT, 9, what="x", key="k").id, 5, detail={}, response="{}")
    twice = ledger.reserve(ROOT, 9, what="the same again", key="k")
    nameless = ledger.reserve(ROOT, 9, what="x")
    before = ledger.audit()
    for reservation, complaint in ((twice, "under k already"), (nameless, "it has none")):
        with pytest.raises(LedgerError, match=complaint):
            ledger.settle(reservation.id, 5, detail={}, response="{}")
    assert ledger.audit() == before, "the price is not settled without its response"
    assert ledger.settle(twice.id, 5, detail={}).amount == 5

    broken = ledger.reserve(ROOT, 9, what="x", key="l")
    with pytest.raises(ValueError, match="surrogates"):
        ledger.settle(broken.id, 5, detail={}, response="\udc80")
    assert ledger.sums().outstanding == 18
    assert ledger.journaled("l") is None


def test_a_raised_cap_is_an_entry_and_makes_room(ledger: Ledger) -> None:
    ledger.reserve(ROOT, 80, what="x")
    with pytest.raises(CapExceeded):
        ledger.reserve(ROOT, 21, what="y")
    ledger.raise_cap(ROOT, 101)
    ledger.reserve(ROOT, 21, what="y")
    audit = Ledger.open(ledger.path).audit()
    assert audit.ok
    assert [(e.kind, e.amount) for e in audit.entries] == [
        ("reserved", 80),
        ("capped", 101),
        ("reserved", 21),
    ]
    assert audit.cap_changes == (CapChange(2, ROOT, 100, 101),)
    assert ledger.sums().cap == audit.scopes[0].cap == 101
    ledger.raise_cap(ROOT, 101)
    assert len(ledger.audit().entries) == 3, "the cap that it has is not set again"


def test_a_cap_cannot_be_set_below_what_is_spent_or_reserved(ledger: Ledger) -> None:
    ledger.settle(ledger.reserve(ROOT, 50, what="x").id, 30, detail={})
    ledger.reserve(ROOT, 10, what="in flight")
    with pytest.raises(CapTooLow, match=r"0\.00000004 USD are spent or reserved") as refused:
        ledger.raise_cap(ROOT, 39)
    told = pickle.loads(pickle.dumps(refused.value))
    assert (told.scope, told.cap, told.charged) == (ROOT, 39, 40)
    ledger.raise_cap(ROOT, 40)
    assert ledger.available() == 0
    with pytest.raises(LedgerError, match="scope nobody does not exist"):
        ledger.raise_cap("nobody", 1)
    with pytest.raises(ValueError, match="amount"):
        ledger.raise_cap(ROOT, -1)
    assert ledger.audit().ok


def test_a_scope_is_added_again_with_its_cap_of_then_or_of_now(ledger: Ledger) -> None:
    scope = ledger.add_scope("k", cap=10)
    ledger.raise_cap(scope, 20)
    assert ledger.add_scope("k", cap=10) == ledger.add_scope("k", cap=20) == scope
    assert ledger.sums(scope).cap == 20
    with pytest.raises(LedgerError, match="another cap"):
        ledger.add_scope("k", cap=15)


def test_a_second_closing_is_refused_and_changes_nothing(ledger: Ledger) -> None:
    number = ledger.reserve(ROOT, 10, what="x").id
    ledger.settle(number, 3, detail={})
    before = ledger.audit()
    for close in (
        lambda: ledger.settle(number, 3, detail={}),
        lambda: ledger.release(number, "why"),
        lambda: ledger.forfeit(number, "why"),
    ):
        with pytest.raises(ReservationClosed, match=f"reservation {number} is already settled"):
            close()
    assert ledger.forfeit_open("nothing is open") == []
    assert ledger.audit() == before


def test_refused_arguments_write_nothing(ledger: Ledger) -> None:
    number = ledger.reserve(ROOT, 10, what="x").id
    before = ledger.audit()
    for name in ("", "a/b", "a\nb", "\udc80"):
        with pytest.raises(ValueError, match="name"):
            ledger.add_scope(name)
    for amount in (-1, MAX_NANO + 1):
        with pytest.raises(ValueError, match="amount"):
            ledger.reserve(ROOT, amount, what="x")
        with pytest.raises(ValueError, match="amount"):
            ledger.settle(number, amount, detail={})
        with pytest.raises(ValueError, match="amount"):
            ledger.add_scope("k", cap=amount)
    with pytest.raises(TypeError):
        ledger.reserve(ROOT, 0.5, what="x")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        ledger.settle(number, 1, detail={"reply": object()})
    with pytest.raises(ValueError, match="JSON"):
        ledger.settle(number, 1, detail={"rate": float("nan")})
    assert ledger.audit() == before


def test_what_does_not_exist(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="scope nobody does not exist"):
        ledger.reserve("nobody", 0, what="x")
    for ask in (ledger.sums, ledger.spent, ledger.available):
        with pytest.raises(LedgerError, match="account/k does not exist"):
            ask("account/k")
    with pytest.raises(LedgerError, match="account/k does not exist"):
        ledger.add_scope("b", "account/k")
    with pytest.raises(LedgerError, match="reservation 7 does not exist"):
        ledger.release(7, "why")
    closing_entry = ledger.reserve(ROOT, 1, what="x").id + 1
    ledger.release(closing_entry - 1, "why")
    with pytest.raises(LedgerError, match=f"reservation {closing_entry} does not exist"):
        ledger.release(closing_entry, "an entry, but not a reservation")


def test_create_leaves_alone_what_is_there(ledger: Ledger, tmp_path: Path) -> None:
    number = ledger.reserve(ROOT, 10, what="x").id
    with pytest.raises(FileExistsError):
        Ledger.create(ledger.path, 5)
    assert Ledger.open(ledger.path).sums().cap == 100
    ledger.release(number, "the account is still in order")
    notes = tmp_path / "notes"
    notes.write_text("mine")
    with pytest.raises(FileExistsError):
        Ledger.create(notes, 5)
    assert notes.read_text() == "mine"
    with pytest.raises(FileNotFoundError):
        Ledger.create(tmp_path / "missing" / "ledger.sqlite", 5)
    with pytest.raises(ValueError, match="amount"):
        Ledger.create(tmp_path / "negative", -1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ledger.sqlite", "notes"]


def test_open_refuses_what_is_no_ledger(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no ledger"):
        Ledger.open(tmp_path / "missing")
    with pytest.raises(FileNotFoundError, match="no ledger"):
        Ledger.open(tmp_path)
    text = tmp_path / "text"
    text.write_text("not a database\n" * 100)
    with pytest.raises(LedgerError, match="not a database"):
        Ledger.open(text)
    other = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE entries (id)")
    with pytest.raises(LedgerError, match="is not a ledger"):
        Ledger.open(other)
    with closing(sqlite3.connect(ledger.path)) as db:
        db.execute("PRAGMA user_version = 1")
    with pytest.raises(LedgerError, match="has schema 1; this program reads 2"):
        Ledger.open(ledger.path)


def test_a_vanished_file_is_an_error_and_is_not_made_anew(ledger: Ledger) -> None:
    ledger.path.unlink()
    with pytest.raises(LedgerError, match="unable to open"):
        ledger.reserve(ROOT, 1, what="x")
    assert not ledger.path.exists()


def test_a_path_with_odd_characters(tmp_path: Path) -> None:
    folder = tmp_path / "50% ?mode=memory #1 ü"
    folder.mkdir()
    ledger = Ledger.create(folder / "ledger.sqlite", 5)
    assert ledger.path.read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE entries SET amount = 0", "append-only"),
        ("DELETE FROM entries", "append-only"),
        ("INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE id = 1", "append-only"),
        ("INSERT OR REPLACE INTO entries SELECT 9, at, kind, scope, 0, reservation, what, key,"
         " detail FROM entries WHERE id = 2", "append-only"),
        ("INSERT INTO entries SELECT 9, at, kind, scope, -1, NULL, what, key, detail FROM entries"
         " WHERE id = 1", "CHECK"),
        ("INSERT INTO entries SELECT 9, at, kind, scope, 0.5, NULL, what, key, detail FROM entries"
         " WHERE id = 1", "CHECK"),
        ("INSERT INTO entries SELECT 9, at, kind, scope, 0, 3, what, key, detail FROM entries"
         " WHERE id = 1", "CHECK"),
        ("INSERT INTO entries SELECT 9, at, 'released', scope, 1, 3, what, key, detail"
         " FROM entries WHERE id = 1", "CHECK"),
        ("INSERT INTO entries SELECT 9, at, 'capped', scope, 500, 3, what, key, detail"
         " FROM entries WHERE id = 1", "CHECK"),
        ("UPDATE responses SET response = '[]'", "append-only"),
        ("DELETE FROM responses", "append-only"),
        ("INSERT OR REPLACE INTO responses VALUES ('k', 2, '[]')", "append-only"),
        ("INSERT OR REPLACE INTO responses VALUES ('l', 2, '[]')", "append-only|of the same key"),
        ("INSERT INTO responses VALUES ('l', 3, '[]')", "a response has a settlement"),
        ("UPDATE scopes SET cap = 1000", "append-only"),
        ("DELETE FROM scopes", "append-only"),
        ("INSERT OR REPLACE INTO scopes VALUES ('account', 1000)", "append-only"),
        ("INSERT INTO scopes VALUES ('account/k', -1)", "CHECK"),
    ],
)  # fmt: skip
def test_the_file_itself_refuses_to_be_rewritten(
    ledger: Ledger, statement: str, complaint: str
) -> None:
    paid = ledger.reserve(ROOT, 10, what="x", key="k")
    ledger.settle(paid.id, 9, detail={}, response="{}")
    ledger.reserve(ROOT, 11, what="y", key="l")
    before = ledger.audit()
    with (
        closing(sqlite3.connect(ledger.path)) as db,
        pytest.raises(sqlite3.IntegrityError, match=complaint),
    ):
        db.execute(statement)
    assert ledger.audit() == before
    assert ledger.journaled("k") == JournaledResponse(paid, 9, "{}", before.entries[1].at)


def test_what_is_committed_is_synced_to_a_write_ahead_log(ledger: Ledger) -> None:
    with ledger._file.transaction(write=True) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"


def test_threads_race_for_the_cap(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledger.sqlite", 100)
    scopes = [ledger.add_scope(f"k{i}", cap=60) for i in range(2)]

    def grab(i: int) -> int:
        try:
            return ledger.reserve(scopes[i % 2], 7, what="x").id
        except CapExceeded:
            return 0

    with ThreadPoolExecutor(8) as pool:
        won = [number for number in pool.map(grab, range(40)) if number]
    assert len(won) == len(set(won)) == 100 // 7
    assert ledger.sums().outstanding == 98
    assert all(ledger.sums(scope).charged <= 60 for scope in scopes)
    assert ledger.audit().ok


def test_threads_race_to_close_one_reservation(ledger: Ledger) -> None:
    number = ledger.reserve(ROOT, 10, what="x").id

    def close(price: int) -> bool:
        try:
            ledger.settle(number, price, detail={})
        except ReservationClosed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(close, range(10)))
    assert outcomes.count(True) == 1
    assert ledger.spent() == outcomes.index(True)
