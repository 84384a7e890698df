"""Timing real kernels in real workers. Only the order of things is asserted, never a time."""

from __future__ import annotations

import gc
import struct
from contextlib import contextmanager

import numpy as np
import psutil
import pytest

from parallel_agent.measurement.plan import TimingPlan
from parallel_agent.measurement.round_robin import order, time_round_robin
from parallel_agent.measurement.statistics import noise_floor
from parallel_agent.measurement.timing import MismatchError, choose_instances, time_pair
from parallel_agent.toolchain.adapter import AdapterParameter, AdapterSpec, adapter_sources
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.runner import SharedMemory, Worker, WorkerDied
from parallel_agent.toolchain.sandbox import Limits

LIMITS = Limits(wall_seconds=60.0)
SPEC = AdapterSpec(
    function="smooth",
    parameters=(
        AdapterParameter(name="x", type="std::vector<double>", passing="const reference"),
        AdapterParameter(name="rounds", type="int", passing="value"),
    ),
    returns="double",
)
# The last round is all that counts, so that the rounds before it are work nobody needs.
KERNEL = """
#include <cmath>
#include <vector>
double smooth(const std::vector<double>& x, int rounds) {
    double result = 0;
    for (int round = FIRST; round < rounds; ++round) {
        double sum = 0;
        for (double value : x) sum += std::sqrt(value + round);
        result = sum;
    }
    return RESULT;
}
"""
ROUNDS = 2000
LENGTH = 500
PLAN = TimingPlan(warmup=2, min_pairs=3, max_pairs=6, max_seconds=60.0)


def kernel(first="0", result="result"):
    return KERNEL.replace("FIRST", first).replace("RESULT", result)


SOURCES = {
    "original": kernel(),
    "quick": kernel(first="rounds - 1"),
    "wrong": kernel(result="result + (x[0] > 0.5)"),
    "crash": kernel(result="x[0] > 0.5 ? *(volatile double*)nullptr : result"),
}


class Watched(Worker):
    """A worker that tells in which order workers ran, and whether garbage was collected then."""

    log: list[tuple[Worker, bool]]

    def go(self):
        self.log.append((self, gc.isenabled()))
        return super().go()


@pytest.fixture(scope="module")
def binaries(tmp_path_factory):
    directory = tmp_path_factory.mktemp("timing")
    compiled = {
        name: Compiler.find().compile(
            adapter_sources(SPEC, source), directory=directory / name, output="worker"
        )
        for name, source in SOURCES.items()
    }
    assert [c.stderr for c in compiled.values() if not c.ok] == []
    return {name: c.binary for name, c in compiled.items()}


@pytest.fixture
def start(binaries, tmp_path):
    """Starts a worker of that name; all share their inputs."""
    with SharedMemory() as shared:

        @contextmanager
        def started(*names):
            workers = [
                Worker(binaries[n], threads=1, limits=LIMITS, directory=tmp_path, inputs=shared)
                for n in names
            ]
            try:
                yield workers
            finally:
                for worker in workers:
                    worker.close()

        yield started


def payload(x):
    return struct.pack("<Q", len(x)) + x.tobytes() + struct.pack("<i4x", ROUNDS)


class Draws:
    """Draws inputs, and keeps them all."""

    def __init__(self, low=0.0, high=1.0):
        self.low, self.high = low, high
        self.payloads = []

    def __call__(self, rng, instances, room):
        calls = (payload(rng.uniform(self.low, self.high, LENGTH)) for _ in range(instances))
        self.payloads.append(b"".join(calls))
        room[: len(self.payloads[-1])] = self.payloads[-1]
        return len(self.payloads[-1])


class Exact:
    """Outputs must be equal; counts how often that was looked at."""

    def __init__(self):
        self.checked = 0

    def __call__(self, expected, got, instances):
        assert len(expected) == instances * (8 + 8 + 8 * LENGTH + 8) - 4  # no padding at the end
        self.checked += 1
        return None if expected == got else "they differ"


