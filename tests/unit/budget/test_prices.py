"""Prices against genai-prices' own arithmetic, and bounds against every usage they must cover."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

import genai_prices
import pytest
from genai_prices.data import providers
from genai_prices.data_snapshot import DataSnapshot, set_custom_snapshot
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TimeOfDateConstraint,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from parallel_agent.budget.money import MAX_NANO, usd_to_nano
from parallel_agent.budget.price import MESSAGE_OVERHEAD, REQUEST_OVERHEAD, Rate, Rates, Tier
from parallel_agent.budget.prices import Price, PriceUnknown, find_price, given_price
from parallel_agent.budget.usage import Usage

CALM = settings(deadline=None, derandomize=True, max_examples=200)


@cache
def priced() -> list[tuple[str, str, Price]]:
    """Every model in the list that has a price here: provider, name, price."""
    found = []
    for provider in providers:
        for model in provider.models:
            try:
                found.append((provider.id, model.id, find_price(provider.id, model.id)))
            except PriceUnknown:
                continue
    return found


@st.composite
def usages(draw: st.DrawFn, most_in: int = 1_500_000, most_out: int = 200_000) -> Usage:
    asked = draw(st.integers(0, most_in))
    read = draw(st.integers(0, asked))
    written = draw(st.integers(0, asked - read))
    answered = draw(st.integers(0, most_out))
    return Usage(
        input_tokens=asked,
        output_tokens=answered,
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=draw(st.integers(0, answered)),
    )


def by_genai_prices(provider: str, model: str, usage: Usage, at: datetime | None = None) -> int:
    calculated = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            output_reasoning_tokens=usage.reasoning_tokens,
        ),
        model,
        provider_id=provider,
        genai_request_timestamp=at,
    )
    return usd_to_nano(calculated.total_price)


def test_the_list_is_large_and_most_of_it_is_priced() -> None:
    everything = sum(len(provider.models) for provider in providers)
    assert len(priced()) > 1000
    assert len(priced()) > 0.8 * everything


YEAR = st.datetimes(datetime(2026, 6, 1), datetime(2027, 6, 1), timezones=st.just(UTC))
DAY = timedelta(days=1)


@CALM
@given(st.data())
def test_the_cost_is_what_genai_prices_says_rounded_up(data: st.DataObject) -> None:
    provider, model, price = data.draw(st.sampled_from(priced()))
    usage, at = data.draw(usages()), data.draw(YEAR)
    theirs = [by_genai_prices(provider, model, usage, at + shift) for shift in (-DAY, 0 * DAY, DAY)]
    if any(rates.at_times for rates in price.rates):
        assert price.cost(usage, at) >= max(theirs)
    else:
        assert price.cost(usage, at) == max(theirs)


@CALM
@given(st.data())
def test_the_bound_is_never_below_the_cost(data: st.DataObject) -> None:
    _, _, price = data.draw(st.sampled_from(priced()))
    prompt_bytes = data.draw(st.integers(0, 1_000_000))
    messages = data.draw(st.integers(1, 30))
    most_out = data.draw(st.integers(1, 200_000))
    most_in = prompt_bytes + messages * MESSAGE_OVERHEAD + REQUEST_OVERHEAD
    usage, at = data.draw(usages(most_in, most_out)), data.draw(YEAR)
    later = at + data.draw(st.timedeltas(0 * DAY, DAY))
    assert price.cost(usage, later) <= price.upper_bound(prompt_bytes, messages, most_out, at)


RATES = st.decimals(min_value=0, max_value=1000, places=4)
TIERS = st.lists(st.tuples(st.integers(0, 2000), RATES), max_size=3)


@st.composite
def rates(draw: st.DrawFn) -> Rate:
    """With tiers that no provider has yet: cheaper ones above dearer ones."""
    tiers = tuple(Tier(above=above, usd=usd) for above, usd in sorted(draw(TIERS)))
    return Rate(usd=draw(RATES), tiers=tiers)


@st.composite
def price_lists(draw: st.DrawFn) -> Rates:
    other = st.none() | rates()
    return Rates(
        input=draw(rates()),
        output=draw(rates()),
        cache_read=draw(other),
        cache_write=draw(other),
        reasoning=draw(other),
        request=draw(RATES),
        since=draw(st.none() | st.dates(date(2026, 11, 1), date(2026, 11, 30))),
        at_times=draw(st.booleans()),
    )


@CALM
@given(st.lists(price_lists(), min_size=1, max_size=3), st.data())
def test_the_bound_holds_for_every_price_list_that_can_be(
    lists: list[Rates], data: st.DataObject
) -> None:
    lists[0] = lists[0].model_copy(update={"since": None, "at_times": False})
    price = Price(model="m", source="s", free=False, rates=tuple(lists))
    prompt_bytes, messages = data.draw(st.integers(0, 2000)), data.draw(st.integers(0, 3))
    usage = data.draw(usages(prompt_bytes + messages * MESSAGE_OVERHEAD + REQUEST_OVERHEAD, 500))
    at = datetime(2026, 11, 15, tzinfo=UTC)
    later = at + data.draw(st.timedeltas(0 * DAY, DAY))
    assert price.cost(usage, later) <= price.upper_bound(prompt_bytes, messages, 500, at)


@pytest.fixture(autouse=True)
def _the_bundled_list_again() -> Iterator[None]:
    yield
    set_custom_snapshot(None)


def stock(prices: ModelPrice | list[ConditionalPrice]) -> None:
    """Put one model of a provider of our own in the place of the whole list."""
    model = ModelInfo(id="m", match=ClauseEquals(equals="m"), prices=prices)
    shop = Provider(id="shop", name="Shop", api_pattern="https://shop", models=[model])
    set_custom_snapshot(DataSnapshot(providers=[shop], from_auto_update=False))


PLAIN = {"input_mtok": Decimal(1), "output_mtok": Decimal(2)}
DEAR = {"input_mtok": Decimal(3), "output_mtok": Decimal(4)}


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ({"output_mtok": None}, "no rate for its output"),
        ({"input_mtok": None}, "no rate for its input"),
        ({"output_mtok": Decimal(0)}, "nothing for its output"),
        ({"input_mtok": Decimal(0)}, "nothing for its input"),
        ({"output_audio_mtok": Decimal(5)}, r"no bound is known of \(output_audio_mtok\)"),
        ({"output_citation_mtok": Decimal(5)}, "output_citation_mtok"),
        ({"audio_hours": Decimal(5)}, "audio_hours"),
        ({"tokens_of_next_year_mtok": Decimal(5)}, "tokens_of_next_year_mtok"),
    ],
)
def test_what_cannot_be_bounded_is_refused(
    extra: dict[str, Decimal | None], complaint: str
) -> None:
    stock(ModelPrice(**(PLAIN | extra)))
    with pytest.raises(PriceUnknown, match=complaint) as refused:
        find_price("shop", "m")
    assert "--price" in str(refused.value)
    assert "--price shop:m=IN,OUT" in refused.value.hint


def test_what_our_requests_do_not_ask_for_is_not_charged() -> None:
    stock(ModelPrice(**PLAIN, input_audio_mtok=Decimal(9), web_searches_kcount=Decimal(9)))
    price = find_price("shop", "m")
    assert price.cost(TEN_EACH) == 30_000


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEN_EACH = Usage(input_tokens=10, output_tokens=10)


def test_of_prices_by_hour_the_dearest_is_charged() -> None:
    night = TimeOfDateConstraint(start_time=time(1, tzinfo=UTC), end_time=time(4, tzinfo=UTC))
    long_ago = StartDateConstraint(start_date=date(2026, 8, 1))
    stock(
        [
            ConditionalPrice(prices=ModelPrice(input_mtok=Decimal(99), output_mtok=Decimal(99))),
            ConditionalPrice(constraint=long_ago, prices=ModelPrice(**PLAIN)),
            ConditionalPrice(constraint=night, prices=ModelPrice(**DEAR)),
        ],
    )
    price = find_price("shop", "m")
    assert len(price.in_force(NOON)) == 2, "what was charged long ago is not charged again"
    assert price.cost(TEN_EACH, NOON) == 70_000
    assert by_genai_prices("shop", "m", TEN_EACH, NOON) == 30_000
    assert by_genai_prices("shop", "m", TEN_EACH, NOON.replace(hour=2)) == 70_000


def test_an_announced_price_is_charged_from_its_day_on() -> None:
    soon = StartDateConstraint(start_date=date(2026, 12, 1))
    stock(
        [
            ConditionalPrice(prices=ModelPrice(**DEAR)),
            ConditionalPrice(constraint=soon, prices=ModelPrice(**PLAIN)),
        ],
    )
    price = find_price("shop", "m")
    days = {day: price.cost(TEN_EACH, NOON.replace(month=12, day=day)) for day in (1, 2)}
    assert price.cost(TEN_EACH, NOON) == 70_000
    assert days == {1: 70_000, 2: 30_000}, "somewhere it is still yesterday"
    stock(
        [
            ConditionalPrice(prices=ModelPrice(**PLAIN)),
            ConditionalPrice(constraint=soon, prices=ModelPrice(**DEAR)),
        ],
    )
    price = find_price("shop", "m")
    days = {day: price.cost(TEN_EACH, NOON.replace(day=day)) for day in (29, 30)}
    assert days == {29: 30_000, 30: 70_000}, "somewhere it is tomorrow already"


def test_a_price_in_a_run_outlives_the_list() -> None:
    stock(ModelPrice(**PLAIN, requests_kcount=Decimal(5)))
    price = find_price("shop", "m")
    stock(ModelPrice(**DEAR))
    again = Price.model_validate_json(price.model_dump_json())
    assert again == price
    assert again.cost(TEN_EACH) == 30_000 + 5_000_000
    assert price.source == f"genai-prices {genai_prices.__version__}: shop/m"


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o-search-preview"),
        ("openai", "o3-deep-research"),
        ("perplexity", "sonar-pro"),
    ],
)
def test_a_model_that_searches_unasked_is_refused(provider: str, model: str) -> None:
    with pytest.raises(PriceUnknown, match="tools of its own accord"):
        find_price(provider, model)
    assert find_price("openrouter", "nousresearch/hermes-4-70b"), "research is no search"


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "gpt-0"), ("ollama", "qwen3"), ("nobody", "gpt-5")]
)
def test_an_unknown_model_is_not_free(provider: str, model: str) -> None:
    with pytest.raises(PriceUnknown, match="not in the list of genai-prices; --price"):
        find_price(provider, model)


def test_tiers_count_for_all_tokens() -> None:
    rate = Rate(usd=Decimal(1), tiers=(Tier(above=100, usd=Decimal(2)),))
    rates = Rates(input=rate, output=rate)
    price = Price(model="m", source="s", free=False, rates=(rates,))
    assert price.cost(Usage(input_tokens=100, output_tokens=1)) == 101_000
    assert price.cost(Usage(input_tokens=101, output_tokens=1)) == 204_000


@pytest.mark.parametrize(
    ("text", "nano"),
    [("0.15,0.60", 10 * 150 + 20 * 600), (" 1, 2 ", 50_000), ("1e-9,1e-9", 1), ("free", 0)],
)
def test_a_price_that_is_given(text: str, nano: int) -> None:
    price = given_price("http://host/v1#m", text)
    usage = Usage(input_tokens=10, output_tokens=20, cache_read_tokens=5, reasoning_tokens=7)
    assert price.cost(usage) == nano
    assert price.free == (text == "free")
    assert (price.upper_bound(1000, 2, 1000) == 0) == price.free
    assert Price.model_validate_json(price.model_dump_json()) == price


@pytest.mark.parametrize(
    "text", ["", "1", "1,2,3", "a,b", "-1,2", "nan,1", "inf,1", "1;2", "Free!", "0,0", "0,1", "1,0"]
)
def test_a_price_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="price"):
        given_price("m", text)


def test_a_price_has_rates_or_is_free() -> None:
    rates = given_price("m", "1,2").rates
    for free, some in ((True, rates), (False, ())):
        with pytest.raises(ValidationError, match="has rates, or is free"):
            Price(model="m", source="s", free=free, rates=some)
    for late in ({"since": NOON.date()}, {"at_times": True}):
        with pytest.raises(ValidationError, match="in force when no other is"):
            Price(model="m", source="s", free=False, rates=(rates[0].model_copy(update=late),))


def test_an_absurd_usage_is_the_largest_amount_that_can_be_booked() -> None:
    price = given_price("m", "1,2")
    assert price.cost(Usage(input_tokens=10**15, output_tokens=0)) == MAX_NANO
    assert price.upper_bound(10**15, 1, 1) > MAX_NANO, "and no reservation of it is possible"
    with pytest.raises(ValueError, match="no negative number"):
        price.upper_bound(-1, 1, 1)


def test_no_price_is_looked_up_on_the_network() -> None:
    program = """
import sys
def refuse(event, arguments):
    assert not event.startswith("socket."), event
sys.addaudithook(refuse)
from parallel_agent.budget.prices import find_price
print(find_price("openai", "gpt-4o").source)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("genai-prices ")
