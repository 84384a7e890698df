"""Dollars to nano-dollars and back: exact, and never rounded in the spender's favour."""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_agent.budget.money import (
    MAX_NANO,
    NANO_PER_USD,
    check_nano,
    format_usd,
    nano_to_usd,
    usd_to_nano,
)

CALM = settings(deadline=None, derandomize=True)
DOLLARS = st.decimals(min_value=0, max_value=1_000_000, allow_nan=False, allow_infinity=False)
NANOS = st.integers(min_value=0, max_value=MAX_NANO)


@CALM
@given(DOLLARS)
def test_rounds_up_by_less_than_one_nano_dollar(usd: Decimal) -> None:
    excess = usd_to_nano(usd) - Fraction(usd) * NANO_PER_USD
    assert 0 <= excess < 1


@CALM
@given(st.lists(DOLLARS, max_size=5))
def test_the_sum_of_rounded_amounts_covers_the_exact_sum(amounts: list[Decimal]) -> None:
    assert sum(map(usd_to_nano, amounts)) >= sum(map(Fraction, amounts)) * NANO_PER_USD


@CALM
@given(DOLLARS, DOLLARS)
def test_keeps_order(one: Decimal, other: Decimal) -> None:
    if one <= other:
        assert usd_to_nano(one) <= usd_to_nano(other)


@CALM
@given(NANOS)
def test_there_and_back(nano: int) -> None:
    assert usd_to_nano(nano_to_usd(nano)) == nano
    assert usd_to_nano(format_usd(nano)) == nano


@CALM
@given(st.integers(min_value=-MAX_NANO, max_value=MAX_NANO))
def test_format_is_exact_and_plain(nano: int) -> None:
    text = format_usd(nano)
    assert Decimal(text) == nano_to_usd(nano)
    assert len(text.partition(".")[2]) >= 2
    assert not set(text) - set("-.0123456789")


@CALM
@given(st.floats(min_value=0, max_value=1_000_000, allow_nan=False))
def test_a_float_is_the_number_that_is_printed(value: float) -> None:
    assert usd_to_nano(value) == usd_to_nano(str(value))


@pytest.mark.parametrize(
    ("amount", "nano"),
    [
        ("0", 0),
        ("-0", 0),
        (" 0.25 ", 250_000_000),
        (1, 1_000_000_000),
        (0.1, 100_000_000),
        (1e-5, 10_000),
        ("0.0000000001", 1),
        ("1e-999999999", 1),
        ("0.0000000010000000000000000000000000000000000000000000000000000000000000000001", 2),
        (Decimal("1000000"), MAX_NANO),
    ],
)
def test_examples(amount: Decimal | str | int | float, nano: int) -> None:
    assert usd_to_nano(amount) == nano


@pytest.mark.parametrize(
    "amount",
    [
        "nan",
        "sNaN",
        "inf",
        "-inf",
        float("nan"),
        float("inf"),
        -1,
        -0.5,
        "-0.0000000001",
        "",
        "a dollar",
        "$1",
        "1,5",
        "1000000.0000000001",
        "1e999999999",
        10**40,
    ],
)
def test_refuses(amount: Decimal | str | int | float) -> None:
    with pytest.raises(ValueError, match="amount"):
        usd_to_nano(amount)


def test_the_callers_decimal_context_does_not_matter() -> None:
    with decimal.localcontext(decimal.Context(prec=2, traps=[decimal.Inexact, decimal.Rounded])):
        assert usd_to_nano("123.456789012") == 123_456_789_012
        assert str(nano_to_usd(123_456_789_012)) == "123.456789012"


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "0.00"),
        (250_000_000, "0.25"),
        (12_500_000_000, "12.50"),
        (1, "0.000000001"),
        (-100_000_000, "-0.10"),
    ],
)
def test_formats(nano: int, text: str) -> None:
    assert format_usd(nano) == text


@pytest.mark.parametrize("amount", [0, 1, MAX_NANO])
def test_an_amount_of_the_ledger(amount: int) -> None:
    assert check_nano(amount) == amount


@pytest.mark.parametrize(
    ("amount", "error"),
    [
        (-1, ValueError),
        (MAX_NANO + 1, ValueError),
        (True, TypeError),
        (1.0, TypeError),
        ("1", TypeError),
        (None, TypeError),
        (Decimal(1), TypeError),
    ],
)
def test_no_amount_of_the_ledger(amount: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="amount"):
        check_nano(amount)
