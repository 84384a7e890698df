"""Files that are written in the end: whether they can be is found out in the beginning."""

from __future__ import annotations

import os
from pathlib import Path

from parallel_agent.settings import SettingsError


def check_writable(file: Path, flag: str) -> None:
    """SettingsError, which names the flag, where the file cannot be written."""
    place = file if file.exists() else file.absolute().parent
    if file.is_dir() or not place.exists() or not os.access(place, os.W_OK):
        raise SettingsError(
            f"{flag}: {file} cannot be written", "Give a file in a folder that you may write to"
        )
