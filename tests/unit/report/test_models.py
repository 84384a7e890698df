"""The command ``models``: references, prices, and a small request to each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chat_server import USAGE, answers, echoes_key, serving
from parallel_agent.budget.ledger import Ledger
from parallel_agent.chat.catalog import find_models
from parallel_agent.chat.messages import ChatRequest, Message
from parallel_agent.chat.metered import Door
from parallel_agent.cli import run

KEY = "sk-planted-0123456789abcdef"


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "PARALLEL_AGENT_API_KEY"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.delenv("PARALLEL_AGENT_MODEL", raising=False)


def test_what_can_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models"]) == 0
    text = capsys.readouterr().out
    assert "http(s)://HOST:PORT/v1#NAME" in text
    assert "OPENAI_API_KEY: set" in text
    assert run(["models", "--json"]) == 0
    told = capsys.readouterr().out
    providers = {item["prefix"]: item for item in json.loads(told)["providers"]}
    assert providers["openai"]["key_set"]
    assert KEY not in text + told


def test_prices(capsys: pytest.CaptureFixture[str]) -> None:
    server = "http://localhost:1/v1#m"
    arguments = ["models", "--model", "openai:gpt-5-mini", "--model", f"coder={server}"]
    assert run([*arguments, "--model", "rules", "--price", "3,4"]) == 0
    openai, coder, rules = capsys.readouterr().out.splitlines()[2:]
    assert openai.split()[0] == "openai:gpt-5-mini"
    assert "genai-prices" in openai
    assert coder.split()[:2] == [server, "coder"]
    assert "3 in, 4 out" in coder
    assert "free" in rules


def test_a_test(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(answers("ready", usage=USAGE | {"completion_tokens": 7})) as server:
        arguments = ["models", "--test", "--model", f"{server.url}#m", "--price", "1,2"]
        assert run(arguments) == 0
        text = capsys.readouterr().out
        assert run([*arguments, "--json"]) == 0
        (model,) = json.loads(capsys.readouterr().out)["models"]
    assert "'ready' after" in text
    assert "10 tokens in, 7 out; 0.000024 USD" in text
    assert model["test"]["answered"]
    assert (model["test"]["answer"], model["test"]["cost_usd"]) == ("ready", "0.000024")
    assert model["price"]["source"] == "--price 1,2"


def test_a_test_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(echoes_key) as server:
        assert run(["models", "--test", "--model", f"{server.url}#m", "--price", "1,2"]) == 1
    shown = capsys.readouterr()
    assert "no answer (refused): HTTP 401: Incorrect API key provided: [key]." in shown.out
    assert KEY not in shown.out + shown.err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--model", "gpt-5"], 2, "is no reference to a model"),
        (["--model", "http://localhost:1/v1#m"], 2, "--price"),
        (
            ["--model", "http://localhost:1/v1#m", "--price", "1,2", "--test", "--budget", "0"],
            4,
            "USD needed, 0.00 USD available",
        ),
    ],
)
def test_what_cannot_be(
    arguments: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", *arguments]) == status
    error = capsys.readouterr().err
    assert words in error
    assert len(error.splitlines()) == 2


def test_what_a_run_paid_for_can_be_replayed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = Ledger.create(tmp_path / "ledger.sqlite", 10**9)
    request = ChatRequest(messages=(Message(role="user", content="Hello?"),), max_output_tokens=9)
    with serving(answers("paid for")) as server:
        (chosen,) = find_models([f"{server.url}#m"], ["1,2"])
        assert chosen.model is not None
        Door(ledger).ask(chosen.model, request, scope="account", node="coder", step=1)
    assert run(["models", "--record", str(tmp_path)]) == 0
    file = tmp_path / "answers.jsonl"
    file.write_text(capsys.readouterr().out)
    (chosen,) = find_models([f"replay:{file}"])
    assert chosen.model is not None
    reply = chosen.model.complete(request, key="account/coder/1/1", timeout=1)
    assert reply.text == "paid for"
    assert run(["models", "--record", str(tmp_path / "nowhere")]) == 2
