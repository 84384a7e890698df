"""Whether a data set has near-duplicates of the kernels that a model is going to be measured on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from parallel_agent.training.data.corpus import near_suites
from parallel_agent.training.data.near import CONTAINED, THRESHOLD
from parallel_agent.training.data.store import read_pairs


class NearPair(BaseModel):
    """A kernel of the data set and the suite's kernel that it resembles most."""

    model_config = ConfigDict(frozen=True)

    kernel: str
    family: str
    index: int
    suite_kernel: str
    resemblance: float
    containment: float


class Checked(BaseModel):
    """What a check found: the near-duplicates, and the nearest of what is not one.

    ``texts`` counts the different sources of the set, slow and fast, and ``tenths`` how many of them resemble the
    suite's nearest kernel from 0 to 0.1, from 0.1 to 0.2 and so on.
    """

    model_config = ConfigDict(frozen=True)

    pairs: int
    texts: int
    suite_kernels: int
    threshold: float
    contained: float
    near: tuple[NearPair, ...]
    nearest: NearPair | None
    tenths: tuple[int, ...]


def check(place: Path, against: Sequence[str]) -> Checked:
    """Hold every source of a data set, slow ones and fast ones, against the kernels of suites.

    Raises SettingsError where there is nothing on either side.
    """
    suite = near_suites(against)
    assert suite is not None
    seen: set[str] = set()
    near: list[NearPair] = []
    far: list[NearPair] = []
    pairs, tenths = 0, [0] * 10
    for pair in read_pairs(place):
        pairs += 1
        for text in (pair.src_code, pair.tgt_code):
            if text in seen:
                continue
            found = suite.nearest(text)
            seen.add(text)
            if found is None:
                continue
            row = NearPair(
                kernel=pair.kernel,
                family=pair.group,
                index=pair.index,
                suite_kernel=found.name,
                resemblance=round(found.resemblance, 3),
                containment=round(found.containment, 3),
            )
            (near if found.duplicate else far).append(row)
            tenths[min(9, int(found.resemblance * 10))] += 1
    return Checked(
        pairs=pairs,
        texts=len(seen),
        suite_kernels=len(suite),
        threshold=THRESHOLD,
        contained=CONTAINED,
        near=tuple(sorted(near, key=lambda row: -row.resemblance)),
        nearest=max(far, key=lambda row: row.resemblance, default=None),
        tenths=tuple(tenths),
    )
