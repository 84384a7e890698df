"""The log of a training as curves, its plot, its card and its closing lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.training.finetuning.card import model_card
from parallel_agent.training.finetuning.closing import show_result
from parallel_agent.training.finetuning.errors import FinetuneError
from parallel_agent.training.finetuning.plan import Device, Plan
from parallel_agent.training.finetuning.plots import draw_training
from parallel_agent.training.finetuning.record import (
    BenchScore,
    Record,
    Result,
    last_loss,
    read_log,
    read_record,
)
from parallel_agent.training.finetuning.settings import FinetuneSettings, Folder

LOG = """step,epoch,loss,validation_loss,accuracy,learning_rate,gradient_norm,tokens,seconds,memory_bytes
1,0.5,8.0,,0.1,0.01,1.0,10,2.0,700000000
2,1.0,6.0,,0.2,0.01,1.0,20,4.0,800000000
2,1.0,,7.0,0.2,,,,5.0,800000000
3,1.5,4.0,,0.3,0.01,1.0,30,1.5,750000000
"""
PLAN = Plan(
    device=Device(kind="cpu", name="Example CPU", memory=8_000_000_000), cap=2_000_000_000,
    precision="fp32", batch=1, accumulation=4, sequence=3000, checkpointing=False, steps=3,
    keep_every=1, estimate={"weights": 500_000_000, "runtime": 300_000_000},
)  # fmt: skip
RECORD = Record(
    asked=FinetuneSettings(base="models/small", data="data"), plan=PLAN,
    digests={"train.jsonl": "ab12", "README.md": "cd34"}, base_digest="", examples=12,
    validation=3, left_out={"longer than 3000 tokens": 2}, tokens=900, learned=400,
    prompt="coder-1-00000000", versions={"torch": "2.13.0"},
)  # fmt: skip
SCORE = BenchScore(
    suite="bundled", kernels=5, improved=2, candidates=9, accepted=4, score=1.25, run="bench-before"
)
RESULT = Result(
    model="tuned/model", merged=True, method="lora", steps=3, examples=12,
    left_out=RECORD.left_out, first_loss=8.0, last_loss=4.0, validation_losses=(7.0, 5.0),
    estimated_bytes=PLAN.estimated, peak_bytes=840_000_000, cap_bytes=PLAN.cap, seconds=6.5,
    before=SCORE, after=SCORE.model_copy(update={"score": 1.5, "improved": 3}),
)  # fmt: skip


def test_the_log_is_read_over_interruptions_and_drawn(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(LOG, encoding="utf-8")
    curves = read_log(log)
    assert curves.steps == [1, 2, 3]
    assert curves.losses == [8.0, 6.0, 4.0]
    assert curves.validation == [(2, 7.0)]
    assert curves.seconds == 6.5  # 5 before it was interrupted, 1.5 after
    draw_training(curves, PLAN, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_the_last_loss_is_the_mean_of_the_last_tenth() -> None:
    assert last_loss([9.0] * 18 + [2.0, 4.0]) == 3.0
    assert last_loss([5.0, 4.0]) == 4.0


def test_the_card_has_data_settings_memory_and_scores() -> None:
    card = model_card(RECORD, RESULT)
    assert card.startswith("---\nbase_model: models/small\n")
    for part in (
        "| train.jsonl | `ab12` |", "12 verified pairs", "3 more to look at", "2: longer than 3000",
        "| examples a step | 4 (1 at once, 4 times) |", "from 8.000 (first step) to 4.000",
        "from 7.000 to 5.000", "840 MB (+5 % of the estimate)", "weights 500 MB, runtime 300 MB",
        "| before | 1.250 | 2 of 5 | 4 of 9 |", "| after | 1.500 | 3 of 5 | 4 of 9 |",
        "- torch 2.13.0",
    ):  # fmt: skip
        assert part in card


def test_the_closing_lines_say_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    show_result(RESULT, Path("tuned"), as_json=False, quiet=False)
    said = capsys.readouterr().out
    assert "loss 8.000 -> 4.000 in 3 steps" in said
    assert "left out: 2, longer than 3000 tokens" in said
    assert "memory: peak 840 MB, estimated 800 MB, cap 2.00 GB" in said
    assert "--model local:tuned/model" in said
    show_result(RESULT, Path("tuned"), as_json=True, quiet=True)
    assert Result.model_validate_json(capsys.readouterr().out) == RESULT


def test_where_there_is_no_training_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(FinetuneError, match="no training"):
        read_record(Folder(tmp_path))
