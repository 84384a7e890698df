"""What a request may take at most, and what it took: money, tokens and time."""

from __future__ import annotations

import math

from parallel_agent.budget.amount import Amount
from parallel_agent.budget.money import MAX_NANO
from parallel_agent.budget.price import Price, most_input
from parallel_agent.budget.usage import Usage
from parallel_agent.chat.messages import ChatRequest

OVERHEAD = 1000
"""Milliseconds that a call may take beyond its time-out: to be sent, and to be cancelled."""
SHORTEST = 1.0
"""Seconds: where not even these are left for an answer, nothing is asked."""
LEAST_TIME = round(SHORTEST * 1000) + OVERHEAD
"""What must be left for that, in milliseconds."""


def request_bound(
    price: Price, request: ChatRequest, seconds: float, max_output_tokens: int | None = None
) -> Amount:
    """The most that a request can take; with another output cap if one is given.

    ``seconds`` is its time-out.
    """
    output = request.max_output_tokens if max_output_tokens is None else max_output_tokens
    prompt, messages = request.prompt_bytes, len(request.messages)
    return Amount(
        price.upper_bound(prompt, messages, output),
        most_input(prompt, messages) + output,
        math.ceil(seconds * 1000) + OVERHEAD,
    )


def seconds_of(bound: Amount) -> float:
    """The time-out of a request for which so much was reserved."""
    return max(0, bound.milliseconds - OVERHEAD) / 1000


def taken(price: Price, usage: Usage, seconds: float) -> Amount:
    """What a request took, by the usage reported."""
    return Amount(price.cost(usage), min(usage.tokens, MAX_NANO), milliseconds(seconds))


def milliseconds(seconds: float) -> int:
    """Rounded up."""
    return math.ceil(seconds * 1000)
