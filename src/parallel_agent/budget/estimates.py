"""What an option promises, learned from what was tried.

Its gain is p(success) times p(new) times the expected improvement over the best so far.

- Success: a share for each model and kind of step, shrunk to a prior, and from it one for each model
  on each kernel, shrunk to that: posterior means of beta-binomial models at two levels (A. Gelman et
  al.: Bayesian Data Analysis, 3rd edition, 2013, chapter 5).
- Novelty: likewise, of the right answers after a kernel's first one. For the kernel only those count
  as new that were not given again: what was seen once tells how much is still unseen (I. J. Good:
  The population frequencies of species and the estimation of population parameters, Biometrika 40, 1953).
- Improvement: the logarithms of speedups are normal around the mean of their kernel, those means are
  normal too, both variances estimated from all kernels (Gelman et al., section 5.4), that of a kernel
  drawn to its own answers' (G. K. Smyth: Linear models and empirical Bayes methods for assessing
  differential expression, Statistical Applications in Genetics and Molecular Biology 3, 2004); over the
  best so far their expected improvement is that of D. R. Jones, M. Schonlau, W. J. Welch: Efficient global
  optimization of expensive black-box functions, Journal of Global Optimization 13, 1998, equation 15.
  For refinements the mean of what they brought over their parents.

The priors say what is known of language models before the first trial: nothing of how often they are
right, and that about a third of their right answers are slower than the original.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from parallel_agent.budget.allocation import Option, Standing, Trial

Kind = Literal["new", "refine", "repair"]

SUCCESS = 1 / 2
"""Prior probability that an answer passes every gate: with its weight, uniform from 0 to 1."""
NOVELTY = 1 / 2
"""Prior probability that another right answer to a kernel is none that was given before."""
SPEEDUP = math.log(1.3)
"""Prior mean of the logarithm of a right answer's speedup."""
DEVIATION = 0.5
"""Prior standard deviation of it, among the means of kernels and among the answers to one."""
REFINEMENT = 0.2
"""Prior mean of how much a right refinement raises the logarithm of its parent's speedup: of a normal
change around none with that deviation, what is above 0."""
SPREAD_WEIGHT = 1.0
"""What the variance of the answers to all kernels weighs against that of the answers to one, as
degrees of freedom."""
MODEL_WEIGHT = 2.0
"""What a prior weighs against the trials of a model."""
KERNEL_WEIGHT = 1.0
"""What the model's mean weighs against its trials on a kernel, before more is known: answers to one
are much alike."""
VARIANCE_WEIGHT = 4.0
"""What that weighs, in trials, against how much alike the answers turn out to be."""
MOST_WITHIN = 0.9
"""Of the variance: a kernel's own trials always count for something."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an option promises.

    ``success`` is the probability that its candidate passes every gate, ``novelty`` that it is then
    none that was there before, and ``improvement`` the mean of how much the logarithm of the
    kernel's best speedup rises after both.
    """

    success: float
    novelty: float
    improvement: float

    @property
    def gain(self) -> float:
        """The expected rise of the logarithm of the kernel's best speedup."""
        return self.success * self.novelty * self.improvement


@dataclass(slots=True)
class _Sample:
    number: int = 0
    total: float = 0.0
    squares: float = 0.0

    def merge(self, other: _Sample) -> None:
        self.number += other.number
        self.total += other.total
        self.squares += other.squares

    def add(self, value: float) -> None:
        self.number += 1
        self.total += value
        self.squares += value * value

    @property
    def mean(self) -> float:
        return self.total / max(1, self.number)

    @property
    def spread(self) -> float:
        """The sum of the squared distances from the mean."""
        return max(0.0, self.squares - self.total * self.mean)

    def shrunk(self, prior: float, weight: float) -> float:
        """The mean with a prior that weighs as much as so many values."""
        return (weight * prior + self.total) / (weight + self.number)


