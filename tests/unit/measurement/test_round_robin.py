from __future__ import annotations

from collections import Counter

import pytest

from parallel_agent.measurement.round_robin import order


def test_two_programs_are_timed_abba() -> None:
    assert [order(turn, 2) for turn in range(4)] == [[0, 1], [1, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize("programs", [1, 2, 3, 7])
def test_every_program_has_every_place_equally_often(programs: int) -> None:
    rounds = [order(turn, programs) for turn in range(2 * programs)]
    assert all(sorted(turn) == list(range(programs)) for turn in rounds)
    for place in range(programs):
        assert set(Counter(turn[place] for turn in rounds).values()) == {2}
