"""Real requests to a real server on loopback: what is sent, and every way in which it goes wrong."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import traceback
from collections.abc import Mapping

import pytest

from chat_server import (
    USAGE,
    Behaviour,
    answers,
    closes_mid_body,
    closes_unanswered,
    completion,
    drips_body,
    drips_headers,
    echoes_key,
    fails,
    floods,
    hangs,
    packs,
    says,
    serving,
)
from parallel_agent.budget.usage import Usage
from parallel_agent.chat.catalog import ChatModel, find_models
from parallel_agent.chat.errors import ChatError
from parallel_agent.chat.messages import ChatReply, ChatRequest, Message

KEY = "sk-planted-0123456789abcdef"
REQUEST = ChatRequest(
    messages=(Message(role="system", content="Be brief."), Message(role="user", content="Hello?")),
    max_output_tokens=100,
)


def model_at(url: str, environ: Mapping[str, str] | None = None) -> ChatModel:
    (chosen,) = find_models([f"{url}#tiny"], ["1,2"], environ or {})
    assert chosen.model is not None
    return chosen.model


def ask(*behaviours: Behaviour, request: ChatRequest = REQUEST, timeout: float = 20) -> ChatReply:
    with serving(*behaviours) as server:
        return model_at(server.url).complete(request, key="s/n/1/1", timeout=timeout)


def failure(*behaviours: Behaviour, timeout: float = 20) -> ChatError:
    with pytest.raises(ChatError) as raised:
        ask(*behaviours, timeout=timeout)
    return raised.value


def test_a_request_and_its_answer() -> None:
    with serving(answers("hi", model="tiny-2")) as server:
        reply = model_at(server.url).complete(REQUEST, key="s/n/1/1", timeout=20)
    assert reply == ChatReply(
        text="hi", usage=Usage(input_tokens=10, output_tokens=5), model="tiny-2"
    )
    (received,) = server.received
    assert received.path == "/v1/chat/completions"
    assert received.body["model"] == "tiny"
    assert received.body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello?"},
    ]
    # Servers know one or the other name of the cap.
    assert received.body["max_completion_tokens"] == received.body["max_tokens"] == 100
    assert not received.body["stream"]
    assert "temperature" not in received.body
    assert "response_format" not in received.body


def test_temperature_and_schema_are_sent_where_asked_for() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    request = REQUEST.model_copy(update={"temperature": 0.5, "json_schema": schema})
    with serving(answers()) as server:
        model_at(server.url).complete(request, key="s/n/1/1", timeout=20)
    (received,) = server.received
    assert received.body["temperature"] == 0.5
    form = received.body["response_format"]["json_schema"]
    assert (form["schema"], form["strict"]) == (schema, False)


def test_a_closed_schema_is_asked_for_strictly() -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    request = REQUEST.model_copy(update={"json_schema": schema})
    with serving(answers()) as server:
        model_at(server.url).complete(request, key="s/n/1/1", timeout=20)
    assert server.received[0].body["response_format"]["json_schema"]["strict"]


def test_a_thread_whose_own_event_loop_runs() -> None:
    """As in a notebook."""

    async def cell() -> ChatReply:
        return ask(answers("from a notebook"))

    assert asyncio.run(cell()).text == "from a notebook"


def test_a_structured_answer_that_is_cut_keeps_its_usage() -> None:
    request = REQUEST.model_copy(update={"json_schema": {"type": "object"}})
    reply = ask(answers('{"a":', finish_reason="length"), request=request)
    assert (reply.text, reply.finish_reason) == ('{"a":', "length")
    assert reply.usage == Usage(input_tokens=10, output_tokens=5)


def test_a_name_with_codex_in_it_stays_with_the_chat_protocol() -> None:
    with serving(answers()) as server:
        (chosen,) = find_models([f"{server.url}#my-codex"], ["free"], {})
        assert chosen.model is not None
        chosen.model.complete(REQUEST, key="s/n/1/1", timeout=20)
    assert server.received[0].path == "/v1/chat/completions"


def test_cached_and_reasoning_tokens() -> None:
    usage = USAGE | {
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    expected = Usage(input_tokens=10, output_tokens=5, cache_read_tokens=4, reasoning_tokens=3)
    assert ask(answers(usage=usage)).usage == expected
    for tier in ("flex", "priority"):
        assert ask(answers(usage=usage, service_tier=tier)).usage == expected


def test_reasoning_that_is_left_out_of_the_output() -> None:
    """As xAI reports it: only the total has it."""
    details = {"completion_tokens_details": {"reasoning_tokens": 7}}
    reply = ask(answers(usage=USAGE | details | {"total_tokens": 22}))
    assert reply.usage == Usage(input_tokens=10, output_tokens=12, reasoning_tokens=7)
    assert ask(answers(usage=USAGE | {"total_tokens": 3})).usage == Usage(
        input_tokens=10, output_tokens=5
    )


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}},
        {"completion_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 4}},
        {"prompt_tokens": 0},
        {"prompt_tokens": None},
        {"completion_tokens": 0},
        {"prompt_tokens": -1},
        {"completion_tokens": 10**12},
        {"completion_tokens": 1.5},
    ],
)
def test_an_impossible_usage_is_none(usage: dict[str, object]) -> None:
    parts = {name: count for name, count in USAGE.items() if name != "total_tokens"}
    reply = ask(answers(usage=parts | usage))
    assert reply.usage is None
    assert reply.note.startswith("the provider tells an impossible usage: ")
    assert reply.text == "hello"


def test_no_usage() -> None:
    reply = ask(answers(usage=None))
    assert (reply.usage, reply.note) == (None, "the provider tells no usage")


def test_half_a_letter_in_an_answer_can_be_journaled() -> None:
    reply = ask(says(b'{"choices":[{"message":{"role":"assistant","content":"a\\ud800"}}]}'))
    assert reply.text == "a?"
    assert reply.model_dump_json()


@pytest.mark.parametrize(
    ("status", "message", "fate", "retryable"),
    [
        (400, "no", "refused", False),
        (400, "Could not finish the message because max_tokens was reached", "unknown", False),
        (401, "no", "refused", False),
        (403, "no", "refused", False),
        (404, "no", "refused", False),
        (408, "no", "unknown", True),
        (409, "no", "refused", True),
        (413, "no", "refused", False),
        (422, "no", "refused", False),
        (429, "no", "refused", True),
        (499, "no", "unknown", False),
        (500, "no", "unknown", True),
        (502, "no", "unknown", True),
        (503, "upstream connect error or reset before headers", "unknown", True),
        (503, "The engine is currently overloaded", "refused", True),
        (504, "no", "unknown", True),
        (529, "Overloaded", "refused", True),
    ],
)
def test_statuses(status: int, message: str, fate: str, retryable: bool) -> None:
    error = failure(fails(status, message))
    assert (error.status, error.fate, error.retryable) == (status, fate, retryable)
    assert message in str(error)


def test_a_spent_quota_is_not_waited_for() -> None:
    error = failure(fails(429, "You exceeded your current quota", "insufficient_quota"))
    assert (error.fate, error.retryable) == ("refused", False)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("soon", None), ("nan", None)],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    assert failure(fails(429, Retry_After=header)).retry_after == seconds


@pytest.mark.parametrize(
    ("behaviour", "retryable"),
    [
        (closes_unanswered, True),
        (closes_mid_body, True),
        (says(b"not JSON"), False),
        (says(b"[]"), False),
        (says(b"null"), False),
        (says({"error": {"message": "in a body that says 200"}}), False),
        (says(completion() | {"choices": []}), False),
        (says(completion() | {"usage": "much"}), False),
        (says(completion() | {"usage": {"prompt_tokens": "ten"}}), False),
    ],
)
def test_an_answer_that_cannot_be_read_may_be_billed(behaviour: Behaviour, retryable: bool) -> None:
    error = failure(behaviour)
    assert (error.fate, error.retryable) == ("unknown", retryable)


@pytest.mark.parametrize("behaviour", [hangs, drips_headers, drips_body])
def test_a_deadline_for_the_whole_answer(behaviour: Behaviour) -> None:
    with serving(behaviour) as server:
        model = model_at(server.url)
        with pytest.raises(ChatError, match=r"no whole answer within 0\.5 s") as raised:
            model.complete(REQUEST, key="s/n/1/1", timeout=0.5)
        assert server.hung_up.wait(20)  # the connection is closed, not left behind
    assert (raised.value.fate, raised.value.retryable) == ("unknown", False)


def test_a_reply_without_end_is_given_up() -> None:
    with serving(floods) as server:
        with pytest.raises(ChatError, match="larger than") as raised:
            model_at(server.url).complete(REQUEST, key="s/n/1/1", timeout=60)
        assert server.hung_up.wait(20)
    assert raised.value.fate == "unknown"


def test_a_packed_reply_is_not_unpacked() -> None:
    """A few kilobytes can be packed to unpack to all of the memory."""
    error = failure(packs)
    assert "the reply is packed with gzip" in str(error)
    assert (error.fate, error.retryable) == ("unknown", False)


def test_nobody_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        with pytest.raises(ChatError, match="no connection") as raised:
            model_at(url).complete(REQUEST, key="s/n/1/1", timeout=20)
    assert (raised.value.fate, raised.value.retryable) == ("never_sent", True)


def test_no_such_host() -> None:
    with pytest.raises(ChatError, match="no connection") as raised:
        model_at("http://host.invalid/v1").complete(REQUEST, key="s/n/1/1", timeout=30)
    assert raised.value.fate == "never_sent"


def test_no_tls_where_it_was_expected() -> None:
    with serving(answers()) as server:
        url = server.url.replace("http://", "https://")
        with pytest.raises(ChatError, match="no connection") as raised:
            model_at(url).complete(REQUEST, key="s/n/1/1", timeout=20)
    assert raised.value.fate == "never_sent"
    assert not server.received


def test_a_connection_that_is_never_accepted_in_time() -> None:
    """The queue of a listening socket is full: the kernel answers no further connection."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        with pytest.raises(ChatError, match="no connection") as raised:
            model_at(url).complete(REQUEST, key="s/n/1/1", timeout=2)
    assert raised.value.fate == "never_sent"


