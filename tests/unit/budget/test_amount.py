"""Money, tokens and time as one value."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from parallel_agent.budget.amount import (
    CURRENCIES,
    NOTHING,
    Amount,
    Cap,
    amount_json,
    amount_text,
    as_amount,
    as_cap,
    spent_text,
    text_of,
)

NUMBERS = st.integers(0, 10**15)
AMOUNTS = st.builds(Amount, NUMBERS, NUMBERS, NUMBERS)
BOUNDS = st.none() | NUMBERS
CAPS = st.builds(Cap, BOUNDS, BOUNDS, BOUNDS)


@given(CAPS, AMOUNTS, AMOUNTS)
def test_what_fits_leaves_room_for_what_fits_there(cap: Cap, one: Amount, other: Amount) -> None:
    assume(cap.holds(one))
    assert (
        cap.minus(one).holds(other) == cap.holds(one + other)
        or NOTHING in (one, other)
        or any(getattr(other, name) == 0 for name in CURRENCIES)
    )
    assert cap.minus(one).plus(one) == cap


@given(CAPS, AMOUNTS, AMOUNTS)
def test_what_is_cut_fits_wherever_the_least_does(cap: Cap, amount: Amount, low: Amount) -> None:
    least = low.at_most(amount)
    cut = cap.cut(amount, least)
    assert cap.holds(cut) == cap.holds(least)
    assert not cut.above(amount)
    assert not least.above(cut)
    assert cap.cut(amount, amount) == amount


@given(CAPS, AMOUNTS)
def test_a_share_of_at_most_the_whole_is_what_fits(cap: Cap, amount: Amount) -> None:
    assert (cap.share(amount) <= 1.0) == cap.holds(amount)
    assert (cap.pays_for(amount) >= 1.0) == cap.holds(amount)
    assert cap.share(NOTHING) == 0.0
    assert cap.holds(cap.bounded(amount)) == cap.holds(amount)


@given(CAPS, CAPS, AMOUNTS)
def test_the_tighter_cap_holds_what_both_hold(one: Cap, other: Cap, amount: Amount) -> None:
    assert one.tighter(other).holds(amount) == (one.holds(amount) and other.holds(amount))
    assert one.changed(other).changed(other.unlike(one)) == one.changed(other)


def test_the_dearest_share_counts() -> None:
    left = Cap(1_000, 10_000, 60_000)
    assert left.share(Amount(10, 1_000, 6_000)) == 0.1
    assert left.share(Amount(10, 100, 30_000)) == 0.5
    assert Cap(0, None, 10).share(Amount(0, 7, 5)) == 0.5
    assert math.isinf(Cap(0).share(Amount(1)))


def test_only_amounts_stand_in_a_ledger() -> None:
    assert as_amount(5) == Amount(5)
    assert as_cap(5) == Cap(5, None, None)
    for wrong in (Amount(-1), Amount(0, 10**15 + 1), -1):
        with pytest.raises(ValueError, match="amount"):
            as_amount(wrong)
    with pytest.raises(TypeError):
        as_amount(Amount(0, 0, 1.5))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="amount"):
        as_cap(Cap(tokens=-1))


def test_in_words_and_as_data() -> None:
    assert amount_text(Amount(25 * 10**7, 1200, 90_500)) == "0.25 USD, 1200 tokens, 90.5 s"
    assert amount_text(NOTHING) == "0.00 USD"
    spent, cap = Amount(10**7, 1200, 500), Cap(25 * 10**7, 20_000)
    assert spent_text(spent, cap) == "0.01 of 0.25 USD, 1200 of 20000 tokens"
    assert amount_json("cap", cap) == {
        "cap_usd": "0.25",
        "cap_tokens": 20_000,
        "cap_seconds": None,
    }


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(0, "0.0"), (1, "0.001"), (1500, "1.5"), (600_000, "600.0"), (3001, "3.001"), (-10, "-0.01")],
)
def test_seconds_are_exact(milliseconds: int, said: str) -> None:
    assert text_of(milliseconds, "milliseconds") == f"{said} s"
