"""The bill adds up to what was spent, and says whose it was even where the request was lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_agent.budget.amount import Amount
from parallel_agent.budget.audit import Entry, Kind
from parallel_agent.budget.bill import UNKNOWN, Item, bill_of
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.scopes import ROOT

USAGE = {
    "input_tokens": 100,
    "output_tokens": 20,
    "cache_read_tokens": 60,
    "cache_write_tokens": 0,
    "reasoning_tokens": 5,
}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.create(tmp_path / "ledger.sqlite", 1000)


def ask(ledger: Ledger, scope: str, model: str, node: str, amount: int) -> int:
    detail = {"model": model, "node": node}
    key = f"{scope}/{node}/1/1"
    return ledger.reserve(scope, amount, what=f"{node} asks", key=key, detail=detail).id


def test_every_request_is_billed_to_its_model_node_and_scope(ledger: Ledger) -> None:
    one, two = ledger.add_scope("branch:1"), ledger.add_scope("branch:2")
    told = {"model": "openai:m", "node": "coder", "usage": USAGE, "status": "answered"}
    ledger.settle(ask(ledger, one, "openai:m", "coder", 90), 70, detail=told)
    ledger.settle(ask(ledger, two, "openai:m", "coder", 90), 30, detail=told)
    ledger.settle(ask(ledger, two, "openai:m", "critic", 9), 0, detail={"status": "refused"})
    ledger.forfeit(ask(ledger, two, "openai:big", "planner", 250), "timed out")
    ledger.release(ask(ledger, two, "openai:big", "planner", 250), "never sent")
    ask(ledger, two, "openai:big", "planner", 250)

    bill = bill_of(ledger.audit().entries)
    coder = Item(2, Amount(100), Amount(), 200, 120, 0, 40, 10)
    lost = Item(calls=1, amount=Amount(250), forfeited=Amount(250))
    refused = Item(calls=1)
    assert bill.total == coder + lost + refused
    assert bill.total.amount == ledger.spent()
    assert bill.by_model == {"openai:big": lost, "openai:m": coder + refused}
    assert list(bill.by_model) == ["openai:big", "openai:m"], "the dearest first"
    assert bill.by_node == {"planner": lost, "coder": coder, "critic": refused}
    assert bill.by_scope[one] == Item(1, Amount(70), Amount(), 100, 60, 0, 20, 5)
    assert {scope: item.amount.nano_usd for scope, item in bill.by_scope.items()} == {
        one: 70,
        two: 280,
    }


def test_what_was_in_flight_at_a_crash_is_billed_to_its_model(ledger: Ledger) -> None:
    ask(ledger, ROOT, "openai:m", "coder", 50)
    ledger.forfeit_open("the run stopped while this was in flight")
    bill = bill_of(ledger.audit().entries)
    assert bill.by_model == {"openai:m": Item(1, Amount(50), Amount(50))}


def test_the_node_is_in_the_key_where_no_one_says_it(ledger: Ledger) -> None:
    scope = ledger.add_scope("branch:1")
    ledger.settle(ledger.reserve(scope, 1, what="x", key=f"{scope}/coder/1").id, 1, detail={})
    ledger.settle(ledger.reserve(scope, 1, what="x", key="n1").id, 1, detail={})
    ledger.settle(ledger.reserve(scope, 1, what="x").id, 1, detail={"usage": None})
    bill = bill_of(ledger.audit().entries)
    assert bill.by_model == {UNKNOWN: Item(3, Amount(3))}
    assert bill.by_node == {UNKNOWN: Item(2, Amount(2)), "coder": Item(1, Amount(1))}


def test_an_empty_account_has_an_empty_bill(ledger: Ledger) -> None:
    ledger.raise_cap(ROOT, 2000)
    bill = bill_of(ledger.audit().entries)
    assert bill.total == Item()
    assert not bill.by_model
    assert not bill.by_node
    assert not bill.by_scope


NAMES = st.sampled_from(["a", "b", "c"])
CLOSED = st.tuples(
    st.sampled_from(["settled", "released", "forfeited"]),
    NAMES,
    NAMES,
    NAMES,
    st.builds(Amount, *(st.integers(0, 10**9) for _ in range(3))),
    st.integers(0, 10**6),
)


@settings(deadline=None, derandomize=True)
@given(st.lists(CLOSED, max_size=20))
def test_each_part_adds_up_to_the_whole(
    closed: list[tuple[Kind, str, str, str, Amount, int]],
) -> None:
    entries = []
    for number, (kind, scope, model, node, amount, tokens) in enumerate(closed):
        detail = {"model": model, "node": node}
        entry = Entry(2 * number, "", "reserved", scope, amount, None, "x", None, detail)
        price = Amount() if kind == "released" else amount
        usage = {"usage": {"input_tokens": tokens}}
        entries += [
            entry,
            Entry(2 * number + 1, "", kind, scope, price, 2 * number, "x", None, usage),
        ]
    bill = bill_of(entries)
    for part in (bill.by_model, bill.by_node, bill.by_scope):
        assert sum(part.values(), Item()) == bill.total
    charged = (e.amount for e in entries if e.kind in ("settled", "forfeited"))
    assert bill.total.amount == sum(charged, Amount())
