from __future__ import annotations

import pytest

from parallel_agent.agent.scaling import Scaling, thread_counts
from parallel_agent.report.html.scaling import amdahl, karp_flatt, predictions, serial_fraction
from report_samples import point


def scaling(one: tuple[float, float, float], two: tuple[float, float, float]) -> Scaling:
    return Scaling(sizes={"n": 9}, points=(point(1, *one), point(2, *two)))


@pytest.mark.parametrize(
    ("most", "counts"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (4, [1, 2, 4]), (6, [1, 2, 4, 6])]
)
def test_powers_of_two_and_the_most(most: int, counts: list[int]) -> None:
    assert thread_counts(most) == counts


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
    assert serial_fraction(Scaling(sizes={}, points=(point(2, 2.0, 1.9, 2.1),))) is None
    assert serial_fraction(Scaling(sizes={}, points=(point(1, 2.0, 1.9, 2.1),))) is None
    assert serial_fraction(Scaling(sizes={}, points=())) is None
