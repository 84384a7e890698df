from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from parallel_agent.budget.memory import (
    DoesNotFit,
    ModelShape,
    ShapeError,
    fit_serving,
    fit_training,
    kv_cache_bytes,
    parse_memory,
    serving_memory,
    training_memory,
)
from parallel_agent.budget.memory.catalog import known_models
from parallel_agent.budget.memory.fitting import usable
from parallel_agent.budget.memory.training import adapter_parameters

GB = 10**9
CODER_7B = known_models()["Qwen/Qwen2.5-Coder-7B"]
LLAMA_7B = known_models()["codellama/CodeLlama-7b"]


def test_shared_heads_make_the_cache_smaller() -> None:
    assert kv_cache_bytes(LLAMA_7B, context=4096) == 2 * GB * 2**30 / GB  # 2 GiB, as is well known
    assert kv_cache_bytes(CODER_7B, context=4096) == 2 * 28 * 4 * 128 * 4096 * 2
    assert kv_cache_bytes(CODER_7B, context=4096, slots=3, kv="fp32") == 6 * kv_cache_bytes(
        CODER_7B, context=4096
    )


def test_an_estimate_is_the_sum_of_its_parts() -> None:
    estimate = serving_memory(CODER_7B, precision="bf16", context=8192, slots=2)
    assert estimate.total == sum(estimate.parts.values())
    assert set(estimate.parts) == {"weights", "kv_cache", "activations", "runtime"}
    assert estimate.parts["weights"] == 2 * CODER_7B.parameters


def test_full_training_in_fp32_takes_sixteen_bytes_a_parameter_at_the_step() -> None:
    estimate = training_memory(
        LLAMA_7B, method="full", precision="fp32", sequence=16, checkpointing=True
    )
    assert estimate.peak == "step"
    assert estimate.without("runtime") == 16 * LLAMA_7B.parameters  # ZeRO, section 3.1


def test_adapters_have_the_parameters_of_the_paper() -> None:
    layer = 4 * (4096 + 4096) + 3 * (4096 + 11008)
    assert adapter_parameters(LLAMA_7B, rank=8) == 32 * 8 * layer


def test_each_saving_saves() -> None:
    def total(shape: ModelShape = CODER_7B, **change: Any) -> int:
        given: Mapping[str, Any] = {
            "method": "lora", "batch": 2, "sequence": 2048, "checkpointing": False, **change,
        }  # fmt: skip
        return training_memory(shape, **given).total

    assert total(method="qlora") < total(method="lora") < total(method="full")
    assert total(checkpointing=True) < total()
    assert total(batch=1) < total()
    assert total(loss_tokens=256) < total()
    assert total(rank=8) < total(rank=64)
    assert total(accumulation=4) > total()


@pytest.mark.parametrize("name", ["Qwen/Qwen2.5-Coder-7B", "bigcode/starcoder2-3b"])
def test_what_fits_takes_no_more_than_may_be_planned(name: str) -> None:
    shape, cap = known_models()[name], 24 * GB
    served = fit_serving(shape, cap)
    assert served.estimate.total <= usable(cap)
    assert served.room == cap - served.estimate.total
    trained = fit_training(shape, cap, method="lora")
    assert trained.estimate.total <= usable(cap)
    more = replace(trained, batch=2 * trained.batch)
    again = training_memory(
        shape, method="lora", batch=more.batch, sequence=more.sequence, checkpointing=True
    )
    assert again.total > usable(cap)


def test_the_precision_is_given_up_before_the_context_and_the_context_before_nothing() -> None:
    assert fit_serving(CODER_7B, 24 * GB).precision == "bf16"
    small = fit_serving(CODER_7B, 10 * GB)
    assert (small.precision, small.context >= 8192) == ("q6_k", True)
    least = fit_serving(CODER_7B, 6_500_000_000, device="cpu")
    assert least.precision == "q4_k_m"


def test_a_refusal_names_the_nearest_setting_that_fits() -> None:
    with pytest.raises(DoesNotFit) as refused:
        fit_serving(CODER_7B, 24 * GB, precision="bf16", context=32768, slots=8)
    assert "bf16 with 32768 tokens in 2 slots" in refused.value.hint
    assert refused.value.needed > usable(24 * GB)
    fit_serving(CODER_7B, 24 * GB, precision="bf16", context=32768, slots=2)

    with pytest.raises(DoesNotFit) as refused:
        fit_training(CODER_7B, 24 * GB, method="lora", batch=8, sequence=4096)
    assert "batches of 1 times 4096" in refused.value.hint or "2048" in refused.value.hint


def test_where_nothing_fits_the_hint_says_how_much_would() -> None:
    shape = known_models()["codellama/CodeLlama-34b"]
    with pytest.raises(DoesNotFit) as refused:
        fit_serving(shape, 8 * GB)
    amount = parse_memory(refused.value.hint.partition("--memory ")[2])
    assert fit_serving(shape, amount).precision == "q4_k_m"
    with pytest.raises(DoesNotFit):
        fit_serving(shape, amount - GB // 10)


def test_what_is_not_trained_is_refused() -> None:
    experts = known_models()["Qwen/Qwen3-Coder-30B-A3B"]
    for shape in (experts, replace(CODER_7B, linears=())):
        with pytest.raises(ShapeError):
            training_memory(shape, method="lora", sequence=512)
    with pytest.raises(ShapeError, match="int8"):
        training_memory(CODER_7B, method="full", precision="int8", sequence=512)
    with pytest.raises(ShapeError):
        serving_memory(CODER_7B, context=0)
