"""The LangChain tool in the hands of an agent: what it may ask for, and who pays."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import ToolMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from chat_server import Behaviour, ScriptedServer, answers, completion, says, serving
from parallel_agent import Event, Outcome, RunFolder, as_tool, resume
from parallel_agent.budget.errors import CapTooLow
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import format_usd
from parallel_agent.settings import SettingsError
from running_sums import GOOD, KERNEL

SECONDS = 120.0
QUICK: dict[str, Any] = {"effort": "quick", "threads": 2, "size": ("64", "3000")}


def calls(name: str, **arguments: Any) -> Behaviour:
    """A model's answer that calls a tool."""
    body = completion("", finish_reason="tool_calls")
    function = {"name": name, "arguments": json.dumps(arguments)}
    call = {"id": "call-1", "type": "function", "function": function}
    body["choices"][0]["message"] |= {"content": None, "tool_calls": [call]}
    return says(body)


def agent_on(server: ScriptedServer, tool: Any) -> Any:
    model = ChatOpenAI(
        model="replayed", base_url=server.url, api_key=SecretStr("none"), max_retries=0
    )
    return create_agent(model, [tool])


def told_by_tools(state: dict[str, Any]) -> list[ToolMessage]:
    return [message for message in state["messages"] if isinstance(message, ToolMessage)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "sums.cpp").write_text(KERNEL, encoding="utf-8")
    return root


@pytest.mark.slow
def test_an_agent_optimizes_with_money_that_is_not_its_own(root: Path, tmp_path: Path) -> None:
    text = f"One pass.\n\n```cpp\n{GOOD}```\n"
    usage = {"prompt_tokens": 900, "completion_tokens": 300, "total_tokens": 1200}
    with (
        serving(answers(text, usage)) as coder,
        serving(
            calls("optimize_cpp_kernel", file="sums.cpp"), answers("It is faster now.")
        ) as chat,
    ):
        events: list[Event] = []
        given = {**QUICK, "model": (f"{coder.url}#small",), "price": ("0.3,1.2",), "answers": 1}
        tool = as_tool(
            budget="0.02", root=root, out=tmp_path / "account", listener=events.append, **given
        )
        agent = agent_on(chat, tool)
        state = agent.invoke({"messages": [("user", "Make sums.cpp fast.")]})
        shown = chat.received[0].body["tools"][0]["function"]["parameters"]["properties"]

    (message,) = told_by_tools(state)
    outcome = message.artifact
    assert isinstance(outcome, Outcome)
    assert message.status == "success"
    assert message.text.startswith("runningSums: ")
    assert len(message.text) < 4000
    assert outcome.status == "improved"
    assert {"model", "budget", "price", "cxx", "out"}.isdisjoint(shown)
    ledger = Ledger.open(tmp_path / "account" / "ledger.sqlite")
    assert 0 < ledger.spent().nano_usd <= 20_000_000
    assert ledger.audit().ok
    assert {event.kind for event in events} >= {"original", "call", "finished"}

    # The account is one for all calls: what it has left does not pay another answer.
    spent = format_usd(ledger.spent().nano_usd)
    broke = as_tool(budget=spent, root=root, out=tmp_path / "account", **given)
    call = {"type": "tool_call", "id": "1", "name": broke.name, "args": {"file": "sums.cpp"}}
    refused = broke.invoke(call)
    assert refused.status == "error"
    assert "account" in refused.text
    assert "Only the owner" in refused.text
    with pytest.raises(CapTooLow):
        as_tool(budget="0.000001", root=root, out=tmp_path / "account", **given)


def test_what_a_model_may_not_choose_is_refused_in_two_lines(root: Path, tmp_path: Path) -> None:
    tool = as_tool(budget="0", root=root, out=tmp_path / "account")
    asked: list[dict[str, Any]] = [
        {"file": "sums.cpp", "budget": "100"},
        {"file": "sums.cpp", "model": ["openai:gpt"]},
        {"file": "../account/ledger.sqlite"},
        {"file": "sums.cpp", "threads": 4000},
        {"file": "nothing.cpp"},
        {"file": "sums.cpp", "source": KERNEL},
        {},
    ]
    for arguments in asked:
        answer = tool.invoke({"type": "tool_call", "id": "1", "name": tool.name, "args": arguments})
        assert answer.status == "error"
        first, second = answer.text.splitlines()
        assert first.startswith("error: ")
        assert second.startswith("  help: ")
    assert not list((tmp_path / "account").glob("runs/*"))


@pytest.mark.long
@pytest.mark.slow
def test_an_awaited_call_that_is_cancelled_leaves_a_run_that_goes_on(
    sum_of_roots: Path, tmp_path: Path
) -> None:
    measured = asyncio.Event()

    async def cancelled() -> None:
        loop = asyncio.get_running_loop()

        def tell(event: Event) -> None:
            if event.kind == "round":
                loop.call_soon_threadsafe(measured.set)

        tool = as_tool(root=tmp_path, out=tmp_path / "account", listener=tell, **QUICK)
        task = asyncio.ensure_future(tool.ainvoke({"file": sum_of_roots.name}))
        await asyncio.wait_for(measured.wait(), SECONDS)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())

    (run,) = (tmp_path / "account" / "runs").iterdir()
    assert not (run / "outcome.json").exists()
    RunFolder.open(run).unlock()  # nobody is at work in it
    before = (run / "original" / "study.json").read_bytes()
    assert resume(run).status in ("improved", "unchanged")
    assert (run / "original" / "study.json").read_bytes() == before
    assert not (run / "ledger.sqlite").exists()


@pytest.mark.slow
def test_verify_as_a_tool_gives_the_verdict(root: Path, tmp_path: Path) -> None:
    tool = as_tool("verify", root=root, out=tmp_path / "account", **QUICK)
    wrong = GOOD.replace("sums[i] = sum;", "sums[i] = sum - (i == 40);")
    call = {"type": "tool_call", "id": "1", "name": tool.name}
    answer = tool.invoke({**call, "args": {"file": "sums.cpp", "candidate": wrong}})
    assert answer.artifact.accepted is False
    assert answer.text.startswith("runningSums: rejected by the gate 'differential'")


def test_a_bad_setting_is_told_to_who_makes_the_tool(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="budget"):
        as_tool(budget="-1", out=tmp_path / "account")
