"""Sets of kernels: the bundled suite, a JSON file, a folder of sources."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from parallel_agent.suites.find import find_suite
from parallel_agent.suites.suite import SuiteKernel


def from_json(file: Path, sources: Path) -> list[SuiteKernel]:
    """A list of objects with ``name``, ``category`` and ``source``, written out into ``sources``.

    Raises ValueError for a file that is not that.
    """
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        found = [(entry["name"], entry.get("category", ""), entry["source"]) for entry in entries]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{file} is no list of kernels with name and source") from error
    sources.mkdir(parents=True, exist_ok=True)
    kernels = []
    for name, category, source in found:
        path = sources / f"{Path(name).name}.cpp"
        path.write_text(source, encoding="utf-8")
        kernels.append(SuiteKernel(path.stem, category, path))
    return kernels


def chosen(
    suite: str | None, kernels: Path | None, folder: Path | None, sources: Path
) -> list[SuiteKernel]:
    """The kernels of all sets that are named; those of the bundled suite where none is."""
    found: list[SuiteKernel] = []
    if suite == "bundled" or (kernels is None and folder is None):
        found += find_suite("bundled", sources)
    if kernels is not None:
        found += from_json(kernels, sources)
    if folder is not None:
        found += find_suite(str(folder), sources)
    return found


def named(kernels: Sequence[SuiteKernel], parts: Sequence[str]) -> list[SuiteKernel]:
    """Those whose name has one of the parts in it; all where there are none."""
    return [k for k in kernels if not parts or any(part in k.name for part in parts)]
