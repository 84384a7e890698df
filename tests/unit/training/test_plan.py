"""How much goes through at once, so that a training fits under its cap; nothing is loaded for it."""

from __future__ import annotations

import json

import pytest

from parallel_agent.budget.memory import DoesNotFit, ModelShape, read_shape
from parallel_agent.training.finetuning.errors import FinetuneError
from parallel_agent.training.finetuning.plan import Device, Plan, make_plan
from parallel_agent.training.finetuning.settings import FinetuneSettings, read_settings

GPU = Device(kind="gpu", name="Example GPU", memory=25_000_000_000)
CPU = Device(kind="cpu", name="Example CPU", memory=25_000_000_000)
CONFIG = {
    "model_type": "qwen2", "hidden_size": 3584, "intermediate_size": 18944,
    "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4,
    "vocab_size": 152064, "max_position_embeddings": 32768, "tie_word_embeddings": False,
}  # fmt: skip
LENGTHS = (1800, 2500, 3900)


@pytest.fixture(scope="module")
def seven(tmp_path_factory: pytest.TempPathFactory) -> ModelShape:
    """Seven thousand million parameters."""
    file = tmp_path_factory.mktemp("model") / "config.json"
    file.write_text(json.dumps(CONFIG), encoding="utf-8")
    return read_shape(file)


def plan(shape: ModelShape, device: Device = GPU, memory: str = "24GB", **asked: object) -> Plan:
    told = read_settings(base="base", data="data", memory=memory, **asked)
    return make_plan(told, shape, device, LENGTHS)


def test_what_fits_has_room_for_every_example(seven: ModelShape) -> None:
    made = plan(seven, method="qlora", per_step=3)
    assert made.sequence == max(LENGTHS)
    assert made.batch * made.accumulation == 3
    assert made.estimated <= 24_000_000_000 * 0.9
    assert made.steps == 3


def test_less_memory_means_less_at_once_and_then_shorter_examples(seven: ModelShape) -> None:
    plans = [plan(seven, method="qlora", memory=cap) for cap in ("24GB", "12GB", "10400MB")]
    weights = [(made.sequence, not made.checkpointing, made.batch) for made in plans]
    assert weights == sorted(weights, reverse=True)
    assert all(made.estimated <= made.cap for made in plans)


def test_what_does_not_fit_is_refused_with_what_would(seven: ModelShape) -> None:
    with pytest.raises(DoesNotFit) as refused:
        plan(seven, method="full")
    assert refused.value.needed > 24_000_000_000
    assert "qlora" in refused.value.hint or "lora" in refused.value.hint


def test_a_processor_takes_one_example_at_once(seven: ModelShape) -> None:
    small = read_shape_of(seven, layers=2)
    made = plan(small, CPU, method="lora", per_step=3)
    assert (made.batch, made.accumulation, made.precision) == (1, 3, "fp32")


def read_shape_of(shape: ModelShape, layers: int) -> ModelShape:
    from dataclasses import replace

    return replace(shape, layers=layers)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"memory": "80GB"}, "has 25.00 GB and not 80.00 GB"),
        ({"sequence": 1000}, "allows 1000 tokens, and the shortest example has 1800"),
    ],
)
def test_what_cannot_be_is_said(seven: ModelShape, asked: dict[str, object], why: str) -> None:
    with pytest.raises(FinetuneError, match=why):
        plan(seven, **{"method": "qlora", "memory": "24GB", **asked})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        ({"memory": "much"}, "--memory"),
        ({"method": "magic"}, "--method"),
        ({"learning_rate": -1.0}, "--learning-rate"),
        ({"per_step": 0}, "--per-step"),
    ],
)
def test_a_bad_setting_is_named_by_its_flag(given: dict[str, object], flag: str) -> None:
    with pytest.raises(FinetuneError.__base__, match=flag):  # type: ignore[arg-type]
        read_settings(**{"base": "b", "data": "d", "memory": None, **given})  # type: ignore[arg-type]


def test_the_rate_suits_the_method() -> None:
    rates = {
        method: FinetuneSettings(base="b", data="d", method=method).rate  # type: ignore[arg-type]
        for method in ("lora", "qlora", "full")
    }
    assert rates["full"] < rates["lora"] == rates["qlora"]
