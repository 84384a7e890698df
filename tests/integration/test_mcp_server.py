"""The MCP server, asked by the official SDK's client over the pipes of the real command."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, ResourceLink, TextContent, TextResourceContents

from chat_server import answers, serving
from conftest import SUM_OF_ROOTS
from parallel_agent.budget.ledger import Ledger
from running_sums import GOOD, KERNEL

WRONG = GOOD.replace("sums[i] = sum;", "sums[i] = sum - (i == 40);")
QUICK: dict[str, Any] = {"effort": "quick", "threads": 2, "size": ["64", "3000"]}
SECONDS = 120.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "sums.cpp").write_text(KERNEL, encoding="utf-8")
    (tmp_path / "secret.cpp").write_text(KERNEL, encoding="utf-8")
    (root / "link.cpp").symlink_to(tmp_path / "secret.cpp")
    (root / "shelf").mkdir()
    (root / "shelf" / "sums.cpp").write_text(KERNEL, encoding="utf-8")
    (root / "shelf" / "sums.toml").symlink_to(tmp_path / "secret.cpp")
    return root


@asynccontextmanager
async def connected(command: list[str], root: Path, *more: str) -> AsyncIterator[Client]:
    kept = ("XDG_CACHE_HOME", "PATH", "HOME", "PYTHONWARNINGS")
    server = StdioServerParameters(
        command=command[0],
        args=["mcp", "--root", str(root), "--out", str(root.parent / "desk"), *more],
        env={name: os.environ[name] for name in kept if name in os.environ},
        cwd=root.parent,
    )
    with anyio.fail_after(SECONDS):
        async with Client(server) as client:
            yield client


async def page_of(client: Client, link: object, name: str) -> None:
    """The link to a run's report opens on this machine, and can be read through the server."""
    assert isinstance(link, ResourceLink)
    assert link.mime_type == "text/html"
    here = Path(unquote(urlsplit(str(link.uri)).path))
    assert here.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    listed = (await client.list_resources()).resources
    assert [(page.name, str(page.uri)) for page in listed] == [
        (f"{name}/report.html", str(link.uri))
    ]
    (contents,) = (await client.read_resource(str(link.uri))).contents
    assert isinstance(contents, TextResourceContents)
    assert contents.text == here.read_text(encoding="utf-8")
    for other in (here.parent / "best.cpp", here.parents[3] / "secret.cpp"):
        with pytest.raises(MCPError, match="there is no report"):
            await client.read_resource(other.as_uri())


def run(asked: Callable[[], Coroutine[Any, Any, None]]) -> None:
    anyio.run(asked)


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def test_the_tools_take_no_money_and_no_model(command: list[str], root: Path) -> None:
    async def asked() -> None:
        async with connected(command, root) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {
            "optimize",
            "verify",
            "profile",
            "contract",
            "report",
            "budget",
            "task",
            "submit",
            "finish",
        } <= set(tools)
        for tool in tools.values():
            assert tool.description
            taken = set(tool.input_schema.get("properties", {}))
            assert {"budget", "model", "price", "cxx", "cxxflags", "out", "root"}.isdisjoint(taken)
            assert tool.input_schema["additionalProperties"] is False

    run(asked)


def test_what_may_not_be_asked_is_answered_in_two_lines(command: list[str], root: Path) -> None:
    bad: list[tuple[str, dict[str, Any], str]] = [
        ("optimize", {"file": "sums.cpp", "budget": "100"}, "no argument 'budget'"),
        ("optimize", {"file": "sums.cpp", "model": "openai:m"}, "no argument 'model'"),
        ("optimize", {"file": "../secret.cpp"}, "leads out of"),
        ("optimize", {"file": str(root.parent / "secret.cpp")}, "leads out of"),
        ("optimize", {"file": "../nothing.cpp"}, "leads out of"),
        ("verify", {"file": "sums.cpp", "candidate_file": "link.cpp"}, "leads out of"),
        ("contract", {"file": "link.cpp"}, "leads out of"),
        ("contract", {"file": "shelf/sums.cpp"}, "leads out of"),
        ("contract", {"file": "sums.cpp", "contract": "/etc/passwd"}, "leads out of"),
        ("contract", {"file": "shelf"}, "is not a file"),
        ("contract", {"source": "int f(\n"}, "does not compile"),
        ("optimize", {"file": "sums.cpp", "threads": 4000}, "threads"),
        ("report", {"run": "../../root"}, "there is no run"),
        ("resume", {"run": "001-sums"}, "there is no run"),
        ("rm", {}, "there is no tool"),
    ]

    async def asked() -> None:
        async with connected(command, root) as client:
            for name, arguments, expected in bad:
                result = await client.call_tool(name, arguments)
                assert result.is_error, (name, arguments)
                first, second = text_of(result).splitlines()
                assert first.startswith("error: "), first
                assert expected in first
                assert second.startswith("  help: ")
            (left,) = (await client.call_tool("budget", {})).content
            assert isinstance(left, TextContent)
            assert left.text == "0.00 of 0.00 USD are left, 0.00 are spent"

    run(asked)


