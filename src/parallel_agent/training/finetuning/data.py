"""The pairs to learn from, out of files that a run, a generator or somebody else wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from parallel_agent.report.pairs import Pair
from parallel_agent.training.finetuning.errors import FinetuneError

TRAIN, VALIDATION, ALL, CARD = "train.jsonl", "validation.jsonl", "pairs.jsonl", "README.md"
_HINT = f"Give a file of 'parallel-agent export', or a folder with {TRAIN} or {ALL}"


@dataclass(frozen=True)
class PairData:
    """Pairs to learn from and pairs to look at in between, with the digests of their files.

    ``digests`` are SHA-256 by the name of the file, that of the data card among them where there is
    one.
    """

    train: tuple[Pair, ...]
    validation: tuple[Pair, ...]
    digests: dict[str, str]


def read_data(place: Path) -> PairData:
    """The pairs of a file, or of a folder: its train split, and its validation split where there is one.

    A test split is never read. Raises FinetuneError where there are none, or a line is no pair.
    """
    if place.is_file():
        return PairData(tuple(_pairs(place)), (), {place.name: _digest(place)})
    if not place.is_dir():
        raise FinetuneError(f"there is no data in {place}", _HINT)
    train = next((place / name for name in (TRAIN, ALL) if (place / name).is_file()), None)
    if train is None:
        raise FinetuneError(f"there is neither {TRAIN} nor {ALL} in {place}", _HINT)
    validation = place / VALIDATION
    split = train.name == TRAIN and validation.is_file()
    files = [train, *([validation] if split else []), place / CARD]
    return PairData(
        train=tuple(_pairs(train)),
        validation=tuple(_pairs(validation)) if split else (),
        digests={file.name: _digest(file) for file in files if file.is_file()},
    )


def _pairs(file: Path) -> Iterator[Pair]:
    empty = True
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                empty = False
                yield _pair(file, number, line)
    if empty:
        raise FinetuneError(f"{file} holds no pair", _HINT)


def _pair(file: Path, number: int, line: str) -> Pair:
    try:
        return Pair.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the line"
        raise FinetuneError(
            f"{file} line {number} is no pair: {where}: {first['msg']}", _HINT
        ) from None


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
