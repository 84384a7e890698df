"""Reading pairs, and making the chats that are learned."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from parallel_agent.report.pairs import Pair
from parallel_agent.training.finetuning.data import read_data
from parallel_agent.training.finetuning.errors import FinetuneError
from parallel_agent.training.finetuning.examples import (
    make_examples,
    read_examples,
    write_examples,
)
from parallel_agent.training.prompts import chat_of
from prompt_samples import CONTRACT, KERNEL, PARALLEL, SOURCE

PAIR = Pair(
    src_code=SOURCE, tgt_code=PARALLEL, kernel="isolation", category="", speedup=2.0,
    interval=(1.9, 2.1), confirmed=True, threads=8, compiler="g++", flags=("-O3",),
    proposer="rules", strategy="parallel_loop", contract=CONTRACT, gates=(), licence="",
    platform=KERNEL.platform,
)  # fmt: skip
LINE = PAIR.model_dump_json() + "\n"


def test_a_folder_with_splits_gives_its_train_and_validation_splits(tmp_path: Path) -> None:
    for name, lines in (("train", 3), ("validation", 1), ("test", 5), ("pairs", 9)):
        (tmp_path / f"{name}.jsonl").write_text(LINE * lines, encoding="utf-8")
    (tmp_path / "README.md").write_text("# Data\n", encoding="utf-8")
    found = read_data(tmp_path)
    assert (len(found.train), len(found.validation)) == (3, 1)
    assert set(found.digests) == {"train.jsonl", "validation.jsonl", "README.md"}
    assert found.digests["README.md"] == hashlib.sha256(b"# Data\n").hexdigest()


def test_a_file_and_a_folder_without_splits_give_all(tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text(LINE * 2 + "\n", encoding="utf-8")
    assert len(read_data(tmp_path).train) == len(read_data(tmp_path / "pairs.jsonl").train) == 2
    assert not read_data(tmp_path).validation


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "there is neither"),
        ("", "holds no pair"),
        (LINE + "{", "line 2 is no pair"),
        ('{"src_code": "x"}', "line 1 is no pair: tgt_code"),
    ],
)
def test_what_is_no_data_is_said(tmp_path: Path, text: str | None, why: str) -> None:
    if text is not None:
        (tmp_path / "pairs.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(FinetuneError, match=why) as raised:
        read_data(tmp_path)
    assert "parallel-agent export" in raised.value.hint


def test_examples_are_the_coders_chats_and_the_rest_is_counted(tmp_path: Path) -> None:
    wrong = PAIR.model_copy(update={"tgt_code": "int other();\n"})
    heard: list[tuple[int, int]] = []
    made = make_examples(
        [("train", PAIR), ("train", wrong), ("validation", PAIR)],
        lambda done, of: heard.append((done, of)),
    )
    assert [example.split for example in made.chats] == ["train", "validation"]
    assert list(made.chats[0].messages) == chat_of(PAIR)
    assert made.left_out == {"its answer cannot be read": 1}
    assert heard == [(1, 3), (2, 3), (3, 3)]
    write_examples(made.chats, tmp_path / "examples.jsonl")
    assert read_examples(tmp_path / "examples.jsonl") == made.chats
