"""Writes docs/reference/settings.md from the docstrings of the settings; --check only compares."""

from __future__ import annotations

import sys

from generated import ROOT, write_or_check
from parallel_agent.report.configuration import as_written
from parallel_agent.settings import CONFIG_FILE, Settings

PAGE = f"""# Settings

Written by `make reference` from `src/parallel_agent/settings.py`.

A value comes from the first of these that gives one: the flag (or the argument of `optimize()`),
the environment variable, the file `{CONFIG_FILE}` in the working directory, the default.

| name | environment | default | |
|---|---|---|---|
"""


def _quoted(text: str) -> str:
    return f"`{text}`" if text else ""


def _quoted_names(text: str | None) -> str:
    return " ".join((text or "").split()).replace("``", "`")


def page() -> str:
    """The page as the settings are now."""
    rows = [
        f"| `{name}` | `PARALLEL_AGENT_{name.upper()}` "
        f"| {_quoted(as_written(field.default))} | {_quoted_names(field.description)} |\n"
        for name, field in Settings.model_fields.items()
    ]
    return PAGE + "".join(rows)


if __name__ == "__main__":
    sys.exit(write_or_check(ROOT / "docs/reference/settings.md", page()))
