"""Answers from a file: which one comes, what it costs, and a file made of a run."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from chat_server import answers, fails, serving
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import usd_to_nano
from parallel_agent.budget.usage import Usage
from parallel_agent.chat.catalog import ChatModel, find_models
from parallel_agent.chat.errors import ChatError, UnknownModel
from parallel_agent.chat.messages import ChatRequest, Message
from parallel_agent.chat.metered import Door
from parallel_agent.chat.replay import record


def request(text: str = "Speed up saxpy.", cap: int = 1000) -> ChatRequest:
    return ChatRequest(messages=(Message(role="user", content=text),), max_output_tokens=cap)


def replay(folder: Path, *records: dict[str, Any], price: str = "free") -> ChatModel:
    file = folder / "answers.jsonl"
    file.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    (chosen,) = find_models([f"replay:{file}"], [price], {})
    assert chosen.model is not None
    return chosen.model


def text_at(model: ChatModel, key: str, prompt: str = "Speed up saxpy.") -> str:
    return model.complete(request(prompt), key=key, timeout=1).text


def test_one_branch_takes_the_answers_one_after_the_other(tmp_path: Path) -> None:
    model = replay(tmp_path, *({"text": str(number)} for number in range(5)))
    texts = [int(text_at(model, f"account/b1/coder/{step}/1")) for step in range(1, 6)]
    assert sorted(texts) == [0, 1, 2, 3, 4]
    assert all((after - before) % 5 == 1 for before, after in pairwise(texts))


def test_the_key_alone_decides(tmp_path: Path) -> None:
    records = [{"text": str(number)} for number in range(100)]
    keys = [f"account/b{branch}/coder/1/1" for branch in range(20)]
    model = replay(tmp_path, *records)
    texts = [text_at(model, key) for key in keys]
    another = replay(tmp_path, *records)
    assert [text_at(another, key) for key in reversed(keys)] == texts[::-1]
    assert len(set(texts)) > 10


def test_matches(tmp_path: Path) -> None:
    model = replay(
        tmp_path,
        {"text": "plan", "match": {"node": "planner"}},
        {"text": "second", "match": {"node": "coder", "step": 2}},
        {"text": "of b7", "match": {"key": "*/b7/coder/1/*"}},
        {"text": "dot", "match": {"contains": "dot product", "step": 1, "key": "*/b1/*"}},
    )
    assert text_at(model, "account/b1/planner/1/1") == "plan"
    assert text_at(model, "account/b1/coder/2/1") == "second"
    assert text_at(model, "account/b7/coder/1/3") == "of b7"
    assert text_at(model, "account/b1/coder/1/1", "a dot product") == "dot"
    with pytest.raises(ChatError, match="has no answer for account/b1/coder/1/1") as raised:
        text_at(model, "account/b1/coder/1/1")
    assert (raised.value.fate, raised.value.retryable) == ("never_sent", False)


def test_tokens_that_nobody_counted(tmp_path: Path) -> None:
    reply = replay(tmp_path, {"text": "ninebytes"}).complete(
        request("12345"), key="s/n/1/1", timeout=1
    )
    assert reply.usage == Usage(input_tokens=2, output_tokens=3)
    assert reply.note == "tokens estimated as bytes / 4"


def test_recorded_tokens(tmp_path: Path) -> None:
    usage = {"input_tokens": 4, "output_tokens": 7, "reasoning_tokens": 6}
    reply = replay(tmp_path, {"text": "x", "usage": usage}).complete(
        request("12345"), key="s/n/1/1", timeout=1
    )
    assert (reply.usage, reply.note) == (Usage(**usage), "")


def test_an_answer_is_cut_at_the_cap(tmp_path: Path) -> None:
    usage = {"input_tokens": 500, "output_tokens": 200, "reasoning_tokens": 150}
    reply = replay(tmp_path, {"text": "x" * 80, "usage": usage}).complete(
        request("12345", cap=100), key="s/n/1/1", timeout=1
    )
    assert (reply.text, reply.finish_reason) == ("x" * 40, "length")
    assert reply.usage == Usage(input_tokens=5, output_tokens=100, reasoning_tokens=100)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no answer"),
        ("[]", "holds no answer"),
        ("{", "is not JSON"),
        ('{"txt": "x"}', "text: Field required"),
        ('{"text": "x", "match": {"scope": "b"}}', r"match.scope: Extra"),
        ('{"text": "x", "usage": {"input_tokens": -1, "output_tokens": 1}}', "usage.input_tokens"),
        (None, "No such file"),
    ],
)
def test_what_is_no_replay(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "answers.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UnknownModel, match=message) as raised:
        find_models([f"replay:{file}"], [], {})
    assert raised.value.hint


def test_one_json_list_will_do(tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    file.write_text(json.dumps([{"text": "a"}, {"text": "a"}], indent=1))
    (chosen,) = find_models([f"replay:{file}"], [], {})
    assert chosen.model is not None
    assert text_at(chosen.model, "s/n/1/1") == "a"


def test_a_run_is_recorded_and_replayed(tmp_path: Path) -> None:
    """The replay says at each key what the provider said, and costs the same at the same price."""

    def ask_all(ledger: Ledger, model: ChatModel) -> list[str]:
        door = Door(ledger, backoff=0.01)
        ledger.add_scope("kernel:a[0]*")
        return [
            door.ask(model, request(), scope="account/kernel:a[0]*", node="coder", step=step).text
            for step in (1, 2, 3)
        ]

    cap = usd_to_nano("0.05")
    ledger = Ledger.create(tmp_path / "first.sqlite", cap)
    with serving(fails(429), answers("one"), answers("two"), answers("three")) as server:
        (chosen,) = find_models([f"{server.url}#m"], ["1,2"], {})
        assert chosen.model is not None
        texts = ask_all(ledger, chosen.model)
    assert texts == ["one", "two", "three"]
    recorded = [item.model_dump(exclude_defaults=True) for item in record(ledger)]
    again = Ledger.create(tmp_path / "second.sqlite", cap)
    assert ask_all(again, replay(tmp_path, *recorded, price="1,2")) == texts
    assert again.spent().nano_usd == ledger.spent().nano_usd > 0
