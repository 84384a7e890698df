"""The chat models of a run, by what they are wanted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parallel_agent.budget.amount import Amount, Cap
from parallel_agent.budget.money import NanoUSD
from parallel_agent.budget.price import Price
from parallel_agent.chat.bounds import LEAST_TIME, request_bound, seconds_of
from parallel_agent.chat.catalog import Chosen
from parallel_agent.chat.messages import ChatRequest
from parallel_agent.chat.model import ChatModel
from parallel_agent.chat.references import Role

ADVICE_GAIN = 0.15
"""What a plan or a critique is taken to add to the gain of the answers that it informs."""


@dataclass(frozen=True)
class Models:
    """The models that the user chose; `rules` is none of them."""

    chosen: tuple[Chosen, ...] = ()

    @property
    def coders(self) -> list[ChatModel]:
        """Those that write candidates: with the role ``coder``, or with none."""
        return self._with_role("coder")

    def adviser(self, role: Role) -> ChatModel | None:
        """The cheapest model for a role, of those with that role if there are any."""
        named = [chosen.model for chosen in self.chosen if chosen.role == role and chosen.model]
        return min(named or self._with_role(role), key=_rate, default=None)

    def coder(self, ref: str) -> ChatModel:
        """The model with that reference; KeyError if it writes no candidates here."""
        return {model.ref: model for model in self.coders}[ref]

    def _with_role(self, role: Role) -> list[ChatModel]:
        return [c.model for c in self.chosen if c.model is not None and c.role in (role, None)]


def bound(price: Price, request: ChatRequest, max_output_tokens: int | None = None) -> Amount:
    """The most that a request may take, in the least time that is given to any."""
    shortest = seconds_of(Amount(milliseconds=LEAST_TIME))
    return request_bound(price, request, shortest, max_output_tokens)


def fitting_output(price: Price, request: ChatRequest, available: Cap, least: int) -> int:
    """The largest output cap, of the request's own halved again and again, that ``available`` pays.

    0 where not even ``least`` tokens fit, of which there is no useful answer.
    """
    tokens = request.max_output_tokens
    while tokens >= least:
        if available.holds(bound(price, request, tokens)):
            return tokens
        tokens //= 2
    return 0


def pays_for_itself(advice: float, informed: float) -> bool:
    """Whether advice that takes so much of what is left is worth it for answers that take so much.

    It is if it takes no more than the share of their cost by which it is taken to raise their gain.
    """
    return advice <= ADVICE_GAIN * informed


def sorted_by_price(models: Sequence[ChatModel]) -> list[ChatModel]:
    """The cheapest first."""
    return sorted(models, key=_rate)


def _rate(model: ChatModel) -> NanoUSD:
    return model.price.upper_bound(4000, 2, 2000)
