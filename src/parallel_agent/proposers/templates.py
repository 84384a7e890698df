"""The texts of prompts: jinja files in ``prompts``, where nothing undefined is passed over."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, meta

from parallel_agent.proposers import wording

_FILTERS = (
    *("clip", "one_line", "fenced", "line_of", "named_lines"),
    *("seconds", "sizes", "capacity"),
)
_VERSION = re.compile(r"\{#-? version (\d+)")


def render(name: str, values: Mapping[str, Any]) -> str:
    """The text of ``prompts/NAME.jinja`` with these values."""
    return _environment().get_template(f"{name}.jinja").render(values).strip() + "\n"


@functools.cache
def version(name: str, system: str) -> str:
    """What a prompt is called in a candidate's record: ``coder-1-3f2a9c1d``.

    The number stands in the file; the rest is a digest of its text, of all that it includes and of
    the system's message, so that a record tells two texts apart even if nobody counted up.
    """
    texts = _texts(f"{name}.jinja") | _texts(f"{system}.jinja")
    number = _VERSION.search(texts[f"{name}.jinja"])
    if number is None:
        raise ValueError(f"the prompt {name} has no version")
    digest = hashlib.sha256("".join(texts[key] for key in sorted(texts)).encode()).hexdigest()
    return f"{name}-{number[1]}-{digest[:8]}"


def _texts(file: str) -> dict[str, str]:
    """The text of a file and of those that it includes, by name."""
    environment = _environment()
    assert environment.loader is not None
    text, _, _ = environment.loader.get_source(environment, file)
    found = {file: text}
    for included in meta.find_referenced_templates(environment.parse(text)):
        if included is not None:
            found |= _texts(included)
    return found


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("parallel_agent.proposers", "prompts"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.filters |= {name: getattr(wording, name) for name in _FILTERS}
    return environment