def timed(workers, draw, check, **options):
    options = {"instances": 2, "plan": PLAN, **options}
    return time_pair(*workers, draw, check, rng=np.random.default_rng(5), **options)


def test_a_candidate_that_does_a_fraction_of_the_work_wins(start):
    draw, check = Draws(), Exact()
    with start("original", "quick") as workers:
        samples = timed(workers, draw, check)
    assert samples.interval.ratio > 2
    assert samples.stopped in ("won", "precise", "max_pairs")
    assert PLAN.min_pairs <= len(samples.original) == len(samples.candidate) <= PLAN.max_pairs
    assert np.median(samples.original_child) > np.median(samples.candidate_child)
    assert type(samples).model_validate_json(samples.model_dump_json()) == samples


def test_the_same_the_other_way_round_loses(start):
    with start("quick", "original") as workers:
        samples = timed(workers, Draws(), Exact())
    assert samples.interval.ratio < 0.5


def test_every_repetition_has_new_inputs_and_is_checked(start):
    draw, check = Draws(), Exact()
    with start("original", "original") as workers:
        samples = timed(workers, draw, check)
    pairs = PLAN.warmup + len(samples.original)
    assert check.checked == len(draw.payloads) == len(set(draw.payloads)) == pairs
    assert noise_floor(samples.original, samples.candidate) >= 0.01


def test_a_first_look_uses_a_few_inputs_in_turn_and_checks_every_pair(start):
    draw, check = Draws(), Exact()
    with start("original", "original") as workers:
        samples = timed(workers, draw, check, plan=PLAN.model_copy(update={"inputs": 2}))
    assert len(draw.payloads) == 2
    assert check.checked == PLAN.warmup + len(samples.original)


def test_pairs_are_interleaved_in_the_order_abba_without_garbage_collection(binaries, tmp_path):
    options = {"threads": 1, "limits": LIMITS, "directory": tmp_path}
    log = Watched.log = []
    plan = TimingPlan(warmup=0, min_pairs=4, max_pairs=4)
    with (
        Watched(binaries["original"], **options) as one,
        Watched(binaries["original"], inputs=one.inputs, **options) as other,
    ):
        timed((one, other), Draws(), Exact(), plan=plan)
    assert [worker for worker, _ in log] == [one, other, other, one] * 2
    assert not any(enabled for _, enabled in log)
    assert gc.isenabled()


def test_a_candidate_that_is_wrong_is_reported(start):
    with start("original", "wrong") as workers, pytest.raises(MismatchError, match="they differ"):
        timed(workers, Draws(), Exact())


def test_a_candidate_that_is_wrong_once_only_is_reported(start):
    """Right in the warm-up and the first pairs, wrong in a pair that is timed."""
    right, wrong = Draws(0.0, 0.5), Draws(0.6, 1.0)

    def draw(rng, instances, room):
        turn = wrong if len(right.payloads) == PLAN.warmup + 1 else right
        return turn(rng, instances, room)

    with start("original", "wrong") as workers, pytest.raises(MismatchError):
        timed(workers, draw, Exact())
    assert len(wrong.payloads) == 1


def test_a_candidate_that_crashes_is_an_error(start):
    with start("original", "crash") as workers, pytest.raises(WorkerDied):
        timed(workers, Draws(0.6, 1.0), Exact())


def test_workers_that_read_different_inputs_are_refused(start, binaries, tmp_path):
    with (
        start("original") as (original,),
        Worker(binaries["quick"], threads=1, limits=LIMITS, directory=tmp_path) as stranger,
        pytest.raises(ValueError, match="share"),
    ):
        timed((original, stranger), Draws(), Exact())


