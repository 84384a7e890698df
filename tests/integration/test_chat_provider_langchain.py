"""The provider on loopback, asked by LangChain's own client for OpenAI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from chat_provider.billing import Rates
from chat_provider.running import Running, running

QUESTION = "Speed this up, please."
INPUT, OUTPUT = 6 + 3 * 2, 5


class Plan(BaseModel):
    """What to do."""

    strategy: str
    steps: list[int]


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "billing.jsonl", rates=Rates.parse("1,4")) as provider:
        yield provider


@pytest.fixture
def model(provider: Running) -> Iterator[ChatOpenAI]:
    model = ChatOpenAI(
        model="small",
        base_url=provider.url,
        api_key="made-up",  # type: ignore[arg-type]
        max_retries=0,
        timeout=5,
        stream_usage=True,
        use_responses_api=False,
    )
    yield model
    model.root_client.close()


def test_usage_of_a_whole_answer(model: ChatOpenAI, provider: Running) -> None:
    answer = model.invoke(QUESTION)
    assert answer.text == "Answer request-1."
    assert answer.usage_metadata is not None
    usage = answer.usage_metadata
    assert (usage["input_tokens"], usage["output_tokens"]) == (INPUT, OUTPUT)
    assert answer.response_metadata["finish_reason"] == "stop"
    (line,) = provider.invoice()
    assert (line.model, line.input_tokens, line.output_tokens) == ("small", INPUT, OUTPUT)


def test_usage_of_a_streamed_answer(model: ChatOpenAI) -> None:
    chunks = list(model.stream(QUESTION))
    assert len(chunks) > 5
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert isinstance(whole, AIMessageChunk)
    assert whole.text == "Answer request-1."
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == OUTPUT


def test_the_cap_and_the_kinds_of_tokens(model: ChatOpenAI, provider: Running) -> None:
    provider.control(faults=["reasoning", "cached"])
    answer = model.invoke(QUESTION, max_tokens=20)
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] == 20
    assert answer.usage_metadata["output_token_details"]["reasoning"] == 15
    answer = model.invoke(QUESTION)
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["input_token_details"]["cache_read"] == INPUT // 2
    cut = model.invoke(QUESTION, max_tokens=1)
    assert (cut.text, cut.response_metadata["finish_reason"]) == ("Answ", "length")


@pytest.mark.parametrize("streamed", [False, True])
def test_a_tool_is_called(model: ChatOpenAI, streamed: bool) -> None:
    bound = model.bind_tools([Plan], tool_choice="Plan")
    if streamed:
        answer: Any = None
        for chunk in bound.stream(QUESTION):
            answer = chunk if answer is None else answer + chunk
    else:
        answer = bound.invoke(QUESTION)
    assert isinstance(answer, AIMessage)
    (call,) = answer.tool_calls
    assert (call["name"], call["args"]) == ("Plan", {"strategy": "text", "steps": []})


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_structured_output(model: ChatOpenAI, method: Any, provider: Running) -> None:
    asked = model.with_structured_output(Plan, method=method, include_raw=True)
    answer = asked.invoke(QUESTION)
    assert isinstance(answer, dict)
    assert answer["parsed"] == Plan(strategy="text", steps=[])
    assert answer["raw"].usage_metadata["input_tokens"] == provider.invoice()[0].input_tokens


def test_faults_reach_the_client_as_they_are(model: ChatOpenAI, provider: Running) -> None:
    provider.control(faults=["rate-limited-seconds", "server-error", "unauthorized", "cut"])
    errors = (
        openai.RateLimitError,
        openai.InternalServerError,
        openai.AuthenticationError,
        openai.APIConnectionError,
    )
    for error in errors:
        with pytest.raises(error):
            model.invoke(QUESTION)
    provider.control(faults=["no-usage"])
    assert model.invoke(QUESTION).usage_metadata is None
    assert [line.fault for line in provider.invoice()] == ["cut", "no-usage"]
