"""Calibrating the tolerance of each floating-point result from the original itself."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from parallel_agent.kernel.comparison import EXACT, Bound, Comparison, Step, Tolerance, extent
from parallel_agent.kernel.contract import ContractError
from parallel_agent.kernel.source import Kernel
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.verification.envelope import UNSTABLE, UNSTABLE_SHARE, Spread, fit
from parallel_agent.verification.reference import Case, Reference
from parallel_agent.verification.results import real
from parallel_agent.verification.sensitivity import (
    Movement,
    Observation,
    Sensors,
    rebuild,
    sensors,
)

LARGE = 16
"""The product of sizes from which a result must have a finite number now and then."""
FEW = 32
"""Elements of a result at one size that are too few to tell a relative error from an absolute."""
_MOST_LOOKED_UP = 1 << 18
"""Numbers of a result that are looked for among the inputs."""


def calibrate(
    reference: Reference, kernel: Kernel, compiler: Compiler, directory: Path
) -> Comparison:
    """The contract's comparison with the calibrated tolerance of every floating-point result.

    The user's own tolerance is left as it is. Runs the original on all inputs for checking and on
    one or two for each timed size, and builds it twice more in ``directory``. Raises ContractError
    for a result that is NaN or infinite everywhere, WorkerError where the original fails.
    """
    comparison = reference.contract.comparison
    if comparison.given:
        return comparison
    gauges: dict[str, Gauge] = {}
    with sensors(reference, rebuild(compiler, kernel, directory)) as asked:
        for sizes, observations in _by_size(asked, reference):
            for name in {name for seen in observations for name in seen.movements}:
                gauge = gauges.setdefault(name, Gauge(name))
                gauge.add(sizes, [seen for seen in observations if name in seen.movements])
        missing = "".join(f"; the build '{name}' failed" for name in asked.missing)
    results = {name: gauges[name].tolerance(missing) for name in sorted(gauges)}
    return comparison.model_copy(update={"results": results})


def _by_size(
    asked: Sensors, reference: Reference
) -> Iterator[tuple[Mapping[str, int], list[Observation]]]:
    """What was seen at each size, smallest first."""
    cases = [*reference.check_cases(), *_timing_cases(reference)]
    cases.sort(key=lambda case: (extent(case.sizes), tuple(case.sizes.values())))
    for sizes, group in itertools.groupby(cases, key=lambda case: case.sizes):
        yield sizes, [asked.observe(case) for case in group]


def _timing_cases(reference: Reference) -> Iterator[Case]:
    """Two inputs for every timed size but the largest, which takes long and has one."""
    largest = len(reference.timing_sizes) - 1
    for position, sizes in enumerate(reference.timing_sizes):
        for draw in range(1 if position == largest else 2):
            yield reference.case(sizes, (reference.seed, 1000, position, draw))


@dataclass
class Gauge:
    """What was seen of one result, size by size."""

    name: str
    copies: bool = True
    rounded: bool = False
    least: float = math.inf
    most: float = -math.inf
    large: bool = False
    scale: float = 0.0
    unit: float = 0.0
    bound: Bound = EXACT
    steps: list[Step] = field(default_factory=list)
    unstable: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    few: list[tuple[Any, Any]] = field(default_factory=list)
    seen: str = ""

    def add(self, sizes: Mapping[str, int], observations: list[Observation]) -> None:
        """Take in what was seen at one size; sizes come in ascending order."""
        movements = [seen.movements[self.name] for seen in observations]
        for seen, movement in zip(observations, movements, strict=True):
            self._note(movement, seen.inputs, sizes)
        spread = Spread.of(movements, self.unit)
        if self.large and any(len(m.values) for m in movements) and not spread.values.any():
            self.silent.append(_shown(sizes))
        if len(spread.values) == 0:
            return
        # A single number may be near zero by chance; at the size before, it was another one.
        scale, self.scale = max(self.scale, spread.rms), spread.rms
        wild = spread.wild(scale)
        if wild.mean() > UNSTABLE_SHARE:
            self.unstable.append(_shown(sizes))
            self.steps.append(Step(upto=dict(sizes)))
            return
        self.seen = _seen(movements, scale, sizes)
        tame = spread.without(wild)
        found = fit(*self._enough(tame), self.unit)
        # Errors grow with the sizes; where they seem not to, chance may have been kind.
        relative, absolute = (_round_up(max(pair)) for pair in zip(self.bound, found, strict=True))
        self.bound = found
        self.steps.append(Step(upto=dict(sizes), relative=relative, absolute=absolute))

    def _enough(self, spread: Spread) -> tuple[Any, Any]:
        """Values and errors to fit: where they are few, with those of smaller sizes in proportion.

        Whether the error goes with the value shows in how both vary from input to input.
        """
        top, most = spread.rms, spread.error.max(initial=0.0)
        if len(spread.values) >= FEW or top == 0 or most == 0:
            return spread.values, spread.error
        self.few.append((spread.values / top, spread.error / most))
        values, errors = (np.concatenate(parts) for parts in zip(*self.few, strict=True))
        return values * top, errors * most

    def _note(self, movement: Movement, inputs: Any, sizes: Mapping[str, int]) -> None:
        """What the kind of comparison depends on, and whether there is anything to compare."""
        numbers = real(movement.values)
        self.unit = float(np.finfo(numbers.dtype).eps) / 2
        self.rounded |= bool((movement.rounding > 0).any() or (movement.rebuilt > 0).any())
        self.copies = self.copies and _are_copies(numbers, inputs)
        finite = numbers[np.isfinite(numbers)]
        self.least = min(self.least, float(finite.min(initial=math.inf)))
        self.most = max(self.most, float(finite.max(initial=-math.inf)))
        self.large |= len(numbers) > 0 and extent(sizes) >= LARGE

    def tolerance(self, note: str = "") -> Tolerance:
        """The calibrated tolerance; ContractError if all that was seen is NaN or infinite.

        ``note`` goes with the evidence.
        """
        if self.large and self.least > self.most:
            raise ContractError(
                f"the result '{self.name}' is NaN or infinite in every run of the original, which"
                " says nothing: give the parameters values for which it is defined"
            )
        if self.copies:
            evidence = "a selection: every number occurs among the inputs: compared exactly"
            return Tolerance(evidence=evidence, caution=self._caution())
        if not self.rounded:
            evidence = "nothing was rounded on the way to it: compared exactly"
            return Tolerance(evidence=evidence, caution=self._caution())
        steps = _merged(self.steps)
        return Tolerance(evidence=self.seen + note, caution=self._caution(), steps=steps)

    def _caution(self) -> str:
        """What the comparison cannot tell; empty if there is nothing of the kind."""
        if self.least == self.most:
            return f"is {self.least:g} in every run, which says little"
        if self.unstable and not self.copies:
            return (
                f"moves by more than {UNSTABLE:.1%} under rounding errors alone at "
                f"{'; '.join(self.unstable)}: only the same numbers are accepted there"
            )
        if self.silent:
            sizes = "; ".join(self.silent)
            return f"is nothing but 0, NaN or infinite at {sizes}, which says little"
        return ""


def _are_copies(numbers: Any, inputs: Any) -> bool:
    """True if every number occurs among the inputs, or is one that searches begin with."""
    limits = np.finfo(numbers.dtype)
    known = np.array([0, 1, -1, limits.max, limits.min, np.inf, -np.inf], numbers.dtype)
    some = numbers[:: 1 + len(numbers) // _MOST_LOOKED_UP]
    some = some[~np.isnan(some)]
    return bool(np.isin(some, np.concatenate([known, inputs])).all())


def _seen(movements: list[Movement], scale: float, sizes: Mapping[str, int]) -> str:
    def share(way: str) -> str:
        most = max(float(getattr(movement, way).max(initial=0.0)) for movement in movements)
        return f"{most / scale if scale else 0.0:.1e}"

    return (
        f"moves, of its rms at {_shown(sizes)}, by {share('noise')} under last-bit noise in the"
        f" inputs, {share('rounding')} if all operations round the same way, {share('rebuilt')} in"
        " other builds"
    )


def _shown(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {size}" for name, size in sizes.items()) or "its only size"


def _round_up(number: float) -> float:
    """The next number of two digits in a coarse series."""
    if number == 0:
        return 0.0
    exponent = math.floor(math.log10(number))
    for digits in ("1", "1.5", "2", "3", "5", "7"):
        if (rounded := float(f"{digits}e{exponent}")) >= number:
            return rounded
    return float(f"1e{exponent + 1}")


def _merged(steps: list[Step]) -> list[Step]:
    """The steps without those whose tolerance the steps around them have too."""
    bounds = [step.bound for step in steps]
    return [
        step
        for i, step in enumerate(steps)
        if i in (0, len(steps) - 1) or not bounds[i - 1] == bounds[i] == bounds[i + 1]
    ]
