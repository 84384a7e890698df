"""Which settings are in force in this folder, and where each of them is from."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parallel_agent.settings import CONFIG_FILE, ENVIRONMENT, Settings, load_settings

DEFAULT = "default"
_WIDE = 200


@dataclass(frozen=True)
class Configured:
    """One setting: its value as one would write it, and where that is from.

    ``origin`` is ``default``, the name of the environment variable, or that of the config file.
    """

    name: str
    value: str
    origin: str
    variable: str
    meaning: str


def configuration() -> tuple[Configured, ...]:
    """All settings, in the order of their definition; raises SettingsError for a bad one."""
    values = load_settings()
    given = EnvSettingsSource(Settings)()
    written = TomlConfigSettingsSource(Settings)()
    return tuple(
        Configured(
            name=name,
            value=as_written(getattr(values, name)),
            origin=_variable(name)
            if name in given
            else CONFIG_FILE
            if name in written
            else DEFAULT,
            variable=_variable(name),
            meaning=" ".join((field.description or "").split()).replace("``", ""),
        )
        for name, field in Settings.model_fields.items()
    )


def unknown_variables() -> list[str]:
    """Variables of the environment that look like settings, and are none: slips of the keyboard."""
    known = {_variable(name) for name in Settings.model_fields}
    mine = (name for name in os.environ if name.upper().startswith(ENVIRONMENT))
    return sorted(name for name in mine if name.upper() not in known)


def as_written(value: Any) -> str:
    """A value as one would write it in the environment; empty where there is none."""
    if value is None:
        return ""
    return shlex.join(value) if isinstance(value, tuple) else str(value)


def show_configuration(
    settings: Sequence[Configured], unknown: Sequence[str], *, as_json: bool
) -> None:
    """On stdout: a table for people, or one JSON object with ``settings`` and ``unknown``."""
    if as_json:
        told = {"settings": [asdict(setting) for setting in settings], "unknown": list(unknown)}
        sys.stdout.write(json.dumps(told) + "\n")
        return
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, _WIDE)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("setting", "value", "from", "meaning"):
        table.add_column(name, overflow="fold")
    for setting in settings:
        style = "" if setting.origin == DEFAULT else "bold"
        row = (setting.name, setting.value, setting.origin, setting.meaning)
        table.add_row(*(Text(cell, style=style) for cell in row))
    console.print(table)
    for name in unknown:
        console.print(Text(f"note: {name} is set, and there is no such setting"), soft_wrap=True)


def _variable(name: str) -> str:
    return f"{ENVIRONMENT}{name.upper()}"
