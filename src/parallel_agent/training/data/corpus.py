"""The kernels of a suite as texts, wherever they lie: to be kept apart from, nothing is run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from parallel_agent.settings import SettingsError
from parallel_agent.suites.find import find_suite
from parallel_agent.training.data.near import NearSuite

_TEXTS = ("source", "src_code", "code", "prompt")
"""Where an object of a JSON list may hold its text; the first that it has counts."""
_NAMES = ("name", "kernel", "id")


def texts(place: str) -> list[tuple[str, str]]:
    """Names and texts of the kernels of a suite, or of a file.

    ``place`` is what `bench` takes (``bundled``, ``llm4pp:CHECKOUT``, a folder of sources), a C++ file, a
    JSON list of texts or of objects with one, or a file with an object a line. Raises SettingsError
    where there is nothing to read.
    """
    path = Path(place)
    if path.is_file():
        found = list(_of_file(path))
        if not found:
            raise SettingsError(f"there are no kernels in {place}", "Give a file that has some")
        return found
    with tempfile.TemporaryDirectory(prefix="parallel-agent-suite-") as prepared:
        kernels = find_suite(place, Path(prepared))
        return [(k.name, k.path.read_text(encoding="utf-8", errors="replace")) for k in kernels]


def near_suites(places: Iterable[str]) -> NearSuite | None:
    """All kernels of some suites; None where no suite is named."""
    named = list(places)
    return NearSuite(pair for place in named for pair in texts(place)) if named else None


def _of_file(path: Path) -> Iterator[tuple[str, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{path} cannot be read as text", "Give sources, or JSON") from None
    if path.suffix not in (".json", ".jsonl"):
        yield path.stem, text
        return
    for number, item in enumerate(_items(path, text)):
        yield _entry(path, number, item)


def _items(path: Path, text: str) -> list[Any]:
    try:
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        whole = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{path} is not JSON: {error}", "Give a JSON list") from None
    if isinstance(whole, dict):
        return [
            {"name": name, "source": item} if isinstance(item, str) else item
            for name, item in whole.items()
        ]
    if not isinstance(whole, list):
        raise SettingsError(f"{path} holds no list", "Give a JSON list of sources")
    return whole


def _entry(path: Path, number: int, item: Any) -> tuple[str, str]:
    if isinstance(item, str):
        return str(number), item
    if isinstance(item, dict):
        name = next((str(item[key]) for key in _NAMES if item.get(key)), str(number))
        text = next((item[key] for key in _TEXTS if isinstance(item.get(key), str)), None)
        if text is not None:
            return name, text
    raise SettingsError(
        f"{path}: item {number} has no source",
        f"Each must be a text, or have one of {', '.join(_TEXTS)}",
    )
