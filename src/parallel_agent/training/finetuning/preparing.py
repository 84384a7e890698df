"""What comes before a training: the model's shape, the examples as tokens, and a plan that fits."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parallel_agent.budget.memory import fit_training, read_shape
from parallel_agent.chat.errors import UnknownModel
from parallel_agent.chat.servers.target import read_target
from parallel_agent.proposers.chat import prompt_version
from parallel_agent.training.finetuning.data import read_data
from parallel_agent.training.finetuning.errors import FinetuneError
from parallel_agent.training.finetuning.examples import (
    Example,
    make_examples,
    read_examples,
    write_examples,
)
from parallel_agent.training.finetuning.plan import make_plan, precision_on
from parallel_agent.training.finetuning.progress import View
from parallel_agent.training.finetuning.record import Record, read_record, versions
from parallel_agent.training.finetuning.settings import FinetuneSettings, Folder

if TYPE_CHECKING:
    from parallel_agent.training.finetuning.learning.tokens import Encoded

_SHORT = 512
_CONFIG = "config.json"


@dataclass(frozen=True)
class Prepared:
    """A training about to begin, or to go on."""

    record: Record
    base: Path
    tokenizer: Any
    train: list[Encoded]
    validation: list[Encoded]


def prepare(asked: FinetuneSettings, folder: Folder, view: View) -> Prepared:
    """Read, plan and write down; nothing of the model but its config and its tokenizer is loaded.

    Raises FinetuneError, ShapeError, and DoesNotFit where no plan fits under the cap.
    """
    from parallel_agent.training.finetuning.learning.device import find_device
    from parallel_agent.training.finetuning.learning.tokens import encode, load_tokenizer

    if folder.root.exists() and any(folder.root.iterdir()):
        raise FinetuneError(
            f"{folder.root} is not empty", "Go on with it with --resume, or give another --out"
        )
    base = find_base(asked.base)
    shape = read_shape(base)
    device = find_device(asked)
    fit_training(  # what cannot fit at all is refused before minutes go into the data
        shape, asked.memory or device.memory, method=asked.method, batch=1,
        sequence=min(_SHORT, shape.max_context), precision=precision_on(device), rank=asked.rank,
        device=device.kind, loss_tokens=1,
    )  # fmt: skip
    data = read_data(Path(asked.data))
    tokenizer = load_tokenizer(base)
    view.stage("writing the coder's chats")
    made = make_examples(
        [("train", pair) for pair in data.train] + [("validation", p) for p in data.validation],
        view.at,
    )
    if not any(example.split == "train" for example in made.chats):
        reasons = "; ".join(made.left_out) or "no pairs"
        raise FinetuneError(f"no pair can be learned: {reasons}", "Give other --data")
    view.stage("making tokens")
    rows = encode(tokenizer, made.chats, view.at)
    lengths = [len(row.tokens) for row, example in _both(rows, made.chats, "train")]
    plan = make_plan(asked, shape, device, lengths)
    kept = [
        (row, example)
        for row, example in zip(rows, made.chats, strict=True)
        if len(row.tokens) <= plan.sequence
    ]
    left_out = Counter(made.left_out)
    if len(kept) < len(rows):
        left_out[f"longer than {plan.sequence} tokens"] = len(rows) - len(kept)
    examples = [example for _, example in kept]
    record = Record(
        asked=asked,
        plan=plan,
        digests=data.digests,
        base_digest=_digest(base),
        examples=sum(example.split == "train" for example in examples),
        validation=sum(example.split == "validation" for example in examples),
        left_out=dict(left_out),
        tokens=sum(len(row.tokens) for row, example in kept if example.split == "train"),
        learned=sum(
            len(row.tokens) - row.prompt for row, example in kept if example.split == "train"
        ),
        prompt=prompt_version("coder"),
        versions=versions(),
    )
    folder.root.mkdir(parents=True, exist_ok=True)
    write_examples(examples, folder.examples)
    beside = folder.settings.with_suffix(".part")
    beside.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
    beside.replace(folder.settings)
    return _prepared(record, base, tokenizer, [row for row, _ in kept], examples)


def prepare_again(folder: Folder, view: View) -> Prepared:
    """What was prepared, from the folder of a training that had begun. Raises FinetuneError."""
    from parallel_agent.training.finetuning.learning.device import find_device
    from parallel_agent.training.finetuning.learning.tokens import encode, load_tokenizer

    record = read_record(folder)
    base = find_base(record.asked.base)
    if _digest(base) != record.base_digest:
        raise FinetuneError(
            f"{base} is another model than the training began with", "Begin anew in another --out"
        )
    if find_device(record.asked).kind != record.plan.device.kind:
        raise FinetuneError(
            f"the training began on {record.plan.device.name}, which is not here",
            "Go on there, or begin anew in another --out",
        )
    tokenizer = load_tokenizer(base)
    examples = read_examples(folder.examples)
    view.stage("making tokens")
    return _prepared(record, base, tokenizer, encode(tokenizer, examples, view.at), examples)


def find_base(text: str) -> Path:
    """The folder of the model to begin with: as it is named, or in Hugging Face's cache.

    Raises FinetuneError where there is none that can be trained.
    """
    try:
        target = read_target(text)
    except UnknownModel as error:
        said = str(error).replace(f"'local:{text}'", f"--base {text}")
        raise FinetuneError(said, error.hint) from None
    if target.kind != "folder":
        raise FinetuneError(
            f"--base {text} is a file for serving, and is not trained",
            "Give the folder with the config.json of the model that it was made from",
        )
    return target.path


def clear(folder: Folder) -> None:
    """Remove what only a resumed training needs."""
    shutil.rmtree(folder.checkpoints, ignore_errors=True)


def _prepared(
    record: Record, base: Path, tokenizer: Any, rows: list[Encoded], examples: Sequence[Example]
) -> Prepared:
    train = [row for row, _ in _both(rows, examples, "train")]
    validation = [row for row, _ in _both(rows, examples, "validation")]
    return Prepared(record, base, tokenizer, train, validation)


def _both(
    rows: Sequence[Encoded], examples: Sequence[Example], split: str
) -> list[tuple[Encoded, Example]]:
    pairs = zip(rows, examples, strict=True)
    return [(row, example) for row, example in pairs if example.split == split]


def _digest(base: Path) -> str:
    return hashlib.sha256((base / _CONFIG).read_bytes()).hexdigest()
