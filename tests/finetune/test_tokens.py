"""What is learned is the answer and nothing else, and what is too long is left out whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.report.pairs import Pair
from parallel_agent.training.finetuning.examples import Example
from parallel_agent.training.finetuning.learning.device import find_device
from parallel_agent.training.finetuning.learning.tokens import Encoded, encode, load_tokenizer
from parallel_agent.training.finetuning.learning.training import make_trainer
from parallel_agent.training.finetuning.plan import Plan
from parallel_agent.training.finetuning.preparing import prepare
from parallel_agent.training.finetuning.progress import viewing
from parallel_agent.training.finetuning.settings import FinetuneSettings, Folder
from parallel_agent.training.prompts import answer_of, chat_of, prompt_of

# Of libraries that we do not write.
pytestmark = pytest.mark.filterwarnings("ignore")


def example_of(pair: Pair) -> Example:
    return Example(split="train", kernel=pair.kernel, messages=tuple(chat_of(pair)))


@pytest.fixture(scope="module")
def pair(pairs: Path) -> Pair:
    return Pair.model_validate_json(pairs.read_text(encoding="utf-8").splitlines()[0])


@pytest.fixture(scope="module")
def encoded(tiny: Path, pair: Pair) -> Encoded:
    (row,) = encode(load_tokenizer(tiny), [example_of(pair)])
    return row


def test_a_server_would_make_the_same_tokens_of_the_prompt(
    tiny: Path, pair: Pair, encoded: Encoded
) -> None:
    asked = load_tokenizer(tiny).apply_chat_template(
        prompt_of(pair), add_generation_prompt=True, return_dict=True
    )
    assert tuple(asked["input_ids"]) == encoded.tokens[: encoded.prompt]


def test_loss_is_on_the_answer_alone(
    tiny: Path, pair: Pair, encoded: Encoded, tmp_path: Path
) -> None:
    asked = FinetuneSettings(base=str(tiny), data="-", steps=1, device="cpu")
    plan = Plan(
        device=find_device(asked), cap=1, precision="fp32", batch=1, accumulation=1,
        sequence=len(encoded.tokens), checkpointing=False, steps=1, keep_every=1, estimate={},
    )  # fmt: skip
    tokenizer = load_tokenizer(tiny)
    trainer = make_trainer(asked, plan, tiny, Folder(tmp_path), tokenizer, [encoded], [])
    (batch,) = trainer.get_train_dataloader()
    tokens, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
    assert tuple(tokens) == encoded.tokens
    assert set(labels[: encoded.prompt]) == {-100}
    assert labels[encoded.prompt :] == tokens[encoded.prompt :]
    learned = tokenizer.decode([label for label in labels if label >= 0])
    assert learned.startswith(answer_of(pair))
    assert tokenizer.eos_token in learned
    # The loss itself does not change with what the model would say within the prompt.
    whole = trainer.compute_loss(trainer.model, dict(batch)).item()
    logits = trainer.model(input_ids=batch["input_ids"]).logits[0, :-1].log_softmax(-1)
    at = range(encoded.prompt - 1, len(tokens) - 1)
    mean = -sum(logits[i, tokens[i + 1]].item() for i in at) / len(at)
    assert whole == pytest.approx(mean, rel=1e-3)


def test_what_is_too_long_is_left_out_and_counted(
    tiny: Path, pair: Pair, encoded: Encoded, tmp_path: Path
) -> None:
    longer = pair.model_copy(update={"tgt_code": pair.tgt_code + "// and so on\n" * 40})
    data = tmp_path / "pairs.jsonl"
    data.write_text(f"{pair.model_dump_json()}\n{longer.model_dump_json()}\n", encoding="utf-8")
    limit = len(encoded.tokens)
    asked = FinetuneSettings(base=str(tiny), data=str(data), sequence=limit, device="cpu")
    with viewing(quiet=True) as view:
        prepared = prepare(asked, Folder(tmp_path / "out"), view)
    assert prepared.train == [encoded]
    assert prepared.record.left_out == {f"longer than {limit} tokens": 1}
    assert prepared.record.examples == 1
