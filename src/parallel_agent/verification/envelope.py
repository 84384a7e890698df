"""How far the numbers of a result may lie away from the original's, from how far those moved.

The scale of one element's error is the largest of

- min(P, D): P is how far it moves under last-bit noise in the inputs, which also draws every
  rounding error anew. D is how far it moves when all operations round the same way, the running
  error bound; where P is more than that, the inputs are less precise than the computation;
- sqrt(D * u |b|): n operations on numbers about as large as the result have D = n u |b|, and
  rounding errors that are as often up as down add up to sqrt(n) u |b| (Higham and Mary, A New
  Approach to Probabilistic Rounding Error Analysis, SIAM J. Sci. Comput. 41, 2019);
- how far the original moves when it is rebuilt in other ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from parallel_agent.kernel.comparison import Bound
from parallel_agent.verification.compare import magnitude, wide
from parallel_agent.verification.sensitivity import Movement

SAFETY = 16.0
"""Times the scale that a candidate may lie away from the original."""
FLOOR = 4.0
"""Unit roundoffs, relative to the number, that are allowed wherever anything is rounded."""
UNSTABLE = 1e-3
"""Movement, relative to the numbers, from which nothing but the same numbers can be trusted."""
UNSTABLE_SHARE = 0.01
"""Of a result's elements: fewer are taken for decisions that fell the other way, and left out."""

_LOWEST_BINADE = -17_000  # below that of the smallest number of 80 bits, which stands for 0 here
_BINADES = 34_000

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Spread:
    """The finite elements of a result: absolute values, how far each moved, and their scale.

    ``error`` is the scale of rounding errors, ``movement`` the largest movement of any kind.
    """

    values: Array
    error: Array
    movement: Array

    @classmethod
    def of(cls, movements: list[Movement], unit: float) -> Self:
        """All elements of the movements on some inputs; ``unit`` is the unit roundoff."""
        finite = [np.isfinite(m.values) for m in movements]

        def kept(arrays: list[Array]) -> Array:
            return np.concatenate([a[f] for a, f in zip(arrays, finite, strict=True)])

        values = magnitude(wide(kept([m.values for m in movements])))
        noise, rounding, rebuilt = (
            kept([getattr(m, way) for m in movements]) for way in ("noise", "rounding", "rebuilt")
        )
        by_chance = np.sqrt(rounding) * np.sqrt(unit * values)
        error = np.maximum(np.maximum(np.minimum(noise, rounding), by_chance), rebuilt)
        return cls(values, error, np.maximum(noise, error))

    @property
    def rms(self) -> float:
        """The root of the mean square, without overflow and underflow of the squares; 0 if empty."""
        top = float(self.values.max(initial=0.0))
        return top * float(np.sqrt(np.mean((self.values / top) ** 2))) if top > 0 else 0.0

    def wild(self, scale: float) -> Array:
        """Which elements moved too far, relative to themselves and to the scale of all."""
        return self.movement > UNSTABLE * self.values + UNSTABLE * scale

    def without(self, dropped: Array) -> Spread:
        """The other elements."""
        return Spread(self.values[~dropped], self.error[~dropped], self.movement[~dropped])


def fit(values: Array, error: Array, unit: float) -> Bound:
    """The bound that covers SAFETY times every element's error and is the tightest on average.

    On average over the logarithms, zeros left aside: what a relative part leaves uncovered, the
    absolute part must cover for all. The relative part is at least what every single element asks
    for, because inputs of another scale would have made results of another scale.
    """
    if len(values) == 0:
        return Bound(0.0, 0.0)
    # Elements of one binade are alike: the worst of them stands for all.
    bins = np.where(values > 0, np.frexp(values)[1] - _LOWEST_BINADE, 0)
    worst = np.zeros(_BINADES, values.dtype)
    np.maximum.at(worst, bins, error)
    smallest = np.full(_BINADES, values.max(), values.dtype)
    np.minimum.at(smallest, bins, values)
    counts = np.bincount(bins, minlength=_BINADES)
    binades = np.flatnonzero(counts)
    counts, needed, least = counts[binades], SAFETY * worst[binades], smallest[binades]
    tiny = max(unit * unit * float(least[-1]), np.finfo(np.float64).tiny)

    def absolute(relative: float) -> float:
        return float(np.maximum(needed - relative * least, 0.0).max())

    def looseness(relative: float) -> float:
        allowed = np.maximum(relative * least + absolute(relative), tiny)
        return float((counts * np.log(allowed.astype(np.float64)))[least > 0].sum())

    choices = [FLOOR * unit * 2.0**k for k in range(60) if FLOOR * unit * 2.0**k < 0.5]
    chosen = min(choices, key=looseness)
    with np.errstate(over="ignore"):
        asked = (needed[least > 0] / (2 * least[least > 0])).min(initial=np.inf)
    common = float(asked) if np.isfinite(asked) else 0.0
    return Bound(max(chosen, common), absolute(chosen))
