"""The statistics of paired timings: medians of the pairs' ratios with their bootstrap intervals.

Samples are seconds, one of the original and one of the candidate for each pair, run right after
each other. What slows both (another program, a lower clock, a busy host) cancels in the pair's
ratio; it would not in a ratio of medians, where half of the originals may have met it and fewer of
the candidates. All resampling is seeded: the same samples give the same interval.

- B. Efron, R. J. Tibshirani: An Introduction to the Bootstrap, 1993: the percentile interval
  (chapter 13) and the resampling of pairs (section 7.3).
- P. J. Fleming, J. J. Wallace: How not to lie with statistics, CACM 29(3), 1986: the geometric mean
  of ratios.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Samples = Sequence[float] | NDArray[np.float64]

CONFIDENCE = 0.95
RESAMPLES = 2000
LEAST_NOISE = 0.01

_SEED = 20231


class Interval(BaseModel):
    """An original's time over a candidate's, with the bounds between which it lies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ratio: float
    """The estimate: 2.0 if the candidate takes half the time."""
    low: float
    high: float
    confidence: float = CONFIDENCE

    @property
    def width(self) -> float:
        """How far the upper bound lies above the lower one, relative to it."""
        return self.high / self.low - 1.0


def median_ratio(original: Samples, candidate: Samples) -> float:
    """The median of original / candidate over the pairs: the speedup.

    Taken in logarithms, so that swapping the two inverts it also for an even number of pairs.
    Raises ValueError as `ratio_interval`.
    """
    return float(np.exp(_log_ratio(_paired(original, candidate))))


def ratio_interval(
    original: Samples,
    candidate: Samples,
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = _SEED,
) -> Interval:
    """The median ratio with its bootstrap percentile interval over resampled pairs.

    Raises ValueError for samples that are no pairs (lengths that differ, or none) or no times (not
    positive and finite).
    """
    return geometric_mean_interval(
        [(original, candidate)], confidence=confidence, resamples=resamples, seed=seed
    )


def geometric_mean_interval(
    sizes: Sequence[tuple[Samples, Samples]],
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = _SEED,
) -> Interval:
    """The geometric mean over sizes of the median ratio, with its interval.

    ``sizes`` holds (original, candidate) for each size. Sizes were timed apart from one another, so
    each is resampled by itself, and the interval is that of the mean of the resampled ratios. It is
    widened where need be to hold the estimate, which a percentile interval does not promise.
    Raises ValueError where there is no size, and as `ratio_interval`.
    """
    if not sizes:
        raise ValueError("no samples")
    pairs = [_paired(original, candidate) for original, candidate in sizes]
    rng = np.random.default_rng(seed)
    # In logarithms, so that swapping original and candidate inverts the bounds exactly.
    estimate = float(np.mean([_log_ratio(times) for times in pairs]))
    drawn = np.mean([_resampled_log_ratios(times, resamples, rng) for times in pairs], axis=0)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    return Interval(
        ratio=float(np.exp(estimate)),
        low=float(np.exp(min(low, estimate))),
        high=float(np.exp(max(high, estimate))),
        confidence=confidence,
    )


def noise_floor(first: Samples, second: Samples, *, least: float = LEAST_NOISE) -> float:
    """How far from 1 an A/A run's ratio may lie: the farther bound of its interval.

    ``first`` and ``second`` are samples of the same program. Relative, and the same with the two
    swapped: 0.03 if the interval reaches from 1/1.03 to 1.02. Never below ``least``, because an A/A
    run cannot show what code layout and memory placement do to a program that was built anew
    (T. Mytkowicz et al.: Producing wrong data without doing anything obviously wrong, ASPLOS 2009).
    """
    interval = ratio_interval(first, second)
    return max(interval.high - 1.0, 1.0 / interval.low - 1.0, least)


def outlier_share(samples: Samples, *, deviations: float = 5.0) -> float:
    """The share of samples farther from the median than so many median absolute deviations.

    The deviation counts as 0.1 % of the median at least, so that samples which are nearly all the
    same do not make an outlier of every other one. C. Leys et al.: Detecting outliers, Journal of
    Experimental Social Psychology 49(4), 2013.
    """
    times = _times(samples)
    median = np.median(times)
    distance = np.abs(times - median)
    deviation = max(float(np.median(distance)), 1e-3 * float(median))
    return float(np.mean(distance > deviations * deviation))


def _times(samples: Samples) -> NDArray[np.float64]:
    times = np.asarray(samples, dtype=np.float64)
    if times.ndim != 1 or times.size == 0:
        raise ValueError("no samples")
    if not (np.isfinite(times).all() and (times > 0).all()):
        raise ValueError("times must be positive and finite")
    return times


def _paired(original: Samples, candidate: Samples) -> NDArray[np.float64]:
    """Shape (2, pairs)."""
    first, second = _times(original), _times(candidate)
    if first.size != second.size:
        raise ValueError(f"{first.size} samples of the original, {second.size} of the candidate")
    return np.stack([first, second])


def _log_ratio(times: NDArray[np.float64]) -> Any:
    """Of shape (2, ..., pairs), over the last axis."""
    return np.median(np.log(times[0]) - np.log(times[1]), axis=-1)


def _resampled_log_ratios(
    times: NDArray[np.float64], resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Shape (resamples,)."""
    pairs = times.shape[1]
    drawn: NDArray[np.float64] = _log_ratio(times[:, rng.integers(0, pairs, (resamples, pairs))])
    return drawn
