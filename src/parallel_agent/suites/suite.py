"""A suite is a named list of kernels; an adapter finds them where they lie."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from parallel_agent.settings import SettingsError


@dataclass(frozen=True)
class SuiteKernel:
    """One kernel of a suite: its C++ file, and its contract file where there is one.

    ``function`` names the kernel in its file where there are several functions; ``licence`` is that of
    the source, by its SPDX name, empty where nobody said. ``check`` is the suite's own comparison: called
    with the text of an answer it says what is wrong with it, empty for nothing.
    """

    name: str
    category: str
    path: Path
    contract: Path | None = None
    function: str | None = None
    licence: str = ""
    check: Callable[[str], str] | None = None


class Adapter(Protocol):
    """Finds the kernels of one kind of suite.

    ``place`` is what follows the colon in ``KIND:PLACE``. What is no C++ file with one kernel yet is
    written as one below ``prepared``, the same each time. Raises SettingsError where there is nothing.
    """

    def __call__(self, place: str, prepared: Path) -> list[SuiteKernel]:
        """The kernels, in the order of the table."""
        ...


def contract_beside(source: Path) -> Path | None:
    """The contract file that lies beside a source, if there is one."""
    contract = source.with_suffix(".toml")
    return contract if contract.is_file() else None


def checked(kernels: Iterable[SuiteKernel], suite: str) -> list[SuiteKernel]:
    """The kernels, if there are any and their names can tell them apart and be names of folders."""
    found = list(kernels)
    if not found:
        raise SettingsError(
            f"suite: there are no kernels in {suite}", "Give one that has: C++ files, a kernel each"
        )
    name, count = Counter(kernel.name for kernel in found).most_common(1)[0]
    if count > 1:
        raise SettingsError(
            f"suite: {count} kernels of {suite} are called '{name}'", "Rename all but one of them"
        )
    for kernel in found:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", kernel.name):
            raise SettingsError(
                f"suite: '{kernel.name}' cannot be the name of a folder",
                "Rename it: letters, digits, '_', '.', '+' and '-', the first of the former three",
            )
    return found