class _Means:
    """Means of a model on a kernel, shrunk to those of the model, shrunk to a prior."""

    def __init__(self, prior: float) -> None:
        self._prior = prior
        self._models: dict[tuple[str, Kind], _Sample] = defaultdict(_Sample)
        self._kernels: dict[tuple[str, str], _Sample] = defaultdict(_Sample)

    def add(self, model: str, kind: Kind, kernel: str, value: float) -> None:
        self._models[model, kind].add(value)
        self.add_to_kernel(model, kernel, value)

    def add_to_kernel(self, model: str, kernel: str, value: float) -> None:
        self._kernels[model, kernel].add(value)

    def take_back(self, model: str, kernel: str) -> None:
        """A 1 that was added turns out to be a 0 for this kernel."""
        sample = self._kernels[model, kernel]
        sample.total -= 1.0
        sample.squares -= 1.0

    def mean(self, model: str, kind: Kind, kernel: str) -> float:
        of_model = self._models[model, kind].shrunk(self._prior, MODEL_WEIGHT)
        return self._kernels[model, kernel].shrunk(of_model, self._kernel_weight(model))

    def _kernel_weight(self, model: str) -> float:
        return KERNEL_WEIGHT


class _Shares(_Means):
    """Means of zeros and ones; how much alike those of one kernel are is learned, too.

    With r the part of their variance that lies within kernels a model's mean weighs r / (1 - r) trials:
    the moment estimator of J. C. Kleinman: Proportions with extraneous variance: single and
    independent samples, Journal of the American Statistical Association 68, 1973. Before there are
    trials r is such that the weight is `KERNEL_WEIGHT`.
    """

    def _kernel_weight(self, model: str) -> float:
        samples = [s for (name, _), s in self._kernels.items() if name == model and s.number]
        whole = _Sample()
        for sample in samples:
            whole.merge(sample)
        variance = whole.spread / max(1, whole.number)
        freedom = whole.number - len(samples)
        prior = KERNEL_WEIGHT / (1.0 + KERNEL_WEIGHT) * VARIANCE_WEIGHT / 4
        within = prior + sum(sample.spread for sample in samples)
        part = min(within / (VARIANCE_WEIGHT / 4 + freedom * variance), MOST_WITHIN)
        return part / (1.0 - part)


class _Speedups:
    """Logarithms of speedups: how far kernels differ, and how far the answers to one."""

    def __init__(self) -> None:
        self._kernels: dict[str, _Sample] = defaultdict(_Sample)

    def add(self, kernel: str, speedup: float) -> None:
        self._kernels[kernel].add(math.log(speedup))
        for name in ("_center", "_within", "_between"):
            self.__dict__.pop(name, None)

    def predictive(self, kernel: str) -> tuple[float, float]:
        """Mean and standard deviation of the next answer to a kernel."""
        sample = self._kernels.get(kernel, _Sample())
        within = self._variance(sample)
        own, others = sample.number / within, 1.0 / self._between
        mean = (own * sample.mean + others * self._center) / (own + others)
        return mean, math.sqrt(1.0 / (own + others) + within)

    def _variance(self, sample: _Sample) -> float:
        """That of the answers to one kernel, shrunk to that of all."""
        freedom = max(0, sample.number - 1)
        return (SPREAD_WEIGHT * self._within + sample.spread) / (SPREAD_WEIGHT + freedom)

    @cached_property
    def _center(self) -> float:
        means = [sample.mean for sample in self._kernels.values()]
        return (SPEEDUP + sum(means)) / (1 + len(means))

    @cached_property
    def _within(self) -> float:
        """The variance of the answers to one kernel."""
        samples = self._kernels.values()
        freedom = sum(sample.number - 1 for sample in samples)
        return (DEVIATION**2 + sum(sample.spread for sample in samples)) / (1 + freedom)

    @cached_property
    def _between(self) -> float:
        """The variance of the kernels' means."""
        distances = [(sample.mean - self._center) ** 2 for sample in self._kernels.values()]
        return (DEVIATION**2 + sum(distances)) / (1 + len(distances))


