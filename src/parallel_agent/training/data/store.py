"""The folder of a data set: pairs and what was tried, written so that a kill loses nothing."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from parallel_agent.report.pairs import Pair
from parallel_agent.settings import SettingsError
from parallel_agent.training.data.tokens import fingerprint

PAIRS, TRIED, MADE = "pairs.jsonl", "tried.jsonl", "generate.json"


class DataPair(Pair):
    """A pair with what a split keeps together, and how a generated one came about.

    ``family`` is the bundled kernel that it comes from; ``index`` is the number of its
    drawing under ``seed``, -1 for a pair that was exported from a run.
    """

    family: str = ""
    origin: str = ""
    mutations: tuple[str, ...] = ()
    seed: int = 0
    index: int = -1

    @property
    def group(self) -> str:
        """What must not be divided: the family, or the kernel where none is known."""
        return self.family or self.kernel


class Tried(BaseModel):
    """What became of one drawing; ``seconds`` is wall time by what it went to.

    ``won`` and ``lost`` are the strategies of candidates that became pairs, and of those that did not.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    family: str
    fingerprint: str
    outcome: str
    origin: str = ""
    won: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    pairs: int = 0
    candidates: int = 0
    rejected: dict[str, int] = {}
    seconds: dict[str, float] = {}
    failure: str = ""
    wall: float = 0.0

    @property
    def worked_on(self) -> bool:
        """Whether anyone tried to solve it."""
        return self.outcome in ("pairs", "no answer", "failed")


class Made(BaseModel):
    """What a data set was made with: it must be the same when its making goes on."""

    model_config = ConfigDict(frozen=True)

    seed: int
    exclude: tuple[str, ...]
    threads: int
    cxx: str
    cxxflags: tuple[str, ...]
    compiler: str
    machine: str
    per_kernel: int
    version: str


class Store:
    """A folder that pairs are being added to. One process at a time has it; use `opened`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tried: dict[int, Tried] = {}
        self.pairs = 0
        self._lock = -1

    @classmethod
    def opened(cls, root: Path, made: Made) -> Self:
        """The folder, new or gone on with; SettingsError where it is in use or was made otherwise.

        A line that a kill cut off is dropped. Pairs whose drawing was not noted any more are, now.
        """
        root.mkdir(parents=True, exist_ok=True)
        store = cls(root)
        store._lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(store._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(store._lock)
            raise SettingsError(
                f"{root} is being written to by another process", "Wait, or give another folder"
            ) from None
        try:
            store._check(made)
            store._recover()
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Let others have the folder; once is enough."""
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = -1

    def add(self, tried: Tried, pairs: Iterable[DataPair]) -> None:
        """Note a drawing with its pairs, on disk when this returns."""
        lines = [pair.model_dump_json() for pair in pairs]
        if lines:
            _append(self.root / PAIRS, lines)
        _append(self.root / TRIED, [tried.model_dump_json()])
        self.tried[tried.index] = tried
        self.pairs += len(lines)

    def _check(self, made: Made) -> None:
        file = self.root / MADE
        if not file.is_file():
            if (self.root / PAIRS).exists():
                raise SettingsError(
                    f"{self.root} holds pairs that were not generated here", "Give another folder"
                )
            file.write_text(made.model_dump_json(indent=2) + "\n", encoding="utf-8")
            return
        before = Made.model_validate_json(file.read_text(encoding="utf-8"))
        for name in Made.model_fields:
            was, now = getattr(before, name), getattr(made, name)
            if was != now:
                raise SettingsError(
                    f"{self.root} was begun with {name} {_shown(was)}, and now it is {_shown(now)}",
                    "Go on with what it was begun with, or give another folder",
                )

    def _recover(self) -> None:
        for file in (self.root / PAIRS, self.root / TRIED):
            _drop_cut_line(file)
        for line in _lines(self.root / TRIED):
            tried = Tried.model_validate_json(line)
            self.tried[tried.index] = tried
        unnoted: dict[int, list[DataPair]] = {}
        for pair in read_pairs(self.root):
            self.pairs += 1
            if pair.index not in self.tried:
                unnoted.setdefault(pair.index, []).append(pair)
        for index, pairs in unnoted.items():
            tried = Tried(
                index=index,
                family=pairs[0].family,
                fingerprint=fingerprint(pairs[0].src_code),
                outcome="pairs",
                origin=pairs[0].origin,
                pairs=len(pairs),
            )
            _append(self.root / TRIED, [tried.model_dump_json()])
            self.tried[index] = tried


def read_pairs(place: Path) -> Iterator[DataPair]:
    """The pairs of a data set's folder, or of a file with one a line.

    Raises SettingsError where there are none, or where a line is no pair.
    """
    file = place / PAIRS if place.is_dir() else place
    if not file.is_file():
        if (place / MADE).is_file():  # nothing passed yet
            return
        raise SettingsError(
            f"there are no pairs in {place}",
            "Make some: parallel-agent data generate DIR --count N",
        )
    for number, line in enumerate(_lines(file), 1):
        try:
            yield DataPair.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise SettingsError(
                f"{file}, line {number}: {where}: {first['msg']}",
                "Give a folder of 'data generate', or a file of 'export'",
            ) from None


def read_tried(root: Path) -> list[Tried]:
    """What was tried in a folder; nothing where it was not generated."""
    return [Tried.model_validate_json(line) for line in _lines(root / TRIED)]


def read_made(root: Path) -> Made | None:
    """What a folder was generated with; None where it was not."""
    file = root / MADE
    return Made.model_validate_json(file.read_text(encoding="utf-8")) if file.is_file() else None


def write_lines(file: Path, lines: Iterable[str]) -> None:
    """A file of lines, whole or not at all."""
    draft = file.with_name(f".{file.name}.draft")
    draft.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    draft.replace(file)


def _append(file: Path, lines: list[str]) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        written = 0
        while written < len(data):
            written += os.write(handle, data[written:])
        os.fsync(handle)
    finally:
        os.close(handle)


def _drop_cut_line(file: Path) -> None:
    """Cut off what stands behind the last end of a line."""
    if not file.is_file():
        return
    data = file.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with file.open("r+b") as handle:
            handle.truncate(whole)


def _lines(file: Path) -> list[str]:
    if not file.is_file():
        return []
    return [line for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]


def _shown(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) else str(value)
