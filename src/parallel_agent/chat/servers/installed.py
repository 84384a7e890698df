"""Where programs are: beside this Python first, as in a virtual environment, then on PATH."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path


def program(name: str) -> str:
    """The path of a program, empty where there is none."""
    beside = Path(sys.executable).with_name(name)
    if os.access(beside, os.X_OK):
        return str(beside)
    return shutil.which(name) or ""


def package(name: str) -> str:
    """Where a package of this Python lies, empty where it is not installed."""
    found = find_spec(name)
    if found is None or found.origin is None:
        return ""
    return str(Path(found.origin).parent)
