"""Pairs as the chats that are learned; what cannot be one is counted."""

from __future__ import annotations

import json
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from parallel_agent.report.pairs import Pair
from parallel_agent.toolchain.machine import describe
from parallel_agent.training.prompts import NotTeachable, chat_of

_FEW = 64
"""Pairs below which further processes cost more than they gain."""
Split = Literal["train", "validation"]


class Example(BaseModel):
    """One chat: the coder's prompt, and the answer that is learned."""

    model_config = ConfigDict(frozen=True)

    split: Split
    kernel: str
    messages: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Examples:
    """Chats, and how many pairs make none, by the reason."""

    chats: tuple[Example, ...]
    left_out: dict[str, int]


def make_examples(
    pairs: Sequence[tuple[Split, Pair]], told: Callable[[int, int], None] = lambda done, all_: None
) -> Examples:
    """A chat of each pair, in order. ``told`` hears how many pairs of how many are done.

    Sources are parsed for it, which takes a tenth of a second each: on all cores where there are many.
    """
    chats, left_out = [], Counter[str]()
    for done, made in enumerate(_made([pair for _, pair in pairs]), 1):
        split, pair = pairs[done - 1]
        if isinstance(made, str):
            left_out[made] += 1
        else:
            chats.append(Example(split=split, kernel=pair.kernel, messages=tuple(made)))
        told(done, len(pairs))
    return Examples(tuple(chats), dict(left_out))


def write_examples(examples: Sequence[Example], file: Path) -> None:
    """A line of JSON for each, as `read_examples` reads them."""
    text = "".join(example.model_dump_json() + "\n" for example in examples)
    file.write_text(text, encoding="utf-8")


def read_examples(file: Path) -> tuple[Example, ...]:
    """The examples in a file, in order."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return tuple(Example.model_validate(json.loads(line)) for line in lines)


def _made(pairs: Sequence[Pair]) -> Iterator[list[dict[str, str]] | str]:
    workers = describe().physical_cores
    if len(pairs) < _FEW or workers < 2:
        yield from map(_one, pairs)
        return
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=fresh) as pool:
        yield from pool.map(_one, pairs, chunksize=8)


def _one(pair: Pair) -> list[dict[str, str]] | str:
    """The chat, or the reason why there is none, without what differs from pair to pair."""
    try:
        return chat_of(pair)
    except NotTeachable as error:
        return str(error).partition(":")[0]
