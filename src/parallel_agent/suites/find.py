"""The suite that a user names: ``bundled``, ``KIND:PLACE``, or a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from parallel_agent.settings import SettingsError
from parallel_agent.suites.adapters.bundled import bundled
from parallel_agent.suites.adapters.folder import folder
from parallel_agent.suites.adapters.llm4pp import llm4pp
from parallel_agent.suites.adapters.polybench import polybench
from parallel_agent.suites.suite import Adapter, SuiteKernel, checked

ADAPTERS: Mapping[str, Adapter] = {
    "bundled": bundled,
    "llm4pp": llm4pp,
    "polybench": polybench,
}
"""By the name before the colon."""
PLACELESS = ("bundled",)
"""Those that nothing follows."""


def find_suite(name: str, prepared: Path) -> list[SuiteKernel]:
    """The kernels of a suite; sources that have to be written first go below ``prepared``.

    Raises SettingsError where there is no such suite, nothing in it, or two kernels of one name.
    """
    kind, _, place = name.partition(":")
    if kind in ADAPTERS and bool(place) == (kind not in PLACELESS):
        return checked(ADAPTERS[kind](place, prepared), name)
    if Path(name).is_dir():
        return checked(folder(name, prepared), name)
    known = ", ".join(kind if kind in PLACELESS else f"{kind}:PLACE" for kind in ADAPTERS)
    raise SettingsError(
        f"suite: '{name}' is no folder and none of {known}",
        "Give a folder of C++ files with a kernel each, or one of these",
    )
