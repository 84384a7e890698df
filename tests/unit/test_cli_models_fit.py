"""``models fit`` as a user runs it, and ``models`` beside it as it was."""

import json
from pathlib import Path
from typing import Any

import pytest

from parallel_agent import cli

CONFIG = {
    "model_type": "llama", "hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 300,
    "max_position_embeddings": 8192, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
}  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    status = cli.run(["models", *words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_the_table_of_known_models(capsys: pytest.CaptureFixture[str]) -> None:
    status, told = run(capsys, "fit", "--memory", "24GB")
    assert status == 0
    assert (told["memory"], told["usable"]) == (24 * 10**9, 216 * 10**8)
    fits = {row["model"]: row["serving"] for row in told["models"]}
    assert fits["Qwen/Qwen2.5-Coder-7B"]["precision"] == "bf16"
    assert not fits["deepseek-ai/deepseek-coder-33b"]["fits"]
    for fit in fits.values():
        assert not fit["fits"] or fit["bytes"] == sum(fit["parts"].values())


def test_a_folder_that_fits_and_a_setting_that_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    status, told = run(capsys, "fit", str(tmp_path), "--memory", "4GB")
    (row,) = told["models"]
    assert (status, row["serving"]["context"]) == (0, 8192)
    assert row["training"]["full"]["fits"]
    status, told = run(capsys, "fit", str(tmp_path), "--memory", "1MB", "--device", "cpu")
    assert status == 4
    assert "--memory" in told["models"][0]["serving"]["hint"]


def test_a_name_without_its_owner_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    status, told = run(capsys, "fit", "qwen2.5-coder-7b", "--slots", "1", "--context", "4096")
    assert status == 0
    assert (told["models"][0]["serving"]["slots"], told["models"][0]["serving"]["context"]) == (
        1,
        4096,
    )


@pytest.mark.parametrize("words", [("no-such-model",), ("--memory", "a lot")])
def test_what_cannot_be_read_is_an_error_of_two_lines(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["models", "fit", *words]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert len(said.err.splitlines()) == 2


def test_the_table_for_people_says_what_takes_the_memory(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.run(["models", "fit", "Qwen2.5-Coder-1.5B"]) == 0
    said = capsys.readouterr().out
    assert "Served: weights 3.09 GB" in said
    assert cli.run(["models", "fit", "CodeLlama-34b"]) == 4
    assert "help" not in capsys.readouterr().err


def test_without_a_subcommand_the_models_are_listed_as_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(capsys)[1]["forms"]
    status, told = run(capsys, "--model", "rules")
    assert (status, told["models"][0]["ref"]) == (0, "rules")
