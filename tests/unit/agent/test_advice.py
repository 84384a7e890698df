"""The critic's table: from times at the sizes to refine or stop."""

from __future__ import annotations

import re

import pytest

from parallel_agent.agent.advice import read_profile, read_verdict
from parallel_agent.agent.profiling import Profile, ProfileAtSize
from parallel_agent.agent.state import CandidateRecord
from parallel_agent.kernel.contract import Contract, Dimension, ParameterContract
from parallel_agent.kernel.types import Parameter, Scalar, Signature, Vector
from parallel_agent.measurement.statistics import geometric_mean_interval, ratio_interval
from parallel_agent.measurement.timing import PairedSamples

DOUBLE = Scalar(kind="float", size=8, spelling="double")
X = Parameter(
    name="x", type=Vector(spelling="std::vector<double>", element=DOUBLE), passing="reference"
)
SIZE_T = Scalar(kind="uint", size=8, spelling="unsigned long")
ROWS = Parameter(name="rows", type=SIZE_T, passing="value")
COLS = Parameter(name="cols", type=SIZE_T, passing="value")
BY_LENGTH = Contract(
    kernel="f", dimensions={"n": Dimension()}, parameters={"x": ParameterContract(length="n")}
)
BY_PARAMETERS = Contract(
    kernel="f",
    dimensions={"rows": Dimension(), "cols": Dimension()},
    parameters={
        "x": ParameterContract(length="rows*cols"),
        "rows": ParameterContract(equals="rows"),
        "cols": ParameterContract(equals="cols"),
    },
)


def record(**options: object) -> CandidateRecord:
    return CandidateRecord(id="c", options=dict(options), accepted=True, better=False)


def at_size(sizes: dict[str, int], original: float, candidate: float) -> ProfileAtSize:
    originals, candidates = (original,) * 5, (candidate,) * 5
    interval = ratio_interval(originals, candidates)
    samples = PairedSamples(
        instances=1,
        original=originals,
        candidate=candidates,
        original_child=originals,
        candidate_child=candidates,
        interval=interval,
        stopped="precise",
    )
    return ProfileAtSize(
        sizes=sizes,
        original_seconds=original,
        candidate_seconds=candidate,
        speedup=interval.ratio,
        interval=(interval.low, interval.high),
        noise=0.02,
        samples=samples,
    )


def profile(*sizes: ProfileAtSize, complete: bool = True) -> Profile:
    overall = geometric_mean_interval([(s.samples.original, s.samples.candidate) for s in sizes])
    return Profile(
        sizes=sizes,
        speedup=overall.ratio,
        interval=(overall.low, overall.high),
        threads=2,
        complete=complete,
    )


def lost_when_small(by: str = "n") -> Profile:
    """An overhead of 20 microseconds beside a perfect speedup on two threads."""
    if by == "n":
        sizes = [{"n": 1_000}, {"n": 30_000}, {"n": 1_000_000}]
    else:
        sizes = [
            {"rows": 10, "cols": 100},
            {"rows": 100, "cols": 300},
            {"rows": 1000, "cols": 1000},
        ]
    seconds = [1e-6, 30e-6, 1e-3]
    return profile(*(at_size(s, t, t / 2 + 20e-6) for s, t in zip(sizes, seconds, strict=True)))


def test_faster_at_every_size_ends_the_branch() -> None:
    best = profile(at_size({"n": 10}, 1.0, 1.0), at_size({"n": 1000}, 2.0, 1.0))
    assert best.better
    critique = read_profile(
        record(), best, Signature(name="f", parameters=(X,), returns=None), BY_LENGTH
    )
    assert critique["decision"] == "stop"


def test_vectorized_loops_that_are_better_are_built_for_wider_vectors_too() -> None:
    best = profile(at_size({"n": 10}, 1.0, 1.0), at_size({"n": 1000}, 2.0, 1.0))
    signature = Signature(name="f", parameters=(X,), returns=None)
    plain = CandidateRecord(id="c", options={"guard": "g"}, accepted=True, better=True)
    vectorized = CandidateRecord(**{**plain, "vectorized": True})
    refined = read_profile(vectorized, best, signature, BY_LENGTH, "avx2")
    assert refined["decision"] == "refine"
    assert refined["options"] == {"guard": "g", "isa": "avx2"}
    done = CandidateRecord(**{**vectorized, "options": refined["options"]})
    for record_, isa in ((plain, "avx2"), (vectorized, ""), (done, "avx2")):
        assert read_profile(record_, best, signature, BY_LENGTH, isa)["decision"] == "stop"


def test_not_faster_at_the_largest_size_ends_the_branch() -> None:
    slow = profile(at_size({"n": 1000}, 1.0, 1.1), complete=False)
    signature = Signature(name="f", parameters=(X,), returns=None)
    critique = read_profile(record(), slow, signature, BY_LENGTH)
    assert critique["decision"] == "stop"
    assert "largest" in critique["why"]


def test_one_size_that_loses_is_not_better() -> None:
    mixed = profile(at_size({"n": 10}, 1.0, 1.5), at_size({"n": 1000}, 9.0, 1.0))
    assert mixed.speedup > 1
    assert not mixed.better


def test_within_the_noise_is_not_better() -> None:
    assert not profile(at_size({"n": 10}, 1.0, 0.999)).better


def test_a_guard_is_asked_for_where_small_sizes_lose() -> None:
    signature = Signature(name="f", parameters=(X,), returns=None)
    critique = read_profile(record(), lost_when_small(), signature, BY_LENGTH)
    assert critique["decision"] == "refine"
    guard = critique["options"]["guard"]
    found = re.fullmatch(r"x\.size\(\) >= (\d+)", guard)
    assert found
    # It pays from 40 microseconds on, and it was seen to lose at 30: half way to the next size.
    assert 40_000 <= int(found.group(1)) <= 200_000


def test_sizes_that_are_parameters_make_the_guard() -> None:
    signature = Signature(name="f", parameters=(X, ROWS, COLS), returns=None)
    critique = read_profile(record(), lost_when_small("rows"), signature, BY_PARAMETERS)
    assert re.fullmatch(r"static_cast<double>\(rows\) \* cols >= \d+", critique["options"]["guard"])


def test_a_guard_is_raised_above_a_size_that_still_loses() -> None:
    signature = Signature(name="f", parameters=(X,), returns=None)
    sizes = lost_when_small().sizes
    mixed = profile(
        at_size(sizes[0].sizes, 1e-6, 1e-6), at_size(sizes[1].sizes, 30e-6, 50e-6), sizes[-1]
    )
    critique = read_profile(record(guard="x.size() >= 9"), mixed, signature, BY_LENGTH)
    assert critique["decision"] == "refine"
    found = re.fullmatch(r"x\.size\(\) >= (\d+)", critique["options"]["guard"])
    assert found
    assert int(found.group(1)) > sizes[1].sizes["n"]
    same = read_profile(record(**critique["options"]), mixed, signature, BY_LENGTH)
    assert same["decision"] == "stop"


def test_a_guarded_candidate_that_loses_at_the_smallest_size_is_given_up() -> None:
    signature = Signature(name="f", parameters=(X,), returns=None)
    lost = read_profile(record(guard="x.size() >= 9"), lost_when_small(), signature, BY_LENGTH)
    assert lost["decision"] == "stop"


@pytest.mark.parametrize("gate", ["compile", "races"])
def test_a_rejection_ends_the_branch_and_names_the_gate(gate: str) -> None:
    rejected = CandidateRecord(id="c", failed_gate=gate, detail="line 3")
    assert gate in read_verdict(rejected)["why"]
