"""What a model charges, as plain data: the price of a usage, and a bound before the request.

A price is written into the run that it is used in. Bound and cost come from it alone, so no later
price list changes what a run reserved or paid.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from parallel_agent.budget.money import MAX_NANO, NANO_PER_USD, NanoUSD
from parallel_agent.budget.usage import Usage

MESSAGE_OVERHEAD = 16
"""Tokens that a chat template may add to a message: who speaks, where it begins and ends."""
REQUEST_OVERHEAD = 256
"""Tokens that a chat template may add to a request: a preamble, the words about a schema."""

_TOKENS = 10**6
"""Rates are per million tokens."""

USD = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tier(_Plain):
    """The rate from ``above`` tokens of input on, not including ``above`` itself."""

    above: Annotated[int, Field(ge=0)]
    usd: USD


class Rate(_Plain):
    """US dollars per million tokens.

    Of the tiers (in ascending order) the last one that the input exceeds counts, and for all
    tokens: a request that is one token longer may cost twice as much.
    """

    usd: USD
    tiers: tuple[Tier, ...] = ()

    def at(self, input_tokens: int) -> Fraction:
        """The rate of a request with that many tokens of input."""
        reached = [tier.usd for tier in self.tiers if input_tokens > tier.above]
        return Fraction(reached[-1] if reached else self.usd)

    def dearest(self, input_tokens: int) -> Fraction:
        """The highest rate of any request with at most that many tokens of input."""
        reached = [tier.usd for tier in self.tiers if input_tokens > tier.above]
        return Fraction(max(self.usd, *reached) if reached else self.usd)


class Rates(_Plain):
    """One price list of a model; a rate that it does not have is that of plain input or output.

    ``request`` is charged for every request, in US dollars. ``since`` is the first day (UTC) that
    it is in force, None for ever; ``at_times`` says that it is so at certain hours only.
    """

    input: Rate
    output: Rate
    cache_read: Rate | None = None
    cache_write: Rate | None = None
    reasoning: Rate | None = None
    request: USD = Decimal(0)
    since: date | None = None
    at_times: bool = False

    def cost(self, usage: Usage) -> Fraction:
        """The exact price in US dollars."""
        cached = usage.cache_read_tokens + usage.cache_write_tokens
        parts = (
            (usage.input_tokens - cached, self.input),
            (usage.cache_read_tokens, self.cache_read or self.input),
            (usage.cache_write_tokens, self.cache_write or self.input),
            (usage.output_tokens - usage.reasoning_tokens, self.output),
            (usage.reasoning_tokens, self.reasoning or self.output),
        )
        tokens = sum(count * rate.at(usage.input_tokens) for count, rate in parts)
        return Fraction(tokens, _TOKENS) + Fraction(self.request)

    def dearest(self, input_tokens: int, output_tokens: int) -> Fraction:
        """The highest exact price, in US dollars, of at most that many tokens."""
        inputs = [rate for rate in (self.input, self.cache_read, self.cache_write) if rate]
        outputs = [rate for rate in (self.output, self.reasoning) if rate]
        tokens = input_tokens * max(rate.dearest(input_tokens) for rate in inputs)
        tokens += output_tokens * max(rate.dearest(input_tokens) for rate in outputs)
        return Fraction(tokens, _TOKENS) + Fraction(self.request)


class Price(_Plain):
    """What ``model`` charges; ``source`` says for people where that was found.

    Several ``rates`` are those of different days and hours, a later one taking the place of those
    before it while it is in force. The first one has no such time. A free model has none.
    """

    model: str
    source: str
    free: bool
    rates: tuple[Rates, ...]

    @model_validator(mode="after")
    def _free_or_priced(self) -> Self:
        if self.free == bool(self.rates):
            raise ValueError("a price has rates, or is free")
        if self.rates and (self.rates[0].since is not None or self.rates[0].at_times):
            raise ValueError("the first price list is in force when no other is")
        return self

    def in_force(self, at: datetime | None = None) -> tuple[Rates, ...]:
        """The price lists that may count for a request ``at`` that time, None for now.

        There are several where the hour decides, and within a day of a change: providers reckon
        in time zones of their own. The dearest of them is what a request costs here.
        """
        today = (at or datetime.now(UTC)).astimezone(UTC).date()
        found = []
        for rates in reversed(self.rates):
            if rates.since is not None and rates.since > today + timedelta(days=1):
                continue
            found.append(rates)
            if not rates.at_times and (rates.since is None or rates.since < today):
                break
        return tuple(found)

    def cost(self, usage: Usage, at: datetime | None = None) -> NanoUSD:
        """The price of ``usage`` in nano-dollars, rounded up; ``MAX_NANO`` where it is higher."""
        return min(MAX_NANO, _nano(rates.cost(usage) for rates in self.in_force(at)))

    def upper_bound(
        self,
        prompt_bytes: int,
        messages: int,
        max_output_tokens: int,
        at: datetime | None = None,
    ) -> NanoUSD:
        """The most that one request can cost, in nano-dollars.

        Each token of `most_input` may be the dearest: written to the cache, in the highest tier that can be reached. Of the
        output each token may be reasoning. The request may take until the same time of tomorrow.
        """
        tokens = most_input(prompt_bytes, messages)
        if max_output_tokens < 0:
            raise ValueError("a request has no negative number of tokens")
        start = at or datetime.now(UTC)
        lists = (*self.in_force(start), *self.in_force(start + timedelta(days=1)))
        return _nano(rates.dearest(tokens, max_output_tokens) for rates in lists)


def most_input(prompt_bytes: int, messages: int) -> int:
    """The most tokens of input that a prompt can have.

    A token stands for at least one byte of the prompt, and the chat template adds at most
    ``MESSAGE_OVERHEAD`` tokens a message and ``REQUEST_OVERHEAD`` tokens a request.
    """
    if min(prompt_bytes, messages) < 0:
        raise ValueError("a request has no negative number of bytes or messages")
    return prompt_bytes + messages * MESSAGE_OVERHEAD + REQUEST_OVERHEAD


def _nano(amounts: Iterable[Fraction]) -> NanoUSD:
    return ceil(max(amounts, default=Fraction(0)) * NANO_PER_USD)
