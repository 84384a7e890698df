"""Dividing a data set by family, so that nothing that is learned from stands in what is tested on."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from parallel_agent.settings import SettingsError
from parallel_agent.training.data.near import shingles
from parallel_agent.training.data.store import DataPair, read_pairs, write_lines

PARTS = ("train", "validation", "test")


class Shares(BaseModel):
    """Which share of the families goes to validation and to test; the rest is to train on."""

    model_config = ConfigDict(frozen=True)

    validation: float = 0.1
    test: float = 0.1


class Split(BaseModel):
    """How many pairs each part has, and of which families."""

    model_config = ConfigDict(frozen=True)

    pairs: dict[str, int]
    families: dict[str, list[str]]


def part_of(group: str, seed: int, shares: Shares) -> str:
    """The part that a family belongs to, by a hash of its name: the same whatever else there is."""
    digest = hashlib.sha256(f"{seed}/{group}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < shares.test:
        return "test"
    return "validation" if place < shares.test + shares.validation else "train"


def split(root: Path, seed: int, shares: Shares) -> Split:
    """Write ``train.jsonl``, ``validation.jsonl`` and ``test.jsonl`` beside the pairs.

    Whole families go to one part. Families that share a kernel, up to names and constants, are taken
    for one. Raises SettingsError for shares that leave nothing to train on, and where there are no
    pairs.
    """
    if shares.validation < 0 or shares.test < 0 or shares.validation + shares.test >= 1:
        raise SettingsError(
            "the shares of validation and test must leave something to train on",
            "Give two numbers from 0 to 1 with a sum below 1",
        )
    pairs = list(read_pairs(root))
    if not pairs:
        raise SettingsError(f"there are no pairs in {root}", "Generate some first")
    joined = _joined(pairs)
    parts: dict[str, list[DataPair]] = {part: [] for part in PARTS}
    for pair in pairs:
        parts[part_of(joined[pair.group], seed, shares)].append(pair)
    folder = root if root.is_dir() else root.parent
    for part, chosen in parts.items():
        write_lines(folder / f"{part}.jsonl", (pair.model_dump_json() for pair in chosen))
    return Split(
        pairs={part: len(chosen) for part, chosen in parts.items()},
        families={part: sorted({pair.group for pair in chosen}) for part, chosen in parts.items()},
    )


def _joined(pairs: Iterable[DataPair]) -> dict[str, str]:
    """For each family the first one, by name, of all that it shares a kernel with."""
    first: dict[str, str] = {}

    def leader(group: str) -> str:
        while first.setdefault(group, group) != group:
            group = first[group]
        return group

    owner: dict[frozenset[tuple[str, ...]], str] = {}
    for pair in pairs:
        one, other = (
            leader(pair.group),
            leader(owner.setdefault(shingles(pair.src_code), pair.group)),
        )
        first[max(one, other)] = min(one, other)
    return {group: leader(group) for group in list(first)}


def counts(pairs: Iterable[DataPair], name: str) -> dict[str, int]:
    """How many pairs have each value of a field, most first."""
    return dict(Counter(str(getattr(pair, name)) for pair in pairs).most_common())
