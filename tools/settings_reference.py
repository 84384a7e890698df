"""Writes docs/reference/settings.md from the docstrings of the settings; --check only compares."""

from __future__ import annotations

import ast
import inspect
import shlex
import sys

from generated import ROOT, write_or_check
from parallel_agent.settings import CONFIG_FILE, Settings

PAGE = f"""# Settings

Written by `make reference` from `src/parallel_agent/settings.py`.

A value comes from the first of these that gives one: the flag (or the argument of `optimize()`),
the environment variable, the file `{CONFIG_FILE}` in the working directory, the default.

| name | environment | default | |
|---|---|---|---|
"""


def docstrings() -> dict[str, str]:
    """Name to the text under each field, on one line."""
    body = ast.parse(inspect.getsource(Settings)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if not (isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)):
            raise SystemExit(f"the setting {field.target.id} has no docstring")
        found[field.target.id] = " ".join(str(text.value.value).split()).replace("``", "`")
    return found


def default(value: object) -> str:
    """A default as one would write it in the environment; empty where there is none."""
    if value is None or value == ():
        return ""
    return f"`{shlex.join(value) if isinstance(value, tuple) else value}`"


def page() -> str:
    """The page as the settings are now."""
    rows = [
        f"| `{name}` | `PARALLEL_AGENT_{name.upper()}` "
        f"| {default(Settings.model_fields[name].default)} | {text} |\n"
        for name, text in docstrings().items()
    ]
    return PAGE + "".join(rows)


if __name__ == "__main__":
    sys.exit(write_or_check(ROOT / "docs/reference/settings.md", page()))
