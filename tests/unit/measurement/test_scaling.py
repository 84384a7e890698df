from __future__ import annotations

import pytest

from parallel_agent.measurement.round_robin import ProgramSamples, RoundRobin
from parallel_agent.measurement.scaling import (
    Scaling,
    amdahl,
    karp_flatt,
    predictions,
    scaling_of,
    serial_fraction,
    thread_steps,
)
from parallel_agent.measurement.timing import MismatchError
from report_samples import point


def scaling(one: tuple[float, float, float], two: tuple[float, float, float]) -> Scaling:
    return Scaling(sizes={"n": 9}, points=(point(1, *one), point(2, *two, one[0])))


@pytest.mark.parametrize(
    ("most", "counts"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (4, [1, 2, 4]), (6, [1, 2, 4, 6])]
)
def test_powers_of_two_and_the_most(most: int, counts: list[int]) -> None:
    assert list(thread_steps(most)) == counts


@pytest.mark.parametrize("fraction", [0.0, 0.05, 0.5, 1.0])
@pytest.mark.parametrize("threads", [2, 4, 64])
def test_karp_and_flatt_find_what_amdahl_put_in(fraction: float, threads: int) -> None:
    assert karp_flatt(amdahl(fraction, threads), threads) == pytest.approx(fraction)


def test_a_fraction_is_of_the_candidate_and_not_of_the_original() -> None:
    found = serial_fraction(scaling((10.0, 9.9, 10.1), (16.0, 15.8, 16.2)))
    assert found is not None
    assert found.gain == pytest.approx(1.6)
    assert found.value == pytest.approx(0.25)
    assert found.low < found.value < found.high


def test_predictions_are_of_more_threads_than_were_measured_and_in_between() -> None:
    found = predictions(scaling((10.0, 9.9, 10.1), (16.0, 15.8, 16.2)))
    assert [p.threads for p in found] == [4, 8]
    assert found[0].speedup == pytest.approx(10 / (0.25 + 0.75 / 4))
    assert all(p.low < p.speedup < p.high < 10 * p.threads for p in found)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ((1.0, 0.9, 1.1), (2.0, 1.9, 2.1)),  # ideal as far as can be told
        ((1.0, 0.9, 1.1), (2.6, 2.5, 2.7)),  # better than ideal
        ((1.0, 0.9, 1.1), (1.05, 1.0, 1.1)),  # perhaps no gain at all
        ((1.0, 0.9, 1.1), (0.5, 0.4, 0.6)),  # a loss
    ],
)
def test_nothing_is_predicted_from_what_is_not_told_from_noise(
    one: tuple[float, float, float], two: tuple[float, float, float]
) -> None:
    assert predictions(scaling(one, two)) == []


def test_one_number_of_threads_says_nothing() -> None:
    assert serial_fraction(Scaling(sizes={}, points=(point(1, 2.0, 1.9, 2.1),))) is None
    assert serial_fraction(Scaling(sizes={}, points=())) is None


def timed(*seconds: float, failed: int | None = None) -> RoundRobin:
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
    one, two = scaling_of(timed(6.0, 4.0, 2.5), (1, 2), {"n": 9}).points
    assert (one.threads, one.speedup, one.relative) == (1, 1.5, 1.0)
    assert (two.threads, two.speedup, two.relative) == (2, pytest.approx(2.4), pytest.approx(1.6))
    assert two.efficiency == pytest.approx(0.8)


@pytest.mark.parametrize("failed", [1, 2])
def test_a_number_of_threads_at_which_it_answers_otherwise_condemns_it(failed: int) -> None:
    with pytest.raises(MismatchError, match=f"it differs \\({failed} threads\\)"):
        scaling_of(timed(6.0, 4.0, 2.5, failed=failed), (1, 2), {})
