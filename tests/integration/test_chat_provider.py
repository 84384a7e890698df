"""The provider on loopback, asked by plain HTTP: the protocol, the invoice, and every fault."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from chat_provider.answers import Kernels, Script
from chat_provider.billing import Rates, Tokens
from chat_provider.faults import BILLED, DESCRIPTIONS, UNBILLED, Dice, Fault
from chat_provider.running import Running, running, started

PROVIDER = Path(__file__).parents[2] / "tools" / "chat_provider"
RATES = Rates.parse("1,4,0.5")
PROMPT = "Speed this up, please. [[label:job/1]]"
INPUT = 10 + 3 * 2
"""Tokens of PROMPT: 38 bytes over 4, and the template of one message."""


def question(**more: Any) -> dict[str, Any]:
    message = {"role": "user", "content": PROMPT}
    return {"model": "m", "messages": [message], "max_completion_tokens": 20} | more


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "billing.jsonl", rates=RATES) as provider:
        yield provider


def connect(provider: Running) -> http.client.HTTPConnection:
    host = urlsplit(provider.url)
    return http.client.HTTPConnection(str(host.hostname), host.port, timeout=5)


def post(
    provider: Running, data: Any, path: str = "/v1/chat/completions", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = connect(provider)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request("POST", path, json.dumps(data), named)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def events(body: bytes) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in body.decode().split("\n\n") if line]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


def test_an_answer_and_its_line_on_the_invoice(provider: Running) -> None:
    status, headers, body = post(provider, question(), Authorization="Bearer very-secret")
    data = json.loads(body)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert data["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Answer request-1.", "refusal": None},
            "finish_reason": "stop",
        }
    ]
    usage = {name: data["usage"][name] for name in ("prompt_tokens", "completion_tokens")}
    assert usage == {"prompt_tokens": INPUT, "completion_tokens": 5}
    (line,) = provider.invoice()
    assert (line.request, line.label, line.model) == ("request-1", "job/1", "m")
    assert (line.input_tokens, line.output_tokens) == (INPUT, 5)
    assert line.amount == INPUT * 1000 + 5 * 4000
    assert line.over_cap == 0
    assert "very-secret" not in provider.billing.read_text()


def test_a_stream_says_the_same(provider: Running) -> None:
    asked = question(stream=True, stream_options={"include_usage": True})
    status, headers, body = post(provider, asked)
    assert (status, headers["Content-Type"]) == (200, "text/event-stream")
    *chunks, last = events(body)
    choices = [chunk["choices"][0] for chunk in chunks]
    assert "".join(c["delta"].get("content", "") for c in choices) == "Answer request-1."
    assert [c["finish_reason"] for c in choices[-2:]] == [None, "stop"]
    assert last["choices"] == []
    assert last["usage"]["completion_tokens"] == 5
    without = events(post(provider, question(stream=True))[2])
    assert all("usage" not in chunk for chunk in without)


def test_the_line_is_on_disk_before_the_first_byte(provider: Running) -> None:
    connection = connect(provider)
    asked = json.dumps(question(stream=True))
    connection.request("POST", "/v1/chat/completions", asked, {"X-Fault": "slow;seconds=1"})
    connection.getresponse()
    assert len(provider.invoice()) == 1
    connection.close()


@pytest.mark.parametrize("name", ["max_completion_tokens", "max_tokens"])
def test_the_output_cap_is_kept(provider: Running, name: str) -> None:
    asked = question()
    del asked["max_completion_tokens"]
    data = json.loads(post(provider, asked | {name: 2})[2])
    (choice,) = data["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Answer r", "length")
    assert data["usage"]["completion_tokens"] == provider.invoice()[0].output_tokens == 2


def test_tools_and_schemas_are_answered_in_their_shape(provider: Running) -> None:
    schema = {
        "type": "object",
        "properties": {
            "kind": {"enum": ["loop", "scan"]},
            "steps": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/step"}},
            "why": {"anyOf": [{"type": "null"}, {"type": "string"}]},
        },
        "$defs": {"step": {"type": "object", "properties": {"n": {"type": "integer"}}}},
    }
    form = {"type": "json_schema", "json_schema": {"name": "plan", "schema": schema}}
    wide = {"max_completion_tokens": 500}
    answer = json.loads(post(provider, question(response_format=form, **wide))[2])
    said = json.loads(answer["choices"][0]["message"]["content"])
    assert said == {"kind": "loop", "steps": [{"n": 0}, {"n": 0}], "why": None}

    tools = [{"type": "function", "function": {"name": "plan", "parameters": schema}}]
    asked = question(tools=tools, tool_choice="required", **wide)
    answer = json.loads(post(provider, asked)[2])
    (choice,) = answer["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert (choice["finish_reason"], call["function"]["name"]) == ("tool_calls", "plan")
    assert json.loads(call["function"]["arguments"]) == said
    chunks = events(post(provider, asked | {"stream": True})[2])
    deltas = [chunk["choices"][0]["delta"].get("tool_calls", [{}])[0] for chunk in chunks]
    spoken = "".join(delta.get("function", {}).get("arguments", "") for delta in deltas)
    assert json.loads(spoken) == said


def test_requests_that_are_none_cost_nothing(provider: Running) -> None:
    wrong: list[Any] = [
        [],
        {},
        {"model": "m", "messages": []},
        {"model": "m", "messages": [1]},
        question(n=2),
        question(max_completion_tokens=0),
        question(model=7),
        question(tool_choice={"function": {"name": "nobody"}}),
        question(response_format={"type": "json_schema"}),
        question(tools=[1]),
    ]
    for data in wrong:
        status, _, body = post(provider, data)
        assert status == 400, data
        assert json.loads(body)["error"]["message"]
    assert post(provider, question(), path="/v1/completions")[0] == 404
    assert post(provider, question(), X_Fault="no-such-fault")[0] == 400
    assert provider.invoice() == []


def test_keys_and_models_may_be_limited(tmp_path: Path) -> None:
    limits = {"models": ["small"], "keys": {"made-up": "tests"}}
    with running(tmp_path / "b.jsonl", **limits) as provider:
        for header in ("", "Bearer wrong", "made-up"):
            assert post(provider, question(model="small"), Authorization=header)[0] == 401
        good = {"Authorization": "Bearer made-up"}
        assert post(provider, question(model="large"), **good)[0] == 404
        assert post(provider, question(model="small"), **good)[0] == 200
        connection = connect(provider)
        connection.request("GET", "/v1/models", headers=good)
        listed = json.loads(connection.getresponse().read())["data"]
        connection.close()
        assert [model["id"] for model in listed] == ["small"]
        assert [line.key for line in provider.invoice()] == ["tests"]


def faulty(provider: Running, fault: str, **more: Any) -> tuple[int, dict[str, str], bytes]:
    return post(provider, question(**more), X_Fault=fault, Authorization="Bearer the-key")


GONE = (http.client.HTTPException, ConnectionError)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_every_fault(provider: Running, name: str, stream: bool) -> None:
    more = {"stream": stream, "stream_options": {"include_usage": True}}
    match name:
        case "hang-up" | "hang-up-billed" | "cut":
            with pytest.raises(GONE):
                faulty(provider, name, **more)
        case "hang" | "late":
            connection = connect(provider)
            body = json.dumps(question(**more))
            header = {"X-Fault": f"{name};seconds={600 if name == 'hang' else 0.2}"}
            connection.request("POST", "/v1/chat/completions", body, header)
            connection.close()
            provider.wait_until_idle()
        case _:
            status, headers, answer = faulty(provider, f"{name};seconds=0.1", **more)
            SEEN[name](status, headers, answer, stream)
    billed = len(provider.invoice())
    assert billed == (name in BILLED)


def status_is(wanted: int) -> Any:
    def check(status: int, headers: dict[str, str], body: bytes, stream: bool) -> None:
        assert status == wanted
        assert json.loads(body)["error"]["message"]

    return check


def repeats_the_key(status: int, headers: dict[str, str], body: bytes, stream: bool) -> None:
    assert status == 401
    assert b"the-key" in body


def wait_in_seconds(status: int, headers: dict[str, str], body: bytes, stream: bool) -> None:
    assert (status, headers["Retry-After"]) == (429, "0.1")


def wait_until(status: int, headers: dict[str, str], body: bytes, stream: bool) -> None:
    assert status == 429
    assert abs(parsedate_to_datetime(headers["Retry-After"]).timestamp() - time.time()) < 60


def no_wait(status: int, headers: dict[str, str], body: bytes, stream: bool) -> None:
    assert status == 429
    assert "Retry-After" not in headers


def elsewhere(status: int, headers: dict[str, str], body: bytes, stream: bool) -> None:
    assert (status, headers["Location"]) == (307, "/v1/redirected/chat/completions")


def no_json(status: int, headers: dict[str, str], body: bytes, stream: bool) -> None:
    assert status == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        events(body + b"data: [DONE]\n\n") if stream else json.loads(body)


def nothing(status: int, headers: dict[str, str], body: bytes, stream: bool) -> None:
    assert (status, body) == (200, b"")


def page(status: int, headers: dict[str, str], body: bytes, stream: bool) -> None:
    assert headers["Content-Type"] == "text/html"
    assert b"request-1" in body


def padded(status: int, headers: dict[str, str], body: bytes, stream: bool) -> None:
    assert len(body) > 8 << 20
    assert b"request-1" in body


def lost(status: int, headers: dict[str, str], body: bytes, stream: bool) -> None:
    assert status == 200
    assert json.loads(body)["error"]["message"] == "the answer was lost"


def usage_is(wanted: Any) -> Any:
    def check(status: int, headers: dict[str, str], body: bytes, stream: bool) -> None:
        answer = events(body)[-1] if stream else json.loads(body)
        assert status == 200
        assert wanted(answer.get("usage"))

    return check


def halved(status: int, headers: dict[str, str], body: bytes, stream: bool) -> None:
    if stream:
        choices = [chunk["choices"][0] for chunk in events(body) if chunk["choices"]]
        text = "".join(choice["delta"].get("content", "") for choice in choices)
    else:
        choices = json.loads(body)["choices"]
        text = choices[0]["message"]["content"]
    assert (text, choices[-1]["finish_reason"]) == ("Answer r", "length")


SEEN = {
    "unauthorized": repeats_the_key,
    "rate-limited": no_wait,
    "rate-limited-seconds": wait_in_seconds,
    "rate-limited-date": wait_until,
    "server-error": status_is(500),
    "unavailable": status_is(503),
    "redirect": elsewhere,
    "server-error-billed": status_is(500),
    "bad-gateway-billed": status_is(502),
    "unavailable-billed": status_is(503),
    "invalid-json": no_json,
    "empty": nothing,
    "wrong-type": page,
    "huge": padded,
    "error-in-body": lost,
    "no-usage": usage_is(lambda usage: usage is None),
    "zero-usage": usage_is(lambda usage: usage["prompt_tokens"] == usage["total_tokens"] == 0),
    "over-cap": usage_is(lambda usage: usage["completion_tokens"] == 41),
    "reasoning": usage_is(
        lambda usage: (
            usage["completion_tokens"] == 20
            and usage["completion_tokens_details"]["reasoning_tokens"] == 15
        )
    ),
    "cached": usage_is(lambda usage: usage["prompt_tokens_details"]["cached_tokens"] == INPUT // 2),
    "cached-inconsistent": usage_is(
        lambda usage: usage["prompt_tokens_details"]["cached_tokens"] > INPUT
    ),
    "truncated": halved,
    "slow": usage_is(lambda usage: usage["completion_tokens"] == 5),
}


def test_what_faults_cost(provider: Running) -> None:
    for name in ("over-cap", "cached", "cached-inconsistent", "no-usage", "zero-usage"):
        faulty(provider, name)
    over, cached, *untold = provider.invoice()
    assert (over.output_tokens, over.over_cap) == (41, 21 * 4000)
    assert cached.amount == 8 * 1000 + 8 * 500 + 5 * 4000
    assert [line.amount for line in untold] == [INPUT * 1000 + 5 * 4000] * 3


def test_a_redirected_request_is_asked_once_and_answered(provider: Running) -> None:
    status, headers, _ = faulty(provider, "redirect")
    assert status == 307
    there = post(provider, question(), path=headers["Location"], X_Fault="redirect")
    assert there[0] == 200
    assert provider.state()["asked"] == {"job/1": 1}


def test_an_answer_is_charged_when_nobody_waits_any_more(provider: Running) -> None:
    connection = connect(provider)
    connection.request(
        "POST", "/v1/chat/completions", json.dumps(question()), {"X-Fault": "late;seconds=0.3"}
    )
    connection.close()
    assert provider.invoice() == []
    provider.wait_until_idle()
    assert [line.fault for line in provider.invoice()] == ["late"]


def test_commands_are_for_the_next_requests(provider: Running) -> None:
    provider.control(faults=["server-error", {"fault": "no-usage"}], bytes_per_token=1)
    assert post(provider, question())[0] == 500
    assert "usage" not in json.loads(post(provider, question())[2])
    assert json.loads(post(provider, question())[2])["usage"]["prompt_tokens"] == 38 + 3 * 2
    assert provider.state()["asked"] == {"job/1": 3}
    provider.control(faults=["server-error"], rates={"unavailable": 1.0})
    provider.control(reset=True)
    assert post(provider, question())[0] == 200
    for wrong in ({"fault": "x"}, {"faults": ["x"]}, {"price": "1"}, {"bytes_per_token": 0}):
        status, _, body = post(provider, wrong, path="/control")
        assert status == 400, body


def test_dice_fall_alike_for_the_same_seed() -> None:
    rates = {Fault.of("late"): 0.25, Fault.of("cut"): 0.25}
    first = [Dice(rates, 1).throw("job", count) for count in range(400)]
    assert first == [Dice(rates, 1).throw("job", count) for count in range(400)]
    assert first != [Dice(rates, 2).throw("job", count) for count in range(400)]
    assert 60 < sum(fault == Fault.of("late") for fault in first) < 140
    assert 150 < first.count(None) < 250
    with pytest.raises(ValueError, match="at most 1"):
        Dice({Fault.of("late"): 0.9, Fault.of("cut"): 0.2})


def test_a_script_answers_in_order_and_by_what_the_prompt_holds(tmp_path: Path) -> None:
    path = tmp_path / "script.jsonl"
    lines = [
        {"text": "one", "usage": {"input_tokens": 7, "output_tokens": 3, "reasoning_tokens": 2}},
        {"text": "two", "fault": "no-usage"},
        {
            "match": {"contains": "histogram"},
            "tool_calls": [{"name": "plan", "arguments": {"n": 1}}],
        },
        {"match": {"contains": "scan"}, "fault": "server-error"},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with running(tmp_path / "b.jsonl", Script.load(path), RATES) as provider:
        said = [json.loads(post(provider, question())[2]) for _ in range(3)]
        texts = [answer["choices"][0]["message"]["content"] for answer in said]
        assert texts == ["one", "two", "one"]
        assert ["usage" in answer for answer in said] == [True, False, True]
        assert provider.invoice()[0].amount == 7 * 1000 + 3 * 4000
        histogram = [{"role": "user", "content": [{"type": "text", "text": "a histogram"}]}]
        called = json.loads(post(provider, question(messages=histogram))[2])["choices"][0]
        assert called["message"]["tool_calls"][0]["function"]["arguments"] == '{"n": 1}'
        scan = [{"role": "user", "content": "a scan"}]
        assert post(provider, question(messages=scan))[0] == 500
    path.write_text('{"match": {"contains": "scan"}, "text": "one"}\n')
    with running(tmp_path / "c.jsonl", Script.load(path)) as provider:
        assert post(provider, question())[0] == 400
        assert provider.invoice() == []
    assert Script.load(_listed(path, lines))
    with pytest.raises(ValueError, match="not a line"):
        Script.load(_listed(path, [{"text": "x", "match": "scan"}]))
    path.write_text('{"text": "one"}\n{"usage": {}}\n')
    with pytest.raises(ValueError, match="line 2"):
        Script.load(path)


def _listed(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text(json.dumps(lines))
    return path


def test_recorded_completions_are_drawn_by_their_counts(tmp_path: Path) -> None:
    def kernel(name: str, source: str, completions: dict[str, int]) -> dict[str, Any]:
        drawn = [{"code": code, "count": count} for code, count in completions.items()]
        return {"name": name, "source": source, "completions": drawn}

    kernels = [
        kernel("sum", "int sum(int n) {\n  return n;\n}\n", {"often": 19, "rarely": 1}),
        kernel("other", "int other() { return 0; }", {"wrong": 1}),
    ]
    path = tmp_path / "kernels.json"
    path.write_text(json.dumps(kernels))
    prompt = "Here:\n```cpp\n    int sum(int n) {\n      return n;\n    }\n```\n"
    messages = [{"role": "user", "content": prompt}]
    with running(tmp_path / "b.jsonl", Kernels.load(path, seed=1)) as provider:
        said = [json.loads(post(provider, question(messages=messages))[2]) for _ in range(60)]
        texts = [answer["choices"][0]["message"]["content"] for answer in said]
        assert set(texts) == {"```cpp\noften\n```\n", "```cpp\nrarely\n```\n"}
        assert texts.count("```cpp\noften\n```\n") > 45
        unknown = json.loads(post(provider, question())[2])["choices"][0]["message"]["content"]
        assert unknown == "Answer request-61."
        form = {"response_format": {"type": "json_object"}}
        plan = json.loads(post(provider, question(messages=messages, **form))[2])
        assert plan["choices"][0]["message"]["content"] == "{}"


def test_prices_round_up() -> None:
    rates = Rates.parse("0.0001,0.0003")
    assert rates.cost(Tokens(1, 0)) == 1
    assert rates.cost(Tokens(10, 0)) == 1
    assert rates.cost(Tokens(10, 10)) == 4
    for text in ("1", "1,2,3,4", "a,b", "-1,2", "nan,1"):
        with pytest.raises(ValueError, match="a price is"):
            Rates.parse(text)


def test_the_command_serves_until_it_is_ended(tmp_path: Path) -> None:
    arguments = ["--price", "1,4", "--fault", "late;seconds=0.1=1.0", "--key", "me=made-up"]
    with started(tmp_path / "b.jsonl", *arguments, "--quiet") as provider:
        assert post(provider, question(), Authorization="Bearer made-up")[0] == 200
        assert [line.fault for line in provider.invoice()] == ["late"]


def test_help_and_docs_name_every_fault_and_mistakes_are_told() -> None:
    page = (PROVIDER.parents[1] / "docs" / "how-to" / "rehearse.md").read_text(encoding="utf-8")
    assert [name for name in DESCRIPTIONS if f"| `{name}` |" not in page] == []
    told = subprocess.run(
        [sys.executable, PROVIDER, "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert [name for name in UNBILLED | BILLED if f"  {name} " not in told] == []
    wrong = subprocess.run(
        [sys.executable, PROVIDER, "--price", "1"], capture_output=True, text=True, check=False
    )
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "a price is" in wrong.stderr
