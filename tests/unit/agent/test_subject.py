from __future__ import annotations

import pytest

from parallel_agent.agent.subject import OriginalAtSize, Study
from parallel_agent.toolchain.machine import describe


def study(*bounds: float | None) -> Study:
    sizes = tuple(
        OriginalAtSize(
            sizes={"n": 10**k}, seconds=4.0, bytes=80, instances=1, noise=0.01, bound_seconds=bound
        )
        for k, bound in enumerate(bounds)
    )
    return Study(kernel="f", sizes=sizes, threads=2, machine=describe("g++"), busy=0.0)


def test_the_ceiling_is_the_geometric_mean_over_all_sizes() -> None:
    assert study(1.0, 4.0).ceiling == pytest.approx(2.0)


def test_a_bound_that_is_not_known_at_one_size_is_none_for_the_kernel() -> None:
    assert study(1.0, None).ceiling is None
