"""Every fault of the provider on loopback, met by the door: what is booked, and what is billed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_provider.billing import Rates
from chat_provider.faults import DESCRIPTIONS
from chat_provider.running import Running, running
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.scopes import ROOT
from parallel_agent.chat.catalog import find_models
from parallel_agent.chat.errors import ChatError
from parallel_agent.chat.messages import ChatReply, ChatRequest, Message
from parallel_agent.chat.metered import Door

KEY = "sk-planted-0123456789"
REQUEST = ChatRequest(
    messages=(Message(role="user", content="Speed this up, please."),), max_output_tokens=100
)

# How the reservation is closed, and at what part of it: nothing, the price that is billed, or all.
BOOKED = {
    "unauthorized": ("settled", "nothing"),
    "rate-limited": ("settled", "nothing"),
    "rate-limited-seconds": ("settled", "nothing"),
    "rate-limited-date": ("settled", "nothing"),
    "server-error": ("forfeited", "all"),
    "unavailable": ("settled", "nothing"),
    "redirect": ("settled", "nothing"),
    "hang-up": ("forfeited", "all"),
    "hang": ("forfeited", "all"),
    "server-error-billed": ("forfeited", "all"),
    "bad-gateway-billed": ("forfeited", "all"),
    "unavailable-billed": ("forfeited", "all"),
    "hang-up-billed": ("forfeited", "all"),
    "cut": ("forfeited", "all"),
    "invalid-json": ("forfeited", "all"),
    "empty": ("forfeited", "all"),
    "wrong-type": ("settled", "the bill"),
    "huge": ("settled", "the bill"),
    "error-in-body": ("forfeited", "all"),
    "no-usage": ("settled", "all"),
    "zero-usage": ("settled", "all"),
    "over-cap": ("settled", "the bill"),
    "reasoning": ("settled", "the bill"),
    "cached": ("settled", "the bill"),
    "cached-inconsistent": ("settled", "all"),
    "truncated": ("settled", "the bill"),
    "slow": ("settled", "the bill"),
    "late": ("forfeited", "all"),
}


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "billing.jsonl", rates=Rates.parse("1,4")) as provider:
        yield provider


@pytest.mark.parametrize("fault", DESCRIPTIONS)
def test_what_is_booked_is_never_less_than_what_is_billed(
    fault: str, provider: Running, tmp_path: Path
) -> None:
    waits = fault in ("hang", "late")
    provider.control(faults=[f"{fault};seconds=0.6" if waits else f"{fault};seconds=0.1"])
    ledger = Ledger.create(tmp_path / "ledger.sqlite", 10**9)
    answer = _ask(provider, ledger, timeout=0.5 if waits else 30.0)
    provider.wait_until_idle()

    billed = sum(line.amount for line in provider.invoice())
    reserved, closed = ledger.audit().entries
    amounts = {"nothing": 0, "the bill": billed, "all": reserved.amount.nano_usd}
    kind, part = BOOKED[fault]
    assert (closed.kind, closed.amount.nano_usd) == (kind, amounts[part]), closed.detail
    assert ledger.spent().nano_usd >= billed
    assert isinstance(answer, ChatReply) == (kind == "settled" and part != "nothing")
    assert KEY not in f"{answer!r} {closed.detail}"
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def _ask(provider: Running, ledger: Ledger, timeout: float) -> ChatReply | ChatError:
    ref = f"{provider.url}#small"
    (chosen,) = find_models([ref], ["1,4"], {"PARALLEL_AGENT_API_KEY": KEY})
    assert chosen.model is not None
    door = Door(ledger, timeout=timeout, max_attempts=1)
    try:
        return door.ask(chosen.model, REQUEST, scope=ROOT, node="coder", step=0)
    except ChatError as error:
        return error
