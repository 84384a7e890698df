"""What the times with few threads say about more of them.

Karp and Flatt's experimentally determined serial fraction (A. H. Karp, H. P. Flatt: Measuring parallel
processor performance, Communications of the ACM 33 (5), 1990), and with it the law of G. M. Amdahl
(Validity of the single processor approach to achieving large scale computing capabilities, AFIPS 1967).
"""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agent.agent.scaling import Scaling, ScalingPoint

ASKED = (2, 4)
"""Multiples of the threads that were measured for which a prediction is made."""


@dataclass(frozen=True)
class Fraction:
    """The share of the candidate's own time with one thread that threads do not shorten.

    ``low`` and ``high`` are what it is at the ends of the intervals of both timings, which is wider
    than a 95 % interval. It may be below 0, where threads bring more than their number.
    """

    threads: int
    gain: float
    value: float
    low: float
    high: float

    @property
    def told(self) -> bool:
        """Whether it is one for Amdahl's law: above 0 and below 1 beyond the intervals."""
        return self.low > 0.0 and self.high < 1.0


@dataclass(frozen=True)
class Prediction:
    """The speedup over the original with so many threads, by Amdahl's law; at most, at least, likely."""

    threads: int
    speedup: float
    low: float
    high: float


def karp_flatt(gain: float, threads: int) -> float:
    """The serial fraction of a program that ``threads`` > 1 make ``gain`` times as fast."""
    return (1.0 / gain - 1.0 / threads) / (1.0 - 1.0 / threads)


def amdahl(fraction: float, threads: int) -> float:
    """How many times as fast ``threads`` make a program with this serial fraction."""
    return 1.0 / (fraction + (1.0 - fraction) / threads)


def serial_fraction(scaling: Scaling) -> Fraction | None:
    """From the most threads measured; None where only one number of threads was."""
    one, most = _ends(scaling)
    if one is None or most is None:
        return None
    gains = (
        most.speedup / one.speedup,
        most.interval[1] / one.interval[0],
        most.interval[0] / one.interval[1],
    )
    value, low, high = (karp_flatt(gain, most.threads) for gain in gains)
    return Fraction(most.threads, gains[0], value, low, high)


def predictions(scaling: Scaling) -> list[Prediction]:
    """What Amdahl's law says of more threads; none where the fraction is not told by what was measured."""
    fraction, (one, _) = serial_fraction(scaling), _ends(scaling)
    if fraction is None or one is None or not fraction.told:
        return []
    found = []
    for factor in ASKED:
        threads = factor * fraction.threads
        likely, high, low = (
            one.speedup * amdahl(share, threads)
            for share in (fraction.value, fraction.low, fraction.high)
        )
        found.append(Prediction(threads, likely, low, high))
    return found


def _ends(scaling: Scaling) -> tuple[ScalingPoint | None, ScalingPoint | None]:
    one = next((point for point in scaling.points if point.threads == 1), None)
    most = max(scaling.points, key=lambda point: point.threads, default=None)
    return one, most if most is not None and most.threads > 1 else None
