from __future__ import annotations

from typing import Any

from parallel_agent.agent.profile import Profiled, SizeProfile
from parallel_agent.agent.profile_words import conclusions
from parallel_agent.measurement.remarks import LoopRemark
from parallel_agent.measurement.scaling import Scaling
from parallel_agent.toolchain.machine import Machine
from report_samples import point

MACHINE = Machine(
    cpu="any", logical_cores=2, physical_cores=2, caches=(), memory_bytes=1 << 30, kernel="Linux"
)


def size(**changed: Any) -> SizeProfile:
    plain = {"sizes": {"n": 9}, "bytes": 8000, "original_seconds": 1e-3, "noise": 0.05}
    return SizeProfile.model_validate(plain | {"read_seconds": 1e-6} | changed)


def said(**changed: Any) -> str:
    plain: dict[str, Any] = {"kernel": "f", "threads": 2, "sizes": (size(),), "machine": MACHINE}
    return "\n".join(conclusions(Profiled(**plain | changed)))


def scaling(gain: float, low: float, high: float) -> Scaling:
    return Scaling(sizes={"n": 9}, points=(point(1, 1.0, 0.99, 1.01), point(2, gain, low, high)))


def test_near_the_time_of_reading_memory_is_the_bound() -> None:
    near = said(sizes=(size(candidate_seconds=1.5e-6),), bandwidth=8e9)
    assert "1.5 times as long as reading its inputs once does (8 GB/s): memory bounds it" in near


def test_far_from_it_the_arithmetic_that_was_possible_is_told() -> None:
    far = said(bandwidth=8e9, peak_flops=1e9)
    assert "1e+03 times as long" in far
    assert "1e+03 double operations for each 8 bytes of input (1 GFlop/s)" in far


def test_nothing_is_said_of_a_bound_that_is_not_known() -> None:
    assert said(sizes=(size(read_seconds=None),), peak_flops=1e9) == ""


def test_threads_that_are_not_used_are_told_with_the_law() -> None:
    told = said(scaling=scaling(1.25, 1.2, 1.3))
    assert "2 threads make it 1.25 times as fast as one does: they are not well used" in told
    assert "60% of the work were serial, between 54% and 67%" in told
    assert "4 threads would make it 1.43 times as fast as the original" in told


def test_threads_that_gain_as_much_as_their_number_imply_no_fraction() -> None:
    assert said(scaling=scaling(1.97, 1.9, 2.1)).endswith(
        "all of them are used, as far as the samples tell"
    )


def test_a_size_at_which_it_loses_comes_first() -> None:
    sizes = (size(speedup=0.5, candidate_seconds=2e-3), size(sizes={"n": 99}, speedup=3.0))
    assert said(sizes=sizes).startswith("slower than the original at n=9")


def test_scalar_loops_come_with_a_remedy() -> None:
    loops = (
        LoopRemark(line=3, vectorized=False, compiler="c", reason="a branch", remedy="no branch"),
        LoopRemark(line=5, vectorized=True),
    )
    assert said(loops=loops) == "line 3: scalar, a branch: no branch"
