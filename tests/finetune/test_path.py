"""The whole path on a CPU: pairs of a run, training, merging, serving, optimizing, a suite before and after."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from finetune_running import run

pytestmark = pytest.mark.timeout(900)
STEPS = 150
QUICK = ("--learning-rate", "0.01", "--per-step", "1")


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "log.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def weights(out: Path) -> bytes:
    return (out / "adapter" / "adapter_model.safetensors").read_bytes()


def test_a_model_is_trained_merged_served_and_tried(
    command: list[str], tiny: Path, pairs: Path, kernels: Path, tmp_path: Path
) -> None:
    out = tmp_path / "tuned"
    done = run(
        command, "finetune", "--base", tiny, "--data", pairs, "--out", out, "--steps", STEPS,
        "--memory", "3GB", "--threads", 2, "--bench", kernels, "--json", *QUICK,
    )  # fmt: skip
    result = json.loads(done.stdout)
    assert result["steps"] == STEPS
    assert result["last_loss"] <= result["first_loss"] / 2
    assert result["peak_bytes"] <= result["cap_bytes"] == 3_000_000_000
    assert [score["kernels"] for score in (result["before"], result["after"])] == [1, 1]
    assert len(rows(out)) == STEPS
    card = (out / "model" / "README.md").read_text(encoding="utf-8")
    assert "## Before and after" in card
    assert (out / "model" / "training.png").stat().st_size > 10_000
    assert not (out / "checkpoints").exists()
    served = run(
        command, "optimize", kernels / "loudness.cpp", "--model", f"local:{out / 'model'}",
        "--effort", "quick", "--threads", 2, "--out", tmp_path / "run", "--json", "--quiet",
    )  # fmt: skip
    outcome = json.loads(served.stdout)
    assert outcome["status"] in ("improved", "unchanged")
    events = (tmp_path / "run" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    calls = [event for event in map(json.loads, events) if event["kind"] == "call"]
    assert calls
    assert float(calls[0]["data"]["amount_usd"]) == 0


def test_killed_and_resumed_it_ends_as_if_nothing_had_been(
    command: list[str], tiny: Path, pairs: Path, tmp_path: Path
) -> None:
    asked = ["--base", tiny, "--data", pairs, "--steps", 6, "--keep-every", 2, "--no-merge",
             "--seed", 7, "--quiet", *QUICK]  # fmt: skip
    run(command, "finetune", "--out", tmp_path / "straight", *asked)
    out = tmp_path / "killed"
    process = subprocess.Popen([*command, "finetune", "--out", out, *map(str, asked)])
    while not (out / "checkpoints" / "checkpoint-4" / "complete").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (out / "adapter").exists()
    run(command, "finetune", "--out", out, "--resume", "--no-merge", "--quiet")
    assert weights(out) == weights(tmp_path / "straight")
    losses = [[row["loss"] for row in rows(folder)] for folder in (out, tmp_path / "straight")]
    assert losses[0] == losses[1]
    assert [row["step"] for row in rows(out)] == ["1", "2", "3", "4", "5", "6"]


def test_interrupted_it_is_kept_and_goes_on(
    command: list[str], tiny: Path, pairs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "stopped"
    process = subprocess.Popen(
        [*command, "finetune", "--base", tiny, "--data", pairs, "--out", out, "--steps", "500",
         "--no-merge", "--quiet", *QUICK],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not (out / "log.csv").is_file() or not rows(out):
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "--resume" in said
    step = len(rows(out))
    assert f"kept up to step {step}" in said
    assert (out / "checkpoints" / f"checkpoint-{step}" / "complete").is_file()


def test_what_does_not_fit_is_refused_before_it_is_loaded(
    command: list[str], tiny: Path, pairs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "grown"
    asked = ["finetune", "--base", tiny, "--data", pairs, "--out", out, "--steps", 3, "--quiet"]
    refused = run(command, *asked, "--memory", "400MB", status=4).stderr
    assert "400 MB" in refused
    assert refused.count("\n") == 2
    assert not out.exists()


def test_without_a_gpu_there_is_no_qlora(
    command: list[str], tiny: Path, pairs: Path, tmp_path: Path
) -> None:
    asked = ["finetune", "--base", tiny, "--data", pairs, "--out", tmp_path / "x"]
    said = run(command, *asked, "--method", "qlora", "--cpu", status=2).stderr
    assert "needs a GPU" in said
    assert said.count("\n") == 2


def test_all_weights_can_be_trained(
    command: list[str], tiny: Path, pairs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "full"
    done = run(command, "finetune", "--base", tiny, "--data", pairs, "--out", out, "--steps", 2,
               "--method", "full", "--per-step", 1, "--json")  # fmt: skip
    assert json.loads(done.stdout)["merged"]
    assert (out / "model" / "model.safetensors").read_bytes() != (
        tiny / "model.safetensors"
    ).read_bytes()
    assert not (out / "adapter").exists()
