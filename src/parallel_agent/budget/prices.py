"""Where the price of a model comes from: the list of genai-prices, or the user.

What cannot be bounded before the request leaves has no price here: nothing is guessed, and nothing
is free because it is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from parallel_agent.budget.money import nano_to_usd, usd_to_nano
from parallel_agent.budget.price import Price, Rate, Rates, Tier

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo

__all__ = ["Price", "PriceUnknown", "find_price", "given_price"]

_TOKEN_RATES = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "output_reasoning_mtok": "reasoning",
}
_A_REQUEST = "requests_kcount"
# Charged for what our requests have none of: they are text, without tools, and do not ask for a
# cache that is kept longer.
_NOT_ASKED_FOR = frozenset(
    {
        "input_audio_mtok",
        "input_image_mtok",
        "input_video_mtok",
        "cache_audio_read_mtok",
        "cache_image_read_mtok",
        "cache_video_read_mtok",
        "cache_write_5m_mtok",
        "cache_write_1h_mtok",
        "web_searches_kcount",
        "storage_searches_kcount",
        "social_searches_kcount",
        "code_executions_kcount",
    }
)


# In the names of models that search the web, or use other tools, unasked.
_SEARCHER = re.compile(r"\bsearch\b|deep-research|sonar|compound")


class PriceUnknown(LookupError):
    """No price is known for ``model``, or none that can be bounded; ``hint`` says what to do."""

    def __init__(self, model: str, why: str) -> None:
        super().__init__(model, why)
        self.model = model
        self.why = why
        self.hint = (
            f"Give it with --price {model}=IN,OUT in US dollars per million tokens, or "
            f"--price {model}=free for a model on your own machine"
        )

    def __str__(self) -> str:
        return f"the price of {self.model} is not known: {self.why}; --price can say it"


def find_price(provider: str, model: str) -> Price:
    """Return what ``model`` of ``provider`` charges, from the list that genai-prices brings along.

    Nothing is fetched. ``provider`` is a name as LangChain has it (``openai``, ``anthropic`` …).
    The standard rates are meant: no batch, no flexible or priority service.

    Raises:
        PriceUnknown: it is not in the list, stands there at no price, or charges for something
            that cannot be bounded before the request.
    """
    from genai_prices import __version__
    from genai_prices.data_snapshot import get_snapshot

    ref = f"{provider}:{model}"
    try:
        seller, entry = get_snapshot().find_provider_model(model, None, provider, None)
    except LookupError:
        raise PriceUnknown(ref, "it is not in the list of genai-prices") from None
    if _SEARCHER.search(f"{model} {entry.id}".lower()):
        raise PriceUnknown(ref, "it uses tools of its own accord, at a price of their own")
    source = f"genai-prices {__version__}: {seller.id}/{entry.id}"
    return Price(model=ref, source=source, free=False, rates=tuple(_schedule(ref, entry)))


def given_price(model: str, text: str) -> Price:
    """Return the price that the user says ``model`` has.

    ``text`` is ``IN,OUT`` in US dollars per million tokens, or ``free``. Cached tokens are charged
    as input, reasoning as output.

    Raises:
        ValueError: it is neither.
    """
    if text == "free":
        return Price(model=model, source="--price free", free=True, rates=())
    try:
        asked, answered = (nano_to_usd(usd_to_nano(part)) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"not a price: {text!r}; write IN,OUT in US dollars per million tokens, or free"
        ) from None
    if not asked or not answered:
        raise ValueError(f"a price of nothing: {text!r}; write free for a model that is")
    rates = Rates(input=Rate(usd=asked), output=Rate(usd=answered))
    return Price(model=model, source=f"--price {text}", free=False, rates=(rates,))


def _schedule(model: str, entry: ModelInfo) -> Iterator[Rates]:
    """Each price list of ``entry`` with the time that it is in force, as `Price` has them.

    Without a condition that holds the first one is in force, whatever its own condition says.
    """
    from genai_prices.types import ModelPrice, StartDateConstraint

    if isinstance(entry.prices, ModelPrice):
        yield _rates(model, vars(entry.prices))
        return
    for place, conditional in enumerate(entry.prices):
        rates = _rates(model, vars(conditional.prices))
        condition = conditional.constraint
        if condition is None or place == 0:
            yield rates
        elif isinstance(condition, StartDateConstraint):
            yield rates.model_copy(update={"since": condition.start_date})
        else:
            yield rates.model_copy(update={"at_times": True})


def _rates(model: str, listed: Mapping[str, Any]) -> Rates:
    """One list as our own data; raises PriceUnknown where that would be a guess."""
    charged = {key: value for key, value in listed.items() if value is not None}
    strange = charged.keys() - _TOKEN_RATES.keys() - {_A_REQUEST} - _NOT_ASKED_FOR
    if strange:
        raise PriceUnknown(model, f"it charges for what no bound is known of ({min(strange)})")
    rates = {name: _rate(charged[key]) for key, name in _TOKEN_RATES.items() if key in charged}
    for name in ("input", "output"):
        if name not in rates:
            raise PriceUnknown(model, f"the list of genai-prices has no rate for its {name}")
        if not rates[name].usd:
            raise PriceUnknown(model, f"the list of genai-prices has nothing for its {name}")
    request = charged.get(_A_REQUEST, Decimal(0))
    if not isinstance(request, Decimal):
        raise PriceUnknown(model, "what it charges for a request has tiers")
    return Rates(**rates, request=request / 1000)


def _rate(listed: Any) -> Rate:
    if isinstance(listed, Decimal):
        return Rate(usd=listed)
    tiers = tuple(Tier(above=tier.start, usd=tier.price) for tier in listed.tiers)
    return Rate(usd=listed.base, tiers=tiers)