@pytest.mark.slow
def test_a_kernel_is_optimized_with_progress_and_never_above_the_cap(
    command: list[str], root: Path
) -> None:
    told: list[tuple[float, str]] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append((done, message or ""))

    usage = {"prompt_tokens": 900, "completion_tokens": 300, "total_tokens": 1200}

    async def asked() -> None:
        flags = ("--model", f"{coder.url}#small", "--price", "0.3,1.2", "--answers", "1")
        async with connected(command, root, *flags, "--budget", "0.02", "--threads", "2") as client:
            arguments = {"file": "sums.cpp", **QUICK}
            result = await client.call_tool("optimize", arguments, progress_callback=progress)
            assert not result.is_error, text_of(result)
            found = result.structured_content
            assert found is not None
            assert found["status"] == "improved"
            assert found["cap_usd"] == "0.02"
            assert 0 < float(found["left_usd"]) < 0.02
            assert found["diff"].startswith("--- original.cpp")
            assert text_of(result).startswith("runningSums: ")
            report = await client.call_tool("report", {"run": found["run"]})
            said, link = report.content
            assert isinstance(said, TextContent)
            assert "95 % interval" in said.text
            await page_of(client, link, found["run"])
            budget = (await client.call_tool("budget", {})).structured_content
            assert budget is not None
            assert budget["runs"] == {found["run"]: "improved"}
            assert budget["left_usd"] == found["left_usd"]

    with serving(answers(f"```cpp\n{GOOD}```\n", usage)) as coder:
        run(asked)
        assert len(coder.received) == 1
    numbers = [number for number, _ in told]
    assert numbers == sorted(set(numbers))
    assert len(numbers) > 10
    assert any("timing the original" in message for _, message in told)
    ledger = Ledger.open(root.parent / "desk" / "ledger.sqlite")
    assert 0 < ledger.spent().nano_usd <= 20_000_000
    assert ledger.audit().ok

    # The same account again, with all of it spent: nobody is asked, whatever the caller says.
    async def broke() -> None:
        spent = str((ledger.spent().nano_usd + 999) / 1e9)
        flags = ("--model", "http://127.0.0.1:9/v1#small", "--price", "0.3,1.2", "--budget", spent)
        async with connected(command, root, *flags) as client:
            result = await client.call_tool("optimize", {"file": "sums.cpp", **QUICK})
            assert result.is_error
            assert "Only the owner" in text_of(result)

    run(broke)
    assert ledger.sums().charged.nano_usd <= ledger.spent().nano_usd + 999


@pytest.mark.slow
def test_a_cancelled_run_ends_and_goes_on_when_asked(command: list[str], root: Path) -> None:
    (root / "roots.cpp").write_text(SUM_OF_ROOTS, encoding="utf-8")

    async def asked() -> None:
        async with connected(command, root, "--threads", "2") as client:
            searching = anyio.Event()

            async def progress(done: float, total: float | None, message: str | None) -> None:
                if message and message.startswith("round 1"):
                    searching.set()

            async with anyio.create_task_group() as group:

                async def optimize() -> None:
                    arguments = {"file": "roots.cpp", **QUICK}
                    await client.call_tool("optimize", arguments, progress_callback=progress)

                group.start_soon(optimize)
                await searching.wait()
                group.cancel_scope.cancel()

            # While the running step comes to its end, the server answers others, and then goes on.
            (name, status), *none = (await runs(client)).items()
            assert not none
            assert status == "not finished: resume it"
            result = await client.call_tool("resume", {"run": name})
            while result.is_error and "another run is at work" in text_of(result):
                await anyio.sleep(0.2)
                result = await client.call_tool("resume", {"run": name})
            assert not result.is_error, text_of(result)
            assert (await runs(client))[name] in ("improved", "unchanged")

    async def runs(client: Client) -> dict[str, str]:
        budget = (await client.call_tool("budget", {})).structured_content
        assert budget is not None
        found: dict[str, str] = budget["runs"]
        return found

    run(asked)
    (folder,) = (root.parent / "desk" / "runs").iterdir()
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    originals = [line for line in map(json.loads, lines) if line["kind"] == "original"]
    assert len(originals) == 2  # one for each size: it was not measured again


