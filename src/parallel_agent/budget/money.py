"""Money as integers of nano-dollars: conversion from dollars, always rounded up, and back."""

from __future__ import annotations

from decimal import ROUND_CEILING, Context, Decimal, InvalidOperation
from typing import TypeAlias

NanoUSD: TypeAlias = int
"""An amount of money in nano-dollars: 1 USD is 1_000_000_000."""

NANO_PER_USD = 10**9
MAX_NANO = 1_000_000 * NANO_PER_USD
"""The largest amount accepted (a million dollars): the sums stay far inside 64 bits."""

_ONE_NANO = Decimal("1e-9")
# A context of our own: the caller's may have any precision.
_CONTEXT = Context(prec=60)


def usd_to_nano(amount: Decimal | str | int | float) -> NanoUSD:
    """Return ``amount`` dollars in nano-dollars, rounded up to the next whole one.

    A float stands for the decimal number Python prints for it: ``0.1`` is a tenth, although the
    binary fraction behind it is a little more.

    Raises:
        ValueError: not a number, NaN, infinite, negative, or above ``MAX_NANO``.
    """
    try:
        usd = Decimal(repr(float(amount)) if isinstance(amount, float) else amount)
    except InvalidOperation:
        raise ValueError(f"not an amount of dollars: {amount!r}") from None
    if not usd.is_finite() or usd < 0:
        raise ValueError(f"an amount of dollars must be finite and not negative: {amount!r}")
    # Before any arithmetic: the integer of "1e999999999" would fill the memory.
    if usd > MAX_NANO // NANO_PER_USD:
        raise ValueError(f"an amount above {format_usd(MAX_NANO)} dollars: {amount!r}")
    rounded = usd.quantize(_ONE_NANO, rounding=ROUND_CEILING, context=_CONTEXT)
    return int(rounded.scaleb(9, context=_CONTEXT))


def nano_to_usd(amount: NanoUSD) -> Decimal:
    """Return ``amount`` nano-dollars in dollars, exactly; negative amounts are allowed."""
    return Decimal(amount).scaleb(-9, context=_CONTEXT)


def format_usd(amount: NanoUSD) -> str:
    """Return nano-dollars as exact plain decimal dollars with two decimals or more.

    Examples: ``"0.00"``, ``"0.25"``, ``"12.50"``, ``"0.000000001"``, ``"-0.10"``.
    """
    whole, fraction = divmod(abs(amount), NANO_PER_USD)
    decimals = f"{fraction:09d}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}{whole}.{decimals}"


def check_nano(amount: NanoUSD) -> NanoUSD:
    """Return ``amount`` when it may stand in a ledger: an int from 0 to ``MAX_NANO``.

    Raises:
        TypeError: not an int (a bool is not one here, nor is a float of whole value).
        ValueError: negative or above ``MAX_NANO``.
    """
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise TypeError(f"an amount is an int of nano-dollars, not {amount!r}")
    if not 0 <= amount <= MAX_NANO:
        raise ValueError(f"an amount must lie between 0 and {MAX_NANO} nano-dollars: {amount}")
    return amount
