"""From references to models: every form, every price, and what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parallel_agent.budget.prices import PriceUnknown
from parallel_agent.chat.catalog import find_models
from parallel_agent.chat.errors import UnknownModel
from parallel_agent.chat.providers import PROVIDERS
from parallel_agent.chat.references import Reference, read_reference
from parallel_agent.chat.secrets import Scrubber

KEY = "sk-planted-0123456789abcdef"
OPENAI = {"OPENAI_API_KEY": KEY}
SERVER = "http://localhost:8000/v1#qwen"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rules", Reference(None, "rules", "rules", "rules")),
        ("coder=rules", Reference("coder", "rules", "rules", "rules")),
        ("openai:gpt-5", Reference(None, "openai:gpt-5", "openai", "gpt-5")),
        (
            "critic=groq:a/b:free",
            Reference("critic", "groq:a/b:free", "groq", "a/b:free"),
        ),
        ("replay:a=b.jsonl", Reference(None, "replay:a=b.jsonl", "replay", "a=b.jsonl")),
        (SERVER, Reference(None, SERVER, "http", "qwen", "http://localhost:8000/v1")),
        (
            "planner=https://[::1]:8/v1#org/m:7b=q4",
            Reference(
                "planner", "https://[::1]:8/v1#org/m:7b=q4", "http", "org/m:7b=q4", "https://[::1]:8/v1"
            ),
        ),
    ],
)  # fmt: skip
def test_references(text: str, expected: Reference) -> None:
    assert read_reference(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gpt-5", "no reference"),
        ("", "no reference"),
        ("openai:", "no reference"),
        ("writer=openai:gpt-5", "'writer' is no role"),
        ("http://localhost:8000/v1", "names no model"),
        ("http://#m", "names no host"),
        ("http://localhost:port/v1#m", "is no address"),
    ],
)
def test_what_is_no_reference(text: str, message: str) -> None:
    with pytest.raises(UnknownModel, match=message) as raised:
        read_reference(text)
    assert raised.value.hint


@pytest.mark.parametrize("url", [f"http://user:{KEY}@host/v1#m", f"http://host/v1?key={KEY}#m"])
def test_a_key_in_a_reference_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UnknownModel, match="the address of host holds") as raised:
        read_reference(url)
    assert KEY not in str(raised.value) + raised.value.hint


def test_models_in_their_order_one_for_each_reference() -> None:
    chosen = find_models(
        ["rules", "coder=openai:gpt-5-mini", "critic=openai:gpt-5-mini", SERVER, "rules"],
        ["free"],
        OPENAI,
    )
    assert [(item.role, item.ref) for item in chosen] == [
        (None, "rules"),
        ("coder", "openai:gpt-5-mini"),
        ("critic", "openai:gpt-5-mini"),
        (None, SERVER),
    ]
    rules, coder, critic, server = (item.model for item in chosen)
    assert rules is None
    assert coder is critic is not None
    assert server is not None
    assert (coder.ref, coder.name) == ("openai:gpt-5-mini", "gpt-5-mini")
    # "free" is for the one whose price nobody knows.
    assert (coder.price.free, server.price.free) == (False, True)


def test_prices() -> None:
    def prices(refs: list[str], *given: str) -> list[str]:
        models = [item.model for item in find_models(refs, given, OPENAI)]
        return [model.price.source for model in models if model is not None]

    (known,) = prices(["openai:gpt-5-mini"])
    assert known.startswith("genai-prices ")
    assert prices(["openai:gpt-5-mini"], "1,2") == ["--price 1,2"]
    assert prices(["openai:gpt-5-mini", SERVER], "1,2") == [known, "--price 1,2"]
    assert prices(
        ["coder=openai:gpt-5-mini", SERVER], f"{SERVER}=3,4", "openai:gpt-5-mini=free"
    ) == ["--price free", "--price 3,4"]


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        (["openai:other=1,2"], "'openai:other', which no --model does"),
        (["1,2", "3,4"], "given twice for every model"),
        ([f"{SERVER}=1,2", f"{SERVER}=1,2"], "given twice for http"),
        (["cheap"], "--price cheap"),
        (["0,0"], "--price 0,0"),
    ],
)
def test_what_is_no_price(prices: list[str], message: str) -> None:
    with pytest.raises(UnknownModel, match=message) as raised:
        find_models([SERVER], prices, {})
    assert raised.value.hint


@pytest.mark.parametrize("ref", [SERVER, "http://api.openai.com/v1#gpt-5", "openai:no-such-model"])
def test_an_unknown_price_is_never_free(ref: str) -> None:
    with pytest.raises(PriceUnknown, match="--price"):
        find_models([ref], [], OPENAI)


def test_a_missing_key_is_found_before_anything_is_sent() -> None:
    with pytest.raises(UnknownModel, match="needs a key, and OPENAI_API_KEY is not set"):
        find_models(["openai:gpt-5-mini"], [], {"OPENAI_API_KEY": " "})


@pytest.mark.parametrize("key", [f"{KEY}\nX-Header: x", f"{KEY} {KEY}", f"{KEY}ä"])
def test_a_key_that_cannot_be_sent_is_not_shown(key: str) -> None:
    with pytest.raises(UnknownModel, match="OPENAI_API_KEY holds characters") as raised:
        find_models(["openai:gpt-5-mini"], [], {"OPENAI_API_KEY": key})
    assert KEY not in str(raised.value) + raised.value.hint


def test_a_missing_package_is_named() -> None:
    missing = [provider for provider in PROVIDERS.values() if not provider.installed]
    if not missing:
        pytest.skip("every provider's package is installed")
    with pytest.raises(UnknownModel, match=f"needs the package {missing[0].package}") as raised:
        find_models([f"{missing[0].prefix}:m"], ["1,2"], {})
    assert raised.value.hint == f"Install it: pip install {missing[0].package}"


def test_a_provider_that_nobody_knows() -> None:
    with pytest.raises(UnknownModel, match="'acme' is no provider known here"):
        find_models(["acme:rocket"], ["1,2"], {})


def test_a_replay_is_free_unless_a_price_is_given(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text(json.dumps({"text": "x"}))
    for given, free in ([], True), (["1,2"], False):
        (chosen,) = find_models([f"replay:{file}"], given, {})
        assert chosen.model is not None
        assert chosen.model.price.free == free


def test_keys_are_taken_out_of_texts() -> None:
    scrub = Scrubber.of_environment(
        {"A_KEY": "sk/one+two", "B_KEY": "sk/one+two+three", "C_TOKEN": "x", "PATH": "/usr/bin"}
    )
    assert scrub("sk/one+two+three, sk/one+two; sk%2Fone%2Btwo x /usr/bin") == (
        "[key], [key]; [key] x /usr/bin"
    )
    assert "sk" not in repr(scrub)
