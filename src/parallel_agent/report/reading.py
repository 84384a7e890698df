"""Files of a run or suite as far as they are there: what cannot be read is empty, or None."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

_Read = TypeVar("_Read", bound=BaseModel)


def text_in(file: Path) -> str:
    """A file's text."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def object_in(file: Path) -> dict[str, Any]:
    """The JSON object in a file."""
    try:
        found = json.loads(text_in(file))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def model_in(model: type[_Read], file: Path) -> _Read | None:
    """What a file holds of a model, as JSON."""
    try:
        return model.model_validate_json(text_in(file))
    except ValidationError:
        return None
