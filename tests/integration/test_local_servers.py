"""Servers of local models as real processes: started, watched, started again once, and ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from local_servers.installing import (
    Fake,
    alive,
    install,
    store_in_ollama,
    wait_until,
    write_gguf,
)
from parallel_agent.agent import serving
from parallel_agent.budget.ledger import Ledger
from parallel_agent.chat.catalog import find_models
from parallel_agent.chat.errors import ChatError
from parallel_agent.chat.messages import ChatRequest, Message
from parallel_agent.chat.metered import Door
from parallel_agent.chat.servers.process import ServerError, free_port
from parallel_agent.cli import run
from parallel_agent.settings import Settings, load_settings

QUESTION = ChatRequest(messages=(Message(role="user", content="well?"),), max_output_tokens=20)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    return install(tmp_path / "fake", monkeypatch)


def settings(fake: Fake, **more: Any) -> Settings:
    return load_settings(model=[fake.ref], **more)


class Asker:
    """Asks the model of the settings through the door, one step after another."""

    def __init__(self, given: Settings, root: Path, **how: Any) -> None:
        served = serving.endpoints(given, root)
        (chosen,) = find_models(given.model, served=served)
        assert chosen.model is not None
        self.model = chosen.model
        self.door = Door(Ledger.create(root / "ledger.sqlite", 0), backoff=0.01, **how)
        self.step = 0

    def ask(self, request: ChatRequest = QUESTION) -> str:
        self.step += 1
        reply = self.door.ask(
            self.model, request, scope="account", node="coder", step=self.step, attempt=1
        )
        return reply.text


def failure(asker: Asker) -> str:
    with pytest.raises(ChatError) as raised:
        asker.ask()
    return str(raised.value)


def cli(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = run(list(arguments))
    out, err = capsys.readouterr()
    return status, out, err


def test_a_model_is_served_asked_and_gone(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789")
    monkeypatch.setenv("HF_TOKEN", "hf-planted-0123456789")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    arguments = ["models", "--model", fake.ref, "--memory", "4GB", "--test", "--json"]
    status, out, err = cli(arguments, capsys)
    assert status == 0, err
    (told,) = json.loads(out)["models"]
    assert told["price"]["free"]
    assert told["test"]["answer"] == "ready"
    assert "starting llama.cpp with tiny.gguf" in err
    (start,) = fake.noted("starts")
    flags = start["flags"]
    assert flags["host"] == "127.0.0.1"
    assert flags["model"] == str(fake.model)
    assert flags["parallel"] == "4"  # --branches
    assert int(flags["ctx_size"]) == 4 * (12288 + 8192)  # a prompt and an answer in each slot
    assert not [name for name in start["environ"] if "KEY" in name or "TOKEN" in name]
    assert fake.left == []


def test_several_runs_share_one_server(fake: Fake, tmp_path: Path) -> None:
    given = settings(fake)
    with serving.served(given, tmp_path, print):
        first = Asker(given, tmp_path)
        assert first.ask() == "ready"
        with serving.served(given, tmp_path / "other", print):
            (tmp_path / "other").mkdir()
            assert Asker(given, tmp_path / "other").ask() == "ready"
        assert first.ask() == "ready"
        assert any("held at most" in note for note in serving.server_notes(given))
    assert len(fake.noted("starts")) == 1
    assert fake.left == []


def test_a_crash_is_made_good_once_and_never_twice(fake: Fake, tmp_path: Path) -> None:
    fake.behave(crashes=[1])
    given = settings(fake)
    with serving.served(given, tmp_path, print):
        asker = Asker(given, tmp_path)
        assert asker.ask() == "ready"
        (note,) = [note for note in serving.server_notes(given) if "started once more" in note]
        assert "signal 9" in note
        fake.behave(crashes=[2])
        os.kill(fake.left[0], signal.SIGKILL)
        assert "a second time" in failure(asker)
        assert "a second time" in failure(asker)
    assert len(fake.noted("starts")) == 2
    assert (tmp_path / "servers" / "llama.cpp_with_tiny.gguf.log").read_text().count("loading") == 2


def test_what_does_not_start_is_told_with_its_last_words(
    fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.behave(exits=3, says="error: unknown model architecture 'abc'")
    status, _, err = cli(["models", "--model", fake.ref, "--test"], capsys)
    assert status == 3
    assert "does not start (status 3)" in err
    assert "unknown model architecture 'abc'" in err
    assert "  help: See what it said" in err


def test_what_hangs_at_the_start_is_ended(fake: Fake, tmp_path: Path) -> None:
    fake.behave(hangs=True)
    with (
        pytest.raises(ServerError, match=r"takes no requests after 0\.5 s"),
        serving.served(settings(fake, server_seconds=0.5), tmp_path, print),
    ):
        pytest.fail("it is never up")
    assert len(fake.noted("starts")) == 1
    assert fake.left == []


def test_what_does_not_fit_is_refused_before_anything_starts(
    fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    write_gguf(fake.model, layers=80, hidden=8192)
    arguments = ["--model", fake.ref, "--memory", "24MB"]
    for command in (["models"], ["models", "--test"], ["bench", "bundled"]):
        status, _, err = cli([*command, *arguments], capsys)
        assert status == 4
        assert "does not fit" in err
        assert "24 MB" in err
        assert "  help: " in err
    assert fake.noted("starts") == []


def test_a_server_that_grows_is_stopped_with_the_figures(fake: Fake, tmp_path: Path) -> None:
    fake.behave(grows=300_000_000)
    given = settings(fake, memory="250MB")
    with serving.served(given, tmp_path, print):
        asker = Asker(given, tmp_path)
        told = failure(asker)
        (start,) = fake.noted("starts")
        assert f"process {start['pids'][0]} (llama-server) held" in told
        assert "of resident memory, above the 250 MB of --memory, and was stopped" in told
        assert serving.passed_cap(given) == told
        assert told in serving.server_notes(given)
        assert wait_until(lambda: not fake.left)
        assert failure(asker) == told
    assert len(fake.noted("starts")) == 1


def test_an_answer_is_asked_for_no_longer_than_the_context(fake: Fake, tmp_path: Path) -> None:
    write_gguf(fake.model, context=2048)
    given = settings(fake)
    with serving.served(given, tmp_path, print):
        asker = Asker(given, tmp_path)
        question = QUESTION.model_copy(update={"max_output_tokens": 8192})
        asker.ask(question)
        (request,) = fake.noted("requests")
        assert 1900 < request["max_tokens"] < 2048
        long = Message(role="user", content="x" * 10_000)
        with pytest.raises(ChatError, match="no room for an answer in a context of 2048"):
            asker.ask(QUESTION.model_copy(update={"messages": (long,)}))


def test_a_server_ends_with_the_process_that_started_it(fake: Fake, command: list[str]) -> None:
    fake.behave(hangs=True, stubborn=True)
    arguments = ["models", "--model", fake.ref, "--test"]
    with subprocess.Popen(
        [*command, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        assert wait_until(lambda: len(fake.noted("starts")) == 1)
        assert all(map(alive, fake.noted("starts")[0]["pids"]))
        process.kill()
    assert wait_until(lambda: not fake.left)


def test_a_keeper_that_is_killed_takes_the_server_along(fake: Fake, tmp_path: Path) -> None:
    given = settings(fake)
    with serving.served(given, tmp_path, print):
        asker = Asker(given, tmp_path)
        assert asker.ask() == "ready"
        (server,) = fake.left
        keeper = int(Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(keeper, signal.SIGKILL)
        assert wait_until(lambda: not alive(server))
        assert asker.ask() == "ready"  # once more


def test_ollama_is_started_for_what_is_in_its_store(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_in_ollama(fake, monkeypatch)
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{free_port()}")  # where none runs
    given = load_settings(model=["local:tiny"], memory="2GB")
    with serving.served(given, tmp_path, print):
        assert Asker(given, tmp_path).ask() == "ready"
        (start,) = fake.noted("starts")
        assert start["environ"]["OLLAMA_NUM_PARALLEL"] == "4"
        assert int(start["environ"]["OLLAMA_CONTEXT_LENGTH"]) == 12288 + 8192
        assert fake.noted("requests")[0]["model"] == "tiny"
    assert fake.left == []


def test_a_server_that_runs_already_is_asked_and_left_alone(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{port}")
    given = load_settings(model=["local:tiny"], memory="2GB", server="ollama")
    with subprocess.Popen([fake.folder / "ollama", "serve"]) as process:
        assert wait_until(lambda: fake.noted("starts"))
        assert wait_until(lambda: serving.plan_servers(given)[0].running is not None)
        with serving.served(given, tmp_path, print):
            assert Asker(given, tmp_path).ask() == "ready"
            assert fake.noted("requests")[0]["model"] == "tiny:latest"
        assert process.poll() is None
        # It may grow beyond what we may use; then it is not asked any more.
        small = load_settings(model=["local:tiny"], memory="1MB", server="ollama")
        with serving.served(small, tmp_path, print):
            assert wait_until(lambda: serving.passed_cap(small))
            assert "not ours to stop" in serving.passed_cap(small)
        assert process.poll() is None
        process.terminate()