class Estimates:
    """Estimates from trials, for kernels as they stand."""

    def __init__(self, standings: Iterable[Standing], trials: Iterable[Trial]) -> None:
        self._standings = {standing.kernel: standing for standing in standings}
        self._candidates: dict[str, Trial] = {}
        self._right: set[str] = set()
        self._seen_once: dict[str, tuple[str, str]] = {}
        self._success = _Shares(SUCCESS)
        self._novelty = _Shares(NOVELTY)
        self._refinement = _Means(REFINEMENT)
        self._speedups = _Speedups()
        self._known: dict[tuple[str, str, str, str], Estimate] = {}
        for trial in trials:
            self._learn(trial)

    def _learn(self, trial: Trial) -> None:
        model, kernel, kind = trial.model, trial.kernel, self.kind(trial)
        self._success.add(model, kind, kernel, trial.accepted)
        new = not trial.candidate or trial.candidate not in self._candidates
        if trial.candidate and new:
            self._candidates[trial.candidate] = trial
        if not trial.accepted:
            return
        if kernel in self._right:
            self._novelty.add(model, kind, kernel, new)
        if not new:
            self._seen_again(trial.candidate)
            return
        if kernel in self._right:
            self._seen_once[trial.candidate] = (model, kernel)
        self._right.add(kernel)
        self._speedups.add(kernel, trial.speedup)
        if kind == "refine" and (parent := self._candidates.get(trial.parent)):
            rise = math.log(trial.speedup) - math.log(max(1.0, parent.speedup))
            self._refinement.add(model, kind, kernel, max(0.0, rise))

    def _seen_again(self, candidate: str) -> None:
        """It tells no more of answers that are still unseen."""
        if found := self._seen_once.pop(candidate, None):
            self._novelty.take_back(*found)

    def pretend_failure(self, option: Option) -> None:
        """Count an option that was funded and of which nothing is known yet as a failure.

        The constant liar of D. Ginsbourger, R. Le Riche, L. Carraro: Kriging is well-suited to
        parallelize optimization, 2010: what is chosen beside it should promise something even so.
        """
        self._success.add_to_kernel(option.model, option.kernel, 0.0)
        about = (option.kernel, option.model)
        self._known = {key: value for key, value in self._known.items() if key[:2] != about}

    def kind(self, step: Option | Trial) -> Kind:
        """What a step starts from: nothing, an accepted candidate or a rejected one."""
        if step.action == "new":
            return "new"
        parent = self._candidates.get(step.parent)
        return "repair" if parent is not None and not parent.accepted else "refine"

    def of(self, option: Option) -> Estimate:
        """What an option promises."""
        key = (option.kernel, option.model, option.action, option.parent)
        if key not in self._known:
            self._known[key] = self._estimate(option)
        return self._known[key]

    def _estimate(self, option: Option) -> Estimate:
        where = (option.model, self.kind(option), option.kernel)
        standing = self._standings[option.kernel]
        best = math.log(max(1.0, standing.best))
        room = math.inf if standing.ceiling is None else max(0.0, math.log(standing.ceiling) - best)
        if where[1] == "refine":
            improvement = min(room, self._refinement.mean(*where))
        else:
            mean, deviation = self._speedups.predictive(option.kernel)
            improvement = expected_improvement(mean - best, deviation, room)
        novelty = self._novelty.mean(*where) if option.kernel in self._right else 1.0
        return Estimate(self._success.mean(*where), novelty, improvement)


def expected_improvement(mean: float, deviation: float, room: float = math.inf) -> float:
    """E[min(max(0, X), room)] of a normal X; ``deviation`` is positive.

    X is by how much the next value exceeds the best so far, ``room`` what is left to the ceiling.
    """
    if math.isinf(room):
        return _mean_excess(mean, deviation)
    return max(0.0, _mean_excess(mean, deviation) - _mean_excess(mean - room, deviation))


def _mean_excess(mean: float, deviation: float) -> float:
    z = mean / deviation
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return max(0.0, mean * 0.5 * math.erfc(-z / math.sqrt(2.0)) + deviation * density)