def test_instances_double_until_the_target_or_a_cap_is_reached(start):
    rng, one = (
        np.random.default_rng(6),
        Draws()(np.random.default_rng(6), 1, memoryview(bytearray(1 << 20))),
    )
    with start("quick") as (worker,):
        assert choose_instances(worker, Draws(), rng, target_seconds=0.0) == 1
        assert choose_instances(worker, Draws(), rng, target_seconds=1e9, cap=20) == 16
        capped = choose_instances(worker, Draws(), rng, target_seconds=1e9, max_bytes=9 * one)
        assert capped == 8
        assert choose_instances(worker, Draws(), rng, target_seconds=1e9, max_bytes=1) == 1


def test_a_program_without_threads_is_pinned_like_one_with_threads(start):
    with start("original", "quick") as workers:
        for worker in workers:
            worker.call(payload(np.ones(3)))
        started = psutil.Process().children(recursive=True)  # by launchers, which wait for them
        cores = [child.cpu_affinity() for child in started if not child.children()]
    assert len(cores) == 2
    assert cores[0] == cores[1]
    assert len(cores[0]) == 1


def in_turns(workers, draw, check, plan=PLAN):
    rng = np.random.default_rng(5)
    return time_round_robin(workers, draw, check, instances=2, rng=rng, plan=plan)


def test_any_number_of_programs_is_timed_on_the_same_inputs_and_checked(start):
    draw, check = Draws(), Exact()
    with start("original", "quick", "original") as workers:
        timing = in_turns(workers, draw, check)
    original, quick, twin = timing.programs
    rounds = len(original.seconds)
    assert PLAN.min_pairs <= rounds <= PLAN.max_pairs
    assert rounds == len(quick.seconds) == len(twin.child_seconds)
    assert np.median(quick.seconds) < np.median(original.seconds)
    assert len(set(draw.payloads)) == PLAN.warmup + rounds
    assert check.checked == 2 * len(draw.payloads)
    assert [program.failure for program in timing.programs] == ["", "", ""]


def test_programs_run_in_the_order_of_their_round(binaries, tmp_path):
    options = {"threads": 1, "limits": LIMITS, "directory": tmp_path}
    log = Watched.log = []
    with (
        Watched(binaries["original"], **options) as one,
        Watched(binaries["quick"], inputs=one.inputs, **options) as two,
        Watched(binaries["quick"], inputs=one.inputs, **options) as three,
    ):
        workers = (one, two, three)
        in_turns(workers, Draws(), Exact(), TimingPlan(warmup=0, min_pairs=3, max_pairs=3))
    assert [w for w, _ in log] == [workers[p] for turn in range(3) for p in order(turn, 3)]
    assert not any(enabled for _, enabled in log)


def test_a_program_that_is_wrong_or_dies_leaves_and_the_others_go_on(start):
    """Right in the warm-up and the first round, wrong in the second."""
    right, wrong = Draws(0.0, 0.5), Draws(0.6, 1.0)

    def draw(rng, instances, room):
        turn = right if len(right.payloads) < PLAN.warmup + 1 else wrong
        return turn(rng, instances, room)

    with start("original", "wrong", "crash", "quick") as workers:
        original, other, dead, quick = in_turns(workers, draw, Exact()).programs
    assert other.failure == "they differ"
    assert "SIGSEGV" in dead.failure or "ended" in dead.failure
    assert len(dead.seconds) == 1
    assert len(quick.seconds) == len(original.seconds) >= PLAN.min_pairs


def test_the_first_program_must_not_fail(start):
    with start("crash", "original") as workers, pytest.raises(WorkerDied):
        in_turns(workers, Draws(0.6, 1.0), Exact())


def test_programs_that_read_different_inputs_are_not_timed_in_turns(start, binaries, tmp_path):
    with (
        start("original") as (original,),
        Worker(binaries["quick"], threads=1, limits=LIMITS, directory=tmp_path) as stranger,
        pytest.raises(ValueError, match="share"),
    ):
        in_turns((original, stranger), Draws(), Exact())
