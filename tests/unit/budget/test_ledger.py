"""What the ledger books and refuses, and threads racing for the last dollar."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from parallel_agent.budget.amount import Amount, Cap
from parallel_agent.budget.audit import CapChange
from parallel_agent.budget.errors import CapExceeded, CapTooLow, LedgerError, ReservationClosed
from parallel_agent.budget.ledger import JournaledResponse, Ledger
from parallel_agent.budget.money import MAX_NANO
from parallel_agent.budget.scopes import ROOT


def test_an_account_lives_in_its_file(ledger: Ledger) -> None:
    scope = ledger.add_scope("k", cap=60)
    settled = ledger.reserve(scope, 50, what="a first answer", key="n1")
    ledger.settle(settled.id, 20, detail={"model": "m", "tokens": [3, 4]})
    ledger.release(ledger.reserve(scope, 5, what="a repair").id, "connection refused")
    ledger.forfeit(ledger.reserve(ROOT, 7, what="a critique").id, "timed out")

    audit = Ledger.open(ledger.path).audit()
    told = [
        (e.kind, e.scope, e.amount.nano_usd, e.what, e.key, dict(e.detail)) for e in audit.entries
    ]
    assert told == [
        ("reserved", scope, 50, "a first answer", "n1", {}),
        ("settled", scope, 20, "a first answer", "n1", {"model": "m", "tokens": [3, 4]}),
        ("reserved", scope, 5, "a repair", None, {}),
        ("released", scope, 0, "a repair", None, {"why": "connection refused"}),
        ("reserved", ROOT, 7, "a critique", None, {}),
        ("forfeited", ROOT, 7, "a critique", None, {"why": "timed out"}),
    ]
    assert (ledger.spent(), ledger.spent(scope)) == (Amount(27), Amount(20))
    assert (ledger.available(), ledger.available(scope)) == (Cap(73), Cap(40))
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
        assert (full.scope, full.needed, full.available) == (scope, Amount(amount), Cap(available))
    assert ledger.audit().entries == ()


def test_after_a_breach_only_what_costs_nothing_can_be_reserved(ledger: Ledger) -> None:
    kernel = ledger.add_scope("k", cap=30)
    assert ledger.settle(ledger.reserve(kernel, 30, what="x").id, 31, detail={}).breach
    assert ledger.available(kernel) == Cap(-1)
    with pytest.raises(CapExceeded, match=r"-0\.000000001 USD available"):
        ledger.reserve(kernel, 1, what="x")
    ledger.reserve(kernel, 0, what="a candidate by rules")
    assert ledger.audit().over_cap == (kernel,)
    assert [b.settled for b in ledger.audit().breaches] == [Amount(31)]
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
    assert found == JournaledResponse(again, Amount(7), '{"text": "ü"}', settled.at)
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
    assert ledger.settle(twice.id, 5, detail={}).amount == Amount(5)

    broken = ledger.reserve(ROOT, 9, what="x", key="l")
    with pytest.raises(ValueError, match="surrogates"):
        ledger.settle(broken.id, 5, detail={}, response="\udc80")
    assert ledger.sums().outstanding == Amount(18)
    assert ledger.journaled("l") is None


def test_a_raised_cap_is_an_entry_and_makes_room(ledger: Ledger) -> None:
    ledger.reserve(ROOT, 80, what="x")
    with pytest.raises(CapExceeded):
        ledger.reserve(ROOT, 21, what="y")
    ledger.raise_cap(ROOT, 101)
    ledger.reserve(ROOT, 21, what="y")
    audit = Ledger.open(ledger.path).audit()
    assert audit.ok
    assert [(e.kind, e.charge) for e in audit.entries] == [
        ("reserved", Amount(80)),
        ("capped", Cap(101)),
        ("reserved", Amount(21)),
    ]
    assert audit.cap_changes == (CapChange(2, ROOT, Cap(100), Cap(101)),)
    assert ledger.sums().cap == audit.scopes[0].cap == Cap(101)
    ledger.raise_cap(ROOT, 101)
    assert len(ledger.audit().entries) == 3, "the cap that it has is not set again"


def test_a_cap_cannot_be_set_below_what_is_spent_or_reserved(ledger: Ledger) -> None:
    ledger.settle(ledger.reserve(ROOT, 50, what="x").id, 30, detail={})
    ledger.reserve(ROOT, 10, what="in flight")
    with pytest.raises(CapTooLow, match=r"0\.00000004 USD are spent or reserved") as refused:
        ledger.raise_cap(ROOT, 39)
    told = pickle.loads(pickle.dumps(refused.value))
    assert (told.scope, told.cap, told.charged) == (ROOT, Cap(39), Amount(40))
    ledger.raise_cap(ROOT, 40)
    assert ledger.available() == Cap(0)
    with pytest.raises(LedgerError, match="scope nobody does not exist"):
        ledger.raise_cap("nobody", 1)
    with pytest.raises(ValueError, match="amount"):
        ledger.raise_cap(ROOT, -1)
    assert ledger.audit().ok


def test_a_scope_is_added_again_with_its_cap_of_then_or_of_now(ledger: Ledger) -> None:
    scope = ledger.add_scope("k", cap=10)
    ledger.raise_cap(scope, 20)
    assert ledger.add_scope("k", cap=10) == ledger.add_scope("k", cap=20) == scope
    assert ledger.sums(scope).cap == Cap(20)
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
    assert ledger.sums().outstanding == Amount(98)
    assert all(ledger.sums(scope).charged.nano_usd <= 60 for scope in scopes)
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
    assert ledger.spent() == Amount(outcomes.index(True))


def test_each_currency_has_a_cap_of_its_own(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledger.sqlite", Cap(100, 1000, 5000))
    branch = ledger.add_scope("b", cap=Cap(tokens=400))
    ledger.reserve(branch, Amount(10, 300, 2000), what="x")
    for amount, told in [
        (Amount(91, 0, 0), "0.000000091 USD needed, 0.00000009 USD available in account"),
        (Amount(1, 101, 1), "101 tokens needed, 100 tokens available in account/b"),
        (Amount(0, 0, 3001), "3.001 s needed, 3.0 s available in account"),
    ]:
        with pytest.raises(CapExceeded) as refused:
            ledger.reserve(branch, amount, what="y")
        assert str(refused.value) == told
    assert ledger.available(branch) == Cap(90, 100, 3000)
    assert ledger.audit().ok


def test_less_is_reserved_where_less_will_do(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledger.sqlite", Cap(100, None, 5000))
    branch = ledger.add_scope("b", cap=Cap(milliseconds=3000))
    least = Amount(10, 0, 1000)
    assert ledger.reserve(branch, Amount(10, 0, 9000), what="x", least=least).amount == Amount(
        10, 0, 3000
    )
    assert ledger.reserve(ROOT, Amount(10, 0, 9000), what="x", least=least).amount == Amount(
        10, 0, 2000
    )
    with pytest.raises(CapExceeded, match=r"1\.0 s needed, 0\.0 s available in account"):
        ledger.reserve(ROOT, Amount(10, 0, 9000), what="x", least=least)


def test_a_request_that_took_longer_is_a_breach_only_where_time_has_a_cap(tmp_path: Path) -> None:
    for name, cap, breaches in (("no", Cap(9), 0), ("yes", Cap(9, None, 100), 1)):
        ledger = Ledger.create(tmp_path / f"{name}.sqlite", cap)
        taken = Amount(1, 20, 101)
        assert ledger.settle(
            ledger.reserve(ROOT, Amount(1, 9, 99), what="x").id, taken, detail={}
        ).breach
        audit = ledger.audit()
        assert audit.ok
        assert [b.currencies for b in audit.breaches] == [("tokens", "milliseconds")] * breaches
        assert audit.over_cap == (ROOT,) * breaches


def test_a_cap_is_raised_in_one_currency_and_the_others_stay(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledger.sqlite", Cap(100, 1000))
    assert ledger.raise_cap(ROOT, Cap(tokens=2000, milliseconds=500))
    assert not ledger.raise_cap(ROOT, Cap(100, 2000))
    assert ledger.sums().cap == Cap(100, 2000, 500)
    ledger.reserve(ROOT, Amount(0, 1500, 400), what="x")
    with pytest.raises(CapTooLow, match="1499 tokens is too low for account: 1500 tokens are"):
        ledger.raise_cap(ROOT, Cap(200, 1499))
    assert ledger.sums().cap.nano_usd == 100
    (change,) = ledger.audit().cap_changes
    assert (change.before, change.after) == (Cap(100, 1000), Cap(100, 2000, 500))
    with pytest.raises(ValueError, match="an account has a cap on money"):
        Ledger.create(tmp_path / "other.sqlite", Cap(tokens=5))
