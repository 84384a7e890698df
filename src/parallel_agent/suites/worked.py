"""How long a suite and its kernels were worked on, by all processes that did, killed ones too."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from parallel_agent.agent.run_folder import RunFolder

WORKED = "worked.jsonl"
WHOLE = ""
"""Stands for the suite itself where a kernel's name would stand."""
Signs = Callable[[str], Iterable[float]]


def signs_of_life(root: Path, name: str) -> Iterator[float]:
    """When something was told of a kernel, or, of the `WHOLE`, of any, in the suite in ``root``."""
    for run in (root / "kernels").glob(name or "*"):
        yield from (event.at for event in RunFolder(run).events())


class Worked:
    """Keeps in a suite's folder when work on a kernel began, and how long it took where it ended."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._writing = threading.Lock()
        folder.drop_cut_line(WORKED)

    @contextmanager
    def on(self, name: str) -> Iterator[None]:
        """Work on a kernel, or on the `WHOLE`; from any thread, for each name once at a time."""
        self._write({"kernel": name, "began": time.time()})
        started = time.monotonic()
        try:
            yield
        finally:
            self._write({"kernel": name, "seconds": time.monotonic() - started})

    def seconds(self, signs: Signs) -> dict[str, float]:
        """Seconds of work by name.

        ``signs`` gives the times, in seconds since the epoch, at which there were signs of life of one
        name: work that never ended, as its process was killed, lasted until the last one of its own.
        """
        by_name: dict[str, list[dict[str, Any]]] = {}
        for line in self._lines():
            by_name.setdefault(line["kernel"], []).append(line)
        return {name: _sum(name, lines, signs) for name, lines in by_name.items()}

    def _lines(self) -> list[dict[str, Any]]:
        if not self._folder.exists(WORKED):
            return []
        return [json.loads(line) for line in self._folder.read(WORKED).splitlines()]

    def _write(self, line: dict[str, Any]) -> None:
        text = json.dumps(line) + "\n"
        with self._writing, self._folder.path(WORKED).open("a", encoding="utf-8") as file:
            file.write(text)


def _sum(name: str, lines: Sequence[dict[str, Any]], signs: Signs) -> float:
    """Of one name's lines: each beginning is followed by its end, or by the next beginning."""
    seconds = 0.0
    for line, after in zip(lines, [*lines[1:], {"began": math.inf}], strict=True):
        if "seconds" in line:
            seconds += line["seconds"]
        elif "began" in after:
            lived = [at for at in signs(name) if line["began"] <= at < after["began"]]
            seconds += max(lived, default=line["began"]) - line["began"]
    return seconds
