"""The data card: what a data set holds, how it was made, and what it must not be taken for."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from parallel_agent.settings import SettingsError
from parallel_agent.training.data.splitting import PARTS
from parallel_agent.training.data.store import (
    DataPair,
    Made,
    Tried,
    read_made,
    read_pairs,
    read_tried,
)

CARD = "README.md"
EDGES = (1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
"""Of the classes of speedups."""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))


def write_card(root: Path) -> Path:
    """Write the card of the data set in ``root``, a dataset card as the Hugging Face hub reads them.

    Raises SettingsError where there are no pairs.
    """
    if not root.is_dir():
        raise SettingsError(f"{root} is no folder", "Give the folder of a data set")
    pairs = list(read_pairs(root))
    if not pairs:
        raise SettingsError(f"there are no pairs in {root}", "Generate some first")
    environment = Environment(
        loader=PackageLoader("parallel_agent.training.data"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    text = environment.get_template("card.md.jinja").render(_facts(root, pairs))
    (root / CARD).write_text(text, encoding="utf-8")
    return root / CARD


def _facts(root: Path, pairs: Sequence[DataPair]) -> dict[str, Any]:
    made, tried = read_made(root), read_tried(root)
    speedups = sorted(pair.speedup for pair in pairs)
    kernels = {pair.src_code for pair in pairs}
    return {
        "pairs": len(pairs),
        "kernels": len(kernels),
        "licences": sorted({pair.licence or "unknown" for pair in pairs}),
        "size_category": next((name for most, name in _SIZES if len(pairs) < most), "n>100K"),
        "parts": [
            (part, _lines(root / f"{part}.jsonl"))
            for part in PARTS
            if (root / f"{part}.jsonl").is_file()
        ],
        "by_kind": _table(pairs, "category"),
        "by_family": _table(pairs, "group"),
        "by_strategy": _strategies(pairs),
        "histogram": _histogram(speedups),
        "median": statistics.median(speedups),
        "least": speedups[0],
        "most": speedups[-1],
        "geomean": statistics.geometric_mean(speedups),
        "gates": _gates(pairs),
        "compilers": sorted({pair.compiler for pair in pairs}),
        "flags": sorted({" ".join(pair.flags) for pair in pairs}),
        "threads": sorted({pair.threads for pair in pairs}),
        "made": made,
        "tried": _tried(tried) if tried else None,
        "excluded": () if made is None else _shown_suites(made),
    }


def _shown_suites(made: Made) -> tuple[str, ...]:
    """The names of suites, without the folders that they lie in."""
    return tuple(Path(place).name if "/" in place else place for place in made.exclude)


def _lines(file: Path) -> int:
    return sum(bool(line.strip()) for line in file.read_text(encoding="utf-8").splitlines())


def _table(pairs: Iterable[DataPair], name: str) -> list[tuple[str, int, int, float]]:
    """Value, pairs, kernels, geometric mean of the speedups; most pairs first."""
    groups: dict[str, list[DataPair]] = {}
    for pair in pairs:
        groups.setdefault(str(getattr(pair, name)) or "unknown", []).append(pair)
    rows = [
        (value, len(found), len({pair.src_code for pair in found}),
         statistics.geometric_mean(pair.speedup for pair in found))
        for value, found in groups.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _strategies(pairs: Iterable[DataPair]) -> list[tuple[str, int, float]]:
    """Each strategy alone, without its variant."""
    groups: dict[str, list[float]] = {}
    for pair in pairs:
        for name in dict.fromkeys(_names(pair.strategy)):
            groups.setdefault(name, []).append(pair.speedup)
    rows = [(name, len(found), statistics.geometric_mean(found)) for name, found in groups.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _names(strategy: str) -> list[str]:
    return [part.split()[0] for part in strategy.split("+") if part.strip()]


def _histogram(speedups: Sequence[float]) -> list[tuple[str, int]]:
    rows = []
    for low, high in zip(EDGES, [*EDGES[1:], float("inf")], strict=True):
        name = f"{low:g} to {high:g}" if high < float("inf") else f"{low:g} and more"
        rows.append((name, sum(low <= speedup < high for speedup in speedups)))
    return rows


def _gates(pairs: Iterable[DataPair]) -> list[str]:
    """Those that every pair passed, in order."""
    lists = [pair.gates for pair in pairs]
    return [gate for gate in lists[0] if all(gate in passed for passed in lists)]


def _tried(tried: Sequence[Tried]) -> Mapping[str, Any]:
    rejected: Counter[str] = Counter()
    for one in tried:
        rejected.update(one.rejected)
    return {
        "kernels": len(tried),
        "outcomes": Counter(one.outcome for one in tried).most_common(),
        "candidates": sum(one.candidates for one in tried),
        "rejected": rejected.most_common(),
    }
