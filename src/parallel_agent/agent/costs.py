"""What answers took, as it stands in the records of a run, and what the next one is expected to take."""

from __future__ import annotations

from collections.abc import Iterable

from parallel_agent.agent.state import CandidateRecord, TrialRecord
from parallel_agent.budget.allocation import Action
from parallel_agent.budget.amount import NOTHING, Amount
from parallel_agent.budget.price import Price
from parallel_agent.budget.usage import Usage
from parallel_agent.chat.bounds import taken
from parallel_agent.chat.model import ChatModel

BYTES_PER_TOKEN = 3.5
"""Of source code, roughly: for what is expected, never for a bound."""
TOKENS_PER_SECOND = 30.0
"""Of an answer, where none is known yet: between a small model on a few cores and a large service."""
REFINE_COST = 2.0
"""A repair or refinement against a first answer, where none was asked for yet: 1.6 to 4.2 times on
kernels of some ten lines."""
_THOUGHT_TOKENS = 1000
"""What an answer is expected to hold beside the code, where no answer is known yet."""


def write_cost(record: CandidateRecord | TrialRecord, cost: Amount) -> None:
    """Keep it with a candidate or a trial."""
    record["cost"] = cost.nano_usd
    record["tokens"], record["milliseconds"] = cost.tokens, cost.milliseconds


def cost_of_record(record: CandidateRecord | TrialRecord) -> Amount:
    """What is kept with one; those of older runs know money alone."""
    return Amount(record.get("cost", 0), record.get("tokens", 0), record.get("milliseconds", 0))


def costs_of(trials: Iterable[TrialRecord], ref: str) -> list[tuple[str, Amount]]:
    """What the answers of a model took, each with its action."""
    costs = [(trial["action"], cost_of_record(trial)) for trial in trials if trial["model"] == ref]
    return [(action, cost) for action, cost in costs if cost != NOTHING]


def expected_cost(
    trials: Iterable[TrialRecord],
    model: ChatModel,
    action: Action,
    prompt_bytes: int,
    source_bytes: int,
) -> Amount:
    """What an answer is expected to take: the mean of those before, else by its length."""
    mine = costs_of(trials, model.ref)
    same = [cost for kind, cost in mine if kind == action]
    if same:
        return sum(same, NOTHING).times(1 / len(same))
    if mine:  # first answers only: what refines one is asked with more, and says more
        return sum((cost for _, cost in mine), NOTHING).times(REFINE_COST / len(mine))
    return expected_answer(model.price, prompt_bytes, source_bytes)


def expected_usage(price: Price, usage: Usage) -> Amount:
    """What a request is expected to take that takes so many tokens."""
    return taken(price, usage, usage.output_tokens / TOKENS_PER_SECOND)


def expected_answer(price: Price, prompt_bytes: int, source_bytes: int) -> Amount:
    """What an answer is expected to take where none is known: twice the source, and some words."""
    usage = Usage(
        input_tokens=round(prompt_bytes / BYTES_PER_TOKEN),
        output_tokens=round(2 * source_bytes / BYTES_PER_TOKEN) + _THOUGHT_TOKENS,
    )
    return expected_usage(price, usage)


def least_output(source_bytes: int) -> int:
    """Tokens that an answer needs at least: about those of the source itself."""
    return round(source_bytes / BYTES_PER_TOKEN) + 100