def test_a_redirect_is_not_followed() -> None:
    with serving(answers()) as other:
        redirect = says({}, 307, Location=f"{other.url}/chat/completions")
        with serving(redirect) as server:
            environ = {"PARALLEL_AGENT_API_KEY": KEY}
            with pytest.raises(ChatError, match="it redirects to http") as raised:
                model_at(server.url, environ).complete(REQUEST, key="s/n/1/1", timeout=20)
    assert (raised.value.fate, raised.value.retryable) == ("refused", False)
    assert not other.received


def test_keys_go_where_they_belong_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of a server is sent to it; nothing that is meant for OpenAI is."""
    for variable in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID"):
        monkeypatch.setenv(f"OPENAI_{variable}", KEY)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Gateway: {KEY}\nAuthorization: Bearer {KEY}")
    own = "sk-of-the-server"
    with serving(answers()) as server:
        for environ in ({}, {"PARALLEL_AGENT_API_KEY": own}):
            model_at(server.url, {**os.environ, **environ}).complete(
                REQUEST, key="s/n/1/1", timeout=20
            )
    without, with_key = server.received
    assert KEY not in str(server.received)
    assert own not in str(without)
    assert with_key.headers["authorization"] == f"Bearer {own}"


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_openai_elsewhere(variable: str) -> None:
    with serving(answers()) as server:
        environ = {"OPENAI_API_KEY": KEY, variable: server.url}
        (chosen,) = find_models(["openai:gpt-5-codex"], ["1,2"], environ)
        assert chosen.model is not None
        chosen.model.complete(REQUEST, key="s/n/1/1", timeout=20)
    (received,) = server.received
    assert received.path == "/v1/chat/completions"
    assert received.headers["authorization"] == f"Bearer {KEY}"


def test_a_key_is_in_no_text_that_we_make() -> None:
    with serving(echoes_key) as server:
        model = model_at(server.url, {"PARALLEL_AGENT_API_KEY": KEY})
        with pytest.raises(ChatError) as raised:
            model.complete(REQUEST, key="s/n/1/1", timeout=20)
    error = raised.value
    assert "Incorrect API key provided: [key]." in str(error)
    texts = [repr(model), str(vars(model)), repr(error), "".join(traceback.format_exception(error))]
    assert error.__context__ is None
    assert error.__cause__ is None
    assert not any(KEY in text for text in texts)


def test_a_key_in_an_answer_is_taken_out() -> None:
    with serving(answers(f"your key is {KEY}", model=KEY, finish_reason=KEY)) as server:
        model = model_at(server.url, {"PARALLEL_AGENT_API_KEY": KEY})
        reply = model.complete(REQUEST, key="s/n/1/1", timeout=20)
    assert reply.text == "your key is [key]"
    assert KEY not in reply.model_dump_json()


def test_many_threads_at_once() -> None:
    with serving(answers()) as server:
        model = model_at(server.url)
        replies: list[ChatReply] = []
        threads = [
            threading.Thread(
                target=lambda: replies.append(model.complete(REQUEST, key="s/n/1/1", timeout=60))
            )
            for _ in range(10)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [reply.text for reply in replies] == ["hello"] * 10
