"""What is waited for together ends in time, whatever each program may take by itself."""

from __future__ import annotations

import time
from pathlib import Path

from parallel_agent.toolchain import deadline, sandbox
from parallel_agent.toolchain.pool import Pool
from parallel_agent.toolchain.sandbox import Limits

LONG = Limits(wall_seconds=60.0)


def slept(directory: Path) -> bool:
    """Whether a program that would sleep for a minute was ended for want of time."""
    return sandbox.run(["sleep", "60"], cwd=directory, limits=LONG).timed_out


def test_a_deadline_bounds_the_sum_and_ends_with_its_block(tmp_path: Path) -> None:
    with deadline.within(0.2):
        assert slept(tmp_path)
        assert slept(tmp_path)  # the time is up already
    assert deadline.by(50.0) > time.perf_counter() + 40.0


def test_the_nearer_one_of_two_holds() -> None:
    with deadline.within(5.0):
        with deadline.within(1000.0):
            assert deadline.by(100.0) < time.perf_counter() + 6.0
        with deadline.within(1.0):
            assert deadline.by(100.0) < time.perf_counter() + 2.0


def test_it_holds_for_what_a_pool_does(tmp_path: Path) -> None:
    with deadline.within(0.2), Pool(1) as pool:
        assert pool.submit(slept, tmp_path).result()
