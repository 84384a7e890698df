"""The worked examples, as a user runs them: DPO on what a run left behind, GRPO with our reward."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from parallel_agent.training.judging import name_of
from report_samples import ORIGINAL, outcome, write_run

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "training"


def done(*command: object) -> subprocess.CompletedProcess[str]:
    finished = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    return finished


def cli(*arguments: object) -> subprocess.CompletedProcess[str]:
    return done("-c", "from parallel_agent.cli import main; main()", *arguments)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model, and a run with a verified version and a wrong one."""
    place = tmp_path_factory.mktemp("examples")
    write_run(place / "run", outcome(place / "run"))
    tiny = ("--hidden", 64, "--layers", 1, "--vocabulary", 800)
    done(ROOT / "tools" / "tiny_model.py", place / "tiny", *tiny)
    return place


def test_dpo_on_what_a_run_left_behind(place: Path) -> None:
    rows, out = place / "preferences.jsonl", place / "dpo"
    cli("export", place / "run", "--format", "dpo", "--out", rows)
    assert rows.read_text(encoding="utf-8").count("\n") == 2
    told = done(
        EXAMPLES / "dpo.py", place / "tiny", rows, "--out", out, "--steps", 3, "--accumulate", 1
    )
    assert "of the last pairs told apart" in told.stdout
    assert "'loss': '0.6931'" in told.stdout, "the first loss of DPO is log 2"
    assert (out / "model.safetensors").is_file() and (out / "tokenizer.json").is_file()


def test_grpo_with_our_reward(place: Path) -> None:
    rows, out = place / "prompts.jsonl", place / "grpo"
    cli("export", place / "run", "--format", "grpo", "--out", rows)
    few = ("--steps", 2, "--group", 2, "--longest", 24)
    told = done(EXAMPLES / "grpo.py", place / "tiny", rows, "--out", out, *few)
    assert "mean reward -1.00" in told.stdout, "random weights write no code"
    assert "rewards/verified_speedup/mean" in told.stdout
    lines = (out / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
    verdicts = [json.loads(line) for line in lines]
    assert [line["outcome"] for line in verdicts] == ["no answer"] * 4
    assert {line["kernel_text"] for line in verdicts} == {name_of(ORIGINAL)}
    assert (out / "model.safetensors").is_file()
