"""Parameters and bytes against what is published of well-known models."""

import pytest

from parallel_agent.budget.memory import ShapeError, weight_bytes
from parallel_agent.budget.memory.catalog import known_models

# The "total" of each model's safetensors index on Hugging Face, in parameters.
PUBLISHED = {
    "Qwen/Qwen2.5-Coder-0.5B": 494_032_768,
    "Qwen/Qwen2.5-Coder-1.5B": 1_543_714_304,
    "Qwen/Qwen2.5-Coder-3B": 3_085_938_688,
    "Qwen/Qwen2.5-Coder-7B": 7_615_616_512,
    "Qwen/Qwen2.5-Coder-14B": 14_770_033_664,
    "Qwen/Qwen2.5-Coder-32B": 32_763_876_352,
    "Qwen/Qwen3-Coder-30B-A3B": 30_532_122_624,
    "bigcode/starcoder2-3b": 3_030_371_328,
    "bigcode/starcoder2-7b": 7_173_923_840,
    "bigcode/starcoder2-15b": 15_957_889_024,
    "deepseek-ai/deepseek-coder-1.3b": 1_346_471_936,
    "deepseek-ai/deepseek-coder-6.7b": 6_740_512_768,
    "deepseek-ai/deepseek-coder-33b": 33_342_991_360,
    "codellama/CodeLlama-7b": 6_738_546_688,
    "codellama/CodeLlama-13b": 13_016_028_160,
    "codellama/CodeLlama-34b": 33_743_970_304,
}


def test_every_known_model_has_the_parameters_that_are_published() -> None:
    assert {name: shape.parameters for name, shape in known_models().items()} == PUBLISHED


@pytest.mark.parametrize(
    ("precision", "gigabytes"), [("q4_k_m", 4.68), ("q5_k_m", 5.44), ("q6_k", 6.25), ("q8_0", 8.10)]
)
def test_mixes_of_llama_cpp_have_the_sizes_of_the_published_files(
    precision: str, gigabytes: float
) -> None:
    shape = known_models()["Qwen/Qwen2.5-Coder-7B"]
    assert weight_bytes(shape, precision) / 1e9 == pytest.approx(gigabytes, rel=0.002)


def test_rows_that_do_not_divide_into_blocks_get_the_wider_types_of_llama_cpp() -> None:
    shape = known_models()["Qwen/Qwen2.5-Coder-0.5B"]
    assert weight_bytes(shape, "q4_k_m") / 1e6 == pytest.approx(398, rel=0.02)  # as published


def test_nf4_takes_half_a_byte_and_its_constants() -> None:
    shape = known_models()["codellama/CodeLlama-7b"]
    rest = 2 * (shape.parameters - shape.quantizable)
    bits = 8 * (weight_bytes(shape, "nf4") - rest) / shape.quantizable
    assert bits == pytest.approx(4 + 0.127, abs=0.001)  # QLoRA, section 3


def test_int8_keeps_a_scale_for_each_row() -> None:
    shape = known_models()["codellama/CodeLlama-7b"]
    rows = shape.layers * (4 * 4096 + 2 * 11008 + 4096)
    rest = 2 * (shape.parameters - shape.quantizable)
    assert weight_bytes(shape, "int8") == shape.quantizable + 4 * rows + rest


def test_experts_are_not_quantized_when_loaded() -> None:
    shape = known_models()["Qwen/Qwen3-Coder-30B-A3B"]
    with pytest.raises(ShapeError, match="experts") as refused:
        weight_bytes(shape, "nf4")
    assert "bf16" in refused.value.hint


def test_an_unknown_precision_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ShapeError, match="fp3") as refused:
        weight_bytes(known_models()["codellama/CodeLlama-7b"], "fp3")
    assert "q4_k_m" in refused.value.hint
