"""A training kernel as it was drawn, before anyone has solved it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

Given = dict[str, dict[str, object]]
"""What a contract says of each parameter, by name."""


class Drawn(BaseModel):
    """A sequential kernel with its contract, and how it came about.

    ``family`` is what a split keeps together: the bundled kernel that it was made from, or that its
    template follows. ``kind`` is one of the bundled suite's twelve, ``mutations`` say in short what was drawn.
    ``contract`` is TOML, empty where it is to be inferred.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    family: str
    kind: str
    name: str
    source: str
    contract: str
    origin: str
    mutations: tuple[str, ...]
