"""Runs whose model is served on this machine: killed and resumed, interrupted, and over their memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from local_servers.installing import Fake, install, wait_until
from running_sums import GOOD, KERNEL

pytestmark = pytest.mark.long

ARGUMENTS = ("--effort", "quick", "--threads", "2", "--size", "20000", "--json")
ANSWER = f"```cpp\n{GOOD}```"


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    return install(tmp_path / "fake", monkeypatch, answers=[ANSWER])


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    path = tmp_path / "running_sums.cpp"
    path.write_text(KERNEL, encoding="utf-8")
    return path


def start(command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        list(command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def outcome(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate()
    assert process.returncode == 0, err
    told: dict[str, Any] = json.loads(out)
    return told


def test_a_run_over_its_memory_ends_with_the_best_so_far(
    fake: Fake, kernel: Path, tmp_path: Path, command: list[str]
) -> None:
    # The first answer is good; the second question makes the server grow.
    fake.behave(answers=[ANSWER], grows=300_000_000, grows_at=1)
    folder = tmp_path / "run"
    model = ("--model", f"coder={fake.ref}", "--memory", "250MB", "--branches", "1")
    told = outcome(
        start([*command, "optimize", str(kernel), "--out", str(folder), *ARGUMENTS, *model])
    )
    assert told["status"] == "improved"
    assert told["proposer"] == fake.ref
    (note,) = [note for note in told["notes"] if "was stopped" in note]
    pid = fake.noted("starts")[0]["pids"][0]
    assert f"process {pid} (llama-server) held" in note
    assert "above the 250 MB of --memory" in note
    events = (folder / "events.jsonl").read_text()
    assert f"no more answers are asked for: {note}" in events
    assert note in (folder / "report.html").read_text()
    assert fake.left == []

    # A finished run goes on with more.
    fake.behave(answers=[ANSWER])
    again = outcome(start([*command, "resume", str(folder), "--memory", "2GB", "--json"]))
    assert not [note for note in again["notes"] if "was stopped" in note]
    assert again["speedup"] > 1
    assert len(again["answers"]) > len(told["answers"])
    assert len(fake.noted("starts")) == 2
    assert fake.left == []


def test_a_killed_run_leaves_no_server_and_its_resume_has_a_new_one(
    fake: Fake, kernel: Path, tmp_path: Path, command: list[str]
) -> None:
    folder = tmp_path / "run"
    model = ("--model", f"coder={fake.ref}", "--answers", "2")
    process = start([*command, "optimize", str(kernel), "--out", str(folder), *ARGUMENTS, *model])
    assert wait_until(lambda: fake.noted("requests"), 120)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert wait_until(lambda: not fake.left)
    told = outcome(start([*command, "resume", str(folder), "--json"]))
    assert told["status"] == "improved"
    assert len(fake.noted("starts")) == 2
    assert fake.left == []


def test_an_interrupted_run_ends_its_step_and_then_the_server(
    fake: Fake, kernel: Path, tmp_path: Path, command: list[str]
) -> None:
    folder = tmp_path / "run"
    model = ("--model", f"coder={fake.ref}", "--answers", "2")
    process = subprocess.Popen(
        [*command, "optimize", str(kernel), "--out", str(folder), *ARGUMENTS, *model],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert wait_until(lambda: fake.noted("requests"), 120)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate()
    assert process.returncode == 130, err
    assert "does not start" not in err
    assert "ended by itself" not in err
    assert fake.left == []


def test_a_suite_has_one_server_for_all_kernels(
    fake: Fake, kernel: Path, tmp_path: Path, command: list[str]
) -> None:
    suite = tmp_path / "suite"
    suite.mkdir()
    for name in ("one", "two"):
        (suite / f"{name}.cpp").write_text(KERNEL, encoding="utf-8")
    model = ("--model", f"coder={fake.ref}", "--answers", "1", "--memory", "2GB")
    folder = tmp_path / "run"
    told = outcome(
        start(
            [*command, "bench", str(suite), "--out", str(folder), "--effort", "quick",
             "--threads", "2", "--json", *model]
        )
    )  # fmt: skip
    assert [kernel["status"] for kernel in told["kernels"]] == ["improved", "improved"]
    assert any("held at most" in note for note in told["notes"])
    assert len(fake.noted("requests")) >= 2
    assert len(fake.noted("starts")) == 1
    assert (folder / "servers").is_dir()
    assert fake.left == []
