"""What is reserved, spent and capped: money, tokens and models' time, as one value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal, Self, TypeAlias

from parallel_agent.budget.money import NanoUSD, check_nano, format_usd

Currency = Literal["nano_usd", "tokens", "milliseconds"]
CURRENCIES: tuple[Currency, ...] = ("nano_usd", "tokens", "milliseconds")
"""What an account counts: nano-dollars; tokens of input and output; the time that models were asked
for, of all requests added up."""

_values: Callable[[Amount | Cap], tuple[int, int, int]] = attrgetter(*CURRENCIES)


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of each currency; negative only as a difference."""

    nano_usd: NanoUSD = 0
    tokens: int = 0
    milliseconds: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(*(a + b for a, b in zip(_values(self), _values(other), strict=True)))

    def __sub__(self, other: Amount) -> Amount:
        return Amount(*(a - b for a, b in zip(_values(self), _values(other), strict=True)))

    def times(self, factor: float) -> Amount:
        """The multiple, rounded."""
        return Amount(*(round(factor * value) for value in _values(self)))

    def at_most(self, other: Amount) -> Amount:
        """In each currency the smaller of both."""
        return Amount(*map(min, _values(self), _values(other)))

    def above(self, other: Amount) -> tuple[Currency, ...]:
        """The currencies in which it is more than ``other``."""
        return tuple(c for c in CURRENCIES if getattr(self, c) > getattr(other, c))

    def checked(self) -> Self:
        """Itself, if it may stand in a ledger. Raises TypeError, ValueError: see `check_nano`."""
        for value in _values(self):
            check_nano(value)
        return self


@dataclass(frozen=True, slots=True)
class Cap:
    """The most of each currency, None where it is not bounded; also what is left, then negative
    after a breach.
    """

    nano_usd: NanoUSD | None = None
    tokens: int | None = None
    milliseconds: int | None = None

    def minus(self, amount: Amount) -> Cap:
        """What is left when so much is gone."""
        pairs = zip(_values(self), _values(amount), strict=True)
        return Cap(*(None if most is None else most - value for most, value in pairs))

    def plus(self, amount: Amount) -> Cap:
        """What there would be with so much more."""
        return self.minus(NOTHING - amount)

    def portion(self, share: float) -> Cap:
        """A part of it, rounded down."""
        return Cap(*(None if most is None else math.floor(share * most) for most in _values(self)))

    def at_least_nothing(self) -> Cap:
        """With nothing left where it is negative."""
        return Cap(*(None if most is None else max(0, most) for most in _values(self)))

    def tighter(self, other: Cap) -> Cap:
        """In each currency the smaller bound of both."""
        pairs = zip(_values(self), _values(other), strict=True)
        return Cap(*(min((m for m in pair if m is not None), default=None) for pair in pairs))

    def changed(self, other: Cap) -> Cap:
        """With the bounds that ``other`` has, and its own where that has none."""
        pairs = zip(_values(self), _values(other), strict=True)
        return Cap(*(mine if new is None else new for mine, new in pairs))

    def unlike(self, other: Cap) -> Cap:
        """Its bounds that ``other`` does not have as they are here."""
        pairs = zip(_values(self), _values(other), strict=True)
        return Cap(*(None if mine == its else mine for mine, its in pairs))

    def short_of(self, amount: Amount) -> tuple[Currency, ...]:
        """The currencies of which ``amount`` needs some, and more than this."""
        needed = ((c, getattr(amount, c), getattr(self, c)) for c in CURRENCIES)
        return tuple(c for c, need, most in needed if need > 0 and most is not None and need > most)

    def holds(self, amount: Amount) -> bool:
        """Whether ``amount`` fits; what needs nothing of a currency is not refused for it."""
        return not self.short_of(amount)

    def whole(self) -> Amount:
        """All that it bounds, as an amount."""
        return Amount(*(most or 0 for most in _values(self)))

    def bounded(self, amount: Amount) -> Amount:
        """``amount`` in the currencies that are bounded, and nothing of the others."""
        pairs = zip(_values(self), _values(amount), strict=True)
        return Amount(*(0 if most is None else value for most, value in pairs))

    def cut(self, amount: Amount, least: Amount) -> Amount:
        """``amount``, less where it does not fit, but in no currency less than ``least``."""
        triples = zip(_values(self), _values(amount), _values(least), strict=True)
        return Amount(
            *(value if most is None else max(low, min(value, most)) for most, value, low in triples)
        )

    def share(self, amount: Amount) -> float:
        """The largest part of a bound that ``amount`` takes: 0 for nothing, infinite of nothing."""
        return max(self._shares(amount), default=0.0)

    def pays_for(self, amount: Amount) -> float:
        """How many times ``amount`` fits, as a fraction; infinite where it needs nothing."""
        pairs = zip(_values(self), _values(amount), strict=True)
        return min((m / v for m, v in pairs if m is not None and v > 0), default=math.inf)

    def checked(self) -> Self:
        """Itself, if it may be a cap. Raises TypeError, ValueError: see `check_nano`."""
        for value in _values(self):
            if value is not None:
                check_nano(value)
        return self

    def _shares(self, amount: Amount) -> list[float]:
        pairs = zip(_values(self), _values(amount), strict=True)
        bounded = [(most, value) for most, value in pairs if most is not None and value > 0]
        return [value / most if most > 0 else math.inf for most, value in bounded]


