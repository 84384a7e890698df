"""Timing many programs at once: in turns on the same fresh inputs, every result checked.

What `time_pair` is for two, for any number: where programs are compared with one another, times
taken minutes apart would compare the machine's moods.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from parallel_agent.measurement.plan import TimingPlan
from parallel_agent.measurement.statistics import ratio_interval
from parallel_agent.measurement.timing import Check, Draw, timed
from parallel_agent.toolchain.memory import Snapshot
from parallel_agent.toolchain.runner import Timing, Worker, WorkerError

Stop = Literal["precise", "max_rounds", "max_seconds"]
"""Why no more rounds were run."""


class ProgramSamples(BaseModel):
    """The times of one program, one for each round; seconds per call.

    ``failure`` says why it left: what it answered differs from the first program's, or it failed.
    Then it has fewer samples than the others, those of the rounds before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: tuple[float, ...]
    child_seconds: tuple[float, ...]
    """By the worker's own clock, which decides nothing."""
    failure: str = ""


class RoundRobin(BaseModel):
    """The timing of several programs at one size, in the order in which they were given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instances: int
    """Calls that were timed together, each with inputs of its own."""
    programs: tuple[ProgramSamples, ...]
    stopped: Stop


def time_round_robin(
    workers: Sequence[Worker],
    draw: Draw,
    check: Check,
    *,
    instances: int,
    rng: np.random.Generator,
    plan: TimingPlan,
) -> RoundRobin:
    """Time all workers in every round, and compare all they answer with what the first answers.

    All read the same inputs, drawn anew for each round, from memory that they must share: ValueError
    if they do not, or if there is none. Every other round runs backwards (ABC, CBA), and every
    second one starts with the next program (BCA, ACB), so that no place in the order is anyone's.
    Of the plan, ``min_pairs``, ``max_pairs`` and ``warmup`` are rounds here, ``max_seconds`` are of the
    whole timing, and it is precise when the ratio of the first to every other program is. A program
    that fails leaves, and the others go on; WorkerError if the first one fails.
    """
    if not workers or any(worker.inputs is not workers[0].inputs for worker in workers):
        raise ValueError("the workers do not share their inputs")
    programs = [_Program(worker) for worker in workers]
    ring = _Ring(programs, draw, check, instances, rng)
    started = time.perf_counter()
    for number in range(plan.warmup):
        ring.run(number)
    for program in programs:
        program.timings.clear()
    stopped: Stop | None = None
    rounds = 0
    while stopped is None:
        ring.run(rounds)
        rounds += 1
        stopped = _stop(programs, rounds, time.perf_counter() - started, plan)
    samples = tuple(program.samples(instances) for program in programs)
    return RoundRobin(instances=instances, programs=samples, stopped=stopped)


def order(number: int, programs: int) -> list[int]:
    """The positions of the programs in the order in which the round of that number runs them."""
    start = number // 2 % programs
    turned = [(start + position) % programs for position in range(programs)]
    return turned if number % 2 == 0 else turned[::-1]


@dataclass
class _Program:
    """One worker with its times so far."""

    worker: Worker
    timings: list[Timing] = field(default_factory=list)
    answer: Snapshot = field(default_factory=Snapshot)
    failure: str = ""

    def samples(self, instances: int) -> ProgramSamples:
        return ProgramSamples(
            seconds=tuple(t.seconds / instances for t in self.timings),
            child_seconds=tuple(t.child_seconds / instances for t in self.timings),
            failure=self.failure,
        )


@dataclass(frozen=True)
class _Ring:
    """All programs, the first of which is right, and what they are run on."""

    programs: Sequence[_Program]
    draw: Draw
    check: Check
    instances: int
    rng: np.random.Generator

    def run(self, number: int) -> None:
        """One run of each on the same new inputs; who fails in it is marked."""
        length = self.draw(self.rng, self.instances, self.programs[0].worker.inputs.room())
        outputs: dict[int, memoryview] = {}
        for position in order(number, len(self.programs)):
            program = self.programs[position]
            if program.failure:
                continue
            try:
                timing = timed(program.worker, length, self.instances)
                outputs[position] = program.answer.take(program.worker.collect())
            except WorkerError as error:
                if position == 0:
                    raise
                program.failure = str(error)
            else:
                program.timings.append(timing)
        expected = outputs.pop(0)
        for position, got in outputs.items():
            difference = self.check(expected, got, self.instances)
            if difference is not None:
                self.programs[position].failure = difference


def _stop(
    programs: Sequence[_Program], rounds: int, elapsed: float, plan: TimingPlan
) -> Stop | None:
    """Why to stop after these rounds; None to go on."""
    if rounds < plan.min_pairs:
        return None
    first, *others = [
        [timing.seconds for timing in program.timings]
        for program in programs
        if not program.failure
    ]
    if all(ratio_interval(first, other).width <= plan.precision for other in others):
        return "precise"
    if rounds >= plan.max_pairs:
        return "max_rounds"
    return "max_seconds" if elapsed >= plan.max_seconds else None