@pytest.mark.long
def test_candidates_are_accepted_rejected_and_timed(command: list[str], root: Path) -> None:
    (root / "wrong.cpp").write_text(WRONG, encoding="utf-8")

    async def asked() -> None:
        async with connected(command, root, "--threads", "2") as client:
            contract = (await client.call_tool("contract", {"file": "sums.cpp"})).structured_content
            assert contract is not None
            (root / "sums.toml").write_text(contract["toml"], encoding="utf-8")
            taken = {"file": "sums.cpp", "size": ["3000"]}
            good = await client.call_tool("verify", {**taken, "candidate": GOOD})
            wrong = await client.call_tool("verify", {**taken, "candidate_file": "wrong.cpp"})
            timed = await client.call_tool("profile", {**taken, **QUICK, "candidate": GOOD})
        assert good.structured_content is not None
        assert good.structured_content["accepted"] is True
        assert wrong.structured_content is not None
        assert wrong.structured_content["accepted"] is False
        assert wrong.structured_content["failed"] == "differential"
        assert text_of(wrong).startswith("runningSums: rejected by the gate 'differential'")
        assert timed.structured_content is not None
        assert timed.structured_content["speedup"] > 1.0
        assert timed.structured_content["better"]

    run(asked)


@pytest.mark.long
@pytest.mark.slow
def test_an_outside_agent_writes_the_candidates(command: list[str], root: Path) -> None:
    async def asked() -> None:
        flags = ("--threads", "2", "--model", "http://127.0.0.1:9/v1#m", "--price", "free")
        async with connected(command, root, *flags) as client:
            task = (
                await client.call_tool("task", {"file": "sums.cpp", **QUICK})
            ).structured_content
            assert task is not None
            assert task["kernel"]["source"] == KERNEL
        # Another server in the same folder goes on with the session.
        async with connected(command, root, *flags) as client:
            session = {"session": task["session"]}
            wrong = await client.call_tool("submit", {**session, "source": WRONG})
            assert "rejected by the gate" in text_of(wrong)
            good = await client.call_tool("submit", {**session, "source": GOOD})
            assert good.structured_content is not None, text_of(good)
            assert good.structured_content["tried"][0]["accepted"] is True
            outcome = (await client.call_tool("finish", session)).structured_content
            assert outcome is not None
            assert outcome["status"] == "improved"
            assert outcome["proposer"] == "agent"
            unknown = await client.call_tool("submit", {"session": "x", "source": GOOD})
            assert unknown.is_error

    run(asked)


def test_nothing_of_ours_is_on_the_standard_output(command: list[str], root: Path) -> None:
    initialize = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "plain", "version": "1"},
        },
    }
    call = {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": "contract", "arguments": {"source": "int f(\n"}},
    }
    server = subprocess.Popen(
        [*command, "mcp", "--root", str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    with server:
        said = []
        for message in (
            initialize,
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            call,
        ):
            server.stdin.write(json.dumps(message) + "\n")
            server.stdin.flush()
            if "id" in message:
                said.append(json.loads(server.stdout.readline()))
        server.stdin.close()
        assert server.stdout.read() == ""
    assert server.returncode == 0
    assert [answer["id"] for answer in said] == [1, 2]
    assert said[1]["result"]["isError"] is True


def test_a_missing_root_is_told_on_the_error_output(command: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [*command, "mcp", "--root", str(tmp_path / "none")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[1].startswith("  help: ")