NOTHING = Amount()

Amountable: TypeAlias = Amount | NanoUSD
Cappable: TypeAlias = Cap | NanoUSD


def as_amount(amount: Amountable) -> Amount:
    """An amount that may stand in a ledger; an int is one of nano-dollars alone.

    Raises TypeError, ValueError: see `check_nano`.
    """
    return (amount if isinstance(amount, Amount) else Amount(check_nano(amount))).checked()


def as_cap(cap: Cappable) -> Cap:
    """A cap; an int is one on nano-dollars alone. Raises TypeError, ValueError: see `check_nano`."""
    return (cap if isinstance(cap, Cap) else Cap(check_nano(cap))).checked()


_TEXT: dict[Currency, Callable[[int], str]] = {
    "nano_usd": lambda value: f"{format_usd(value)} USD",
    "tokens": lambda value: f"{value} tokens",
    "milliseconds": lambda value: f"{_seconds(value)} s",
}


def _seconds(milliseconds: int) -> str:
    """Exactly, with one decimal or more."""
    return f"{milliseconds / 1000:.3f}".rstrip("0").ljust(len(f"{milliseconds // 1000}.0"), "0")


def text_of(value: int, currency: Currency) -> str:
    """For people, with its unit: ``0.25 USD``, ``1200 tokens``, ``90.5 s``."""
    return _TEXT[currency](value)


def amount_text(amount: Amount | Cap) -> str:
    """All of it that is not nothing, for people; ``0.00 USD`` for nothing at all."""
    told = [text_of(v, c) for c in CURRENCIES if (v := getattr(amount, c))]
    return ", ".join(told) or text_of(0, "nano_usd")


def spent_text(spent: Amount, cap: Cap) -> str:
    """What is spent in each currency that has a cap: ``0.01 of 0.25 USD, 1200 of 20000 tokens``."""
    told = []
    for currency in CURRENCIES:
        most = getattr(cap, currency)
        if most is not None:
            number = text_of(getattr(spent, currency), currency).partition(" ")[0]
            told.append(f"{number} of {text_of(most, currency)}")
    return ", ".join(told)


def amount_json(prefix: str, amount: Amount | Cap) -> dict[str, str | int | float | None]:
    """As plain data: dollars as a decimal string, tokens, seconds; None where nothing bounds it."""
    usd, tokens, milliseconds = _values(amount)
    return {
        f"{prefix}_usd": None if usd is None else format_usd(usd),
        f"{prefix}_tokens": tokens,
        f"{prefix}_seconds": None if milliseconds is None else milliseconds / 1000,
    }
