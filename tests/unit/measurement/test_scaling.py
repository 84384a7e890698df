from __future__ import annotations

import pytest

from parallel_agent.measurement.round_robin import ProgramSamples, RoundRobin
from parallel_agent.measurement.scaling import amdahl, karp_flatt, scaling_of, thread_steps


def test_threads_double_up_to_all() -> None:
    assert [thread_steps(n) for n in (1, 2, 3, 8)] == [(1,), (1, 2), (1, 2, 3), (1, 2, 4, 8)]


@pytest.mark.parametrize("fraction", [0.0, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("threads", [2, 3, 64])
def test_karp_and_flatt_undo_amdahl(fraction: float, threads: int) -> None:
    assert karp_flatt(amdahl(fraction, threads), threads) == pytest.approx(fraction)


def test_one_thread_tells_no_serial_fraction() -> None:
    assert karp_flatt(1.0, 1) is None


def test_a_program_that_gains_more_than_its_threads_has_a_negative_fraction() -> None:
    fraction = karp_flatt(2.5, 2)
    assert fraction is not None and fraction < 0


def _timed(*seconds: float, failed: int | None = None) -> RoundRobin:
    programs = tuple(
        ProgramSamples(
            seconds=(each,) * (3 if number == failed else 7),
            child_seconds=(each,) * 7,
            failure="it differs" if number == failed else "",
        )
        for number, each in enumerate(seconds)
    )
    return RoundRobin(instances=1, programs=programs, stopped="precise")


def test_each_number_of_threads_is_held_against_the_original_and_against_one() -> None:
    one, two = scaling_of(_timed(6.0, 4.0, 2.5), (1, 2))
    assert (one.threads, one.speedup, one.relative) == (1, 1.5, 1.0)
    assert (two.threads, two.speedup, two.relative) == (2, pytest.approx(2.4), pytest.approx(1.6))
    assert two.efficiency == pytest.approx(0.8)
    assert two.serial_fraction == pytest.approx(0.25)


def test_what_failed_is_left_out() -> None:
    assert [at.threads for at in scaling_of(_timed(6.0, 4.0, 2.5, failed=2), (1, 2))] == [1]
    assert scaling_of(_timed(6.0, 4.0, 2.5, failed=1), (1, 2)) == ()
