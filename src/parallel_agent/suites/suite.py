"""A suite is a list of kernels; the bundled one lies beside this file, a folder per category."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_BUNDLED = Path(__file__).with_name("bundled")


@dataclass(frozen=True)
class SuiteKernel:
    """One kernel of a suite: its C++ file, and the contract file beside it where there is one."""

    name: str
    category: str
    path: Path
    contract: Path | None = None


def bundled() -> list[SuiteKernel]:
    """The kernels that come with the package, sorted by category and name."""
    return [
        SuiteKernel(path.stem, path.parent.name, path, _contract_beside(path))
        for path in sorted(_BUNDLED.glob("*/*.cpp"))
    ]


def _contract_beside(source: Path) -> Path | None:
    contract = source.with_suffix(".toml")
    return contract if contract.is_file() else None
