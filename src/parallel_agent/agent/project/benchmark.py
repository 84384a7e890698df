"""One run of the user's benchmark: its number, its time on the clock, and what it printed."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from parallel_agent.agent.project.spec import ProjectSpec
from parallel_agent.toolchain.sandbox import Completed


class NoNumber(ValueError):
    """The benchmark's output has no number where the regular expression looks for one."""


@dataclass(frozen=True)
class BenchRun:
    """One run. ``seconds`` is what is compared: a time, or what is smaller when it is better."""

    value: float
    """As the benchmark says it, or seconds on the clock."""
    seconds: float
    wall: float
    rest: str
    """What it printed, without its number."""


def read_run(done: Completed, spec: ProjectSpec) -> BenchRun:
    """What a run of the benchmark says. Raises NoNumber."""
    if not spec.metric:
        return BenchRun(done.seconds, done.seconds, done.seconds, done.stdout)
    printed = done.stdout + done.stderr
    found = list(re.finditer(spec.metric, printed, re.MULTILINE))
    if len(found) != 1:
        times = "nowhere" if not found else f"in {len(found)} places"
        raise NoNumber(f"--metric matches {times} of what the benchmark prints")
    value = _number(found[0][1])
    start, end = found[0].span(1)
    rest = printed[:start] + printed[end:]
    return BenchRun(value, 1.0 / value if spec.higher_is_better else value, done.seconds, rest)


def _number(text: str | None) -> float:
    try:
        value = float((text or "").replace(",", ""))
    except ValueError:
        raise NoNumber(f"--metric finds '{text}', which is no number") from None
    if not (math.isfinite(value) and value > 0):
        raise NoNumber(f"--metric finds {value:g}, which is no positive number")
    return value


def difference(original: BenchRun, candidate: BenchRun, spec: ProjectSpec) -> str | None:
    """Where the output of a run differs from the original's, if it must be the same."""
    if not spec.same_output or original.rest == candidate.rest:
        return None
    pairs = zip(original.rest.splitlines(), candidate.rest.splitlines(), strict=False)
    for number, (expected, got) in enumerate(pairs, start=1):
        if expected != got:
            return f"the benchmark's line {number} is '{got[:80]}', and was '{expected[:80]}'"
    return "the benchmark prints another number of lines"
