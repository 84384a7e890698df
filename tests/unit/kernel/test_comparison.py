"""The comparison's section of a contract: which bound holds for which result at which size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_agent.kernel.comparison import EXACT, Bound, Comparison, Step, Tolerance, extent
from parallel_agent.kernel.contract import Contract, ContractError
from parallel_agent.kernel.types import (
    Pair,
    Parameter,
    Scalar,
    Signature,
    Struct,
    StructField,
    Type,
    Vector,
)

STEPS = Tolerance(
    evidence="seen",
    steps=[
        Step(upto={"n": 4, "m": 5}, relative=1e-15),
        Step(upto={"n": 10, "m": 10}),
        Step(upto={"n": 100, "m": 10}, relative=1e-14, absolute=1e-12),
    ],
)


@pytest.mark.parametrize(
    ("sizes", "bound"),
    [
        ({}, Bound(1e-15, 0.0)),
        ({"n": 0, "m": 7}, Bound(1e-15, 0.0)),
        ({"n": 5, "m": 4}, Bound(1e-15, 0.0)),
        ({"n": 3, "m": 7}, EXACT),
        ({"n": 11, "m": 10}, EXACT),  # between a size that is exact and one that is not
        ({"n": 100, "m": 10}, Bound(1e-14, 1e-12)),
        ({"n": 1000, "m": 1}, Bound(1e-14, 1e-12)),
        ({"n": 1000, "m": 3}, Bound(3e-14, 3e-12)),
    ],
)
def test_the_step_is_the_first_that_is_large_enough(sizes: dict[str, int], bound: Bound) -> None:
    found = STEPS.at(sizes)
    assert found.relative == pytest.approx(bound.relative)
    assert found.absolute == pytest.approx(bound.absolute)


def test_between_two_steps_the_larger_holds() -> None:
    falling = Tolerance(
        steps=[
            Step(upto={"n": 4}, relative=1e-15, absolute=1e-9),
            Step(upto={"n": 8}, relative=1e-14, absolute=1e-12),
        ]
    )
    assert falling.at({"n": 6}) == (1e-14, 1e-9)
    assert falling.at({"n": 8}) == (1e-14, 1e-12)
    assert falling.at({"n": 2}) == (1e-15, 1e-9)


def test_without_steps_it_is_exact() -> None:
    assert Tolerance().at({"n": 1000}) == EXACT
    assert EXACT.exact
    assert not Bound(0.0, 1e-300).exact
    assert extent({}) == extent({"n": 0}) == 1


def test_the_users_own_comes_before_the_calibrated() -> None:
    calibrated = Comparison(results={"y": STEPS})
    assert calibrated.bound("y", {}) == Bound(1e-15, 0.0)
    assert calibrated.bound("z", {}) == EXACT
    assert not calibrated.given
    own = calibrated.model_copy(update={"absolute": 0.5})
    assert own.given
    assert own.bound("y", {}) == Bound(0.0, 0.5)
    assert Comparison(relative=0.0).same_bits
    assert not Comparison().same_bits
    assert not own.same_bits


finite = st.floats(0, 1e300)
tolerances = st.builds(
    Tolerance,
    evidence=st.text(st.characters(blacklist_categories=["C"]), max_size=20),
    caution=st.sampled_from(["", "is 0 in every run"]),
    steps=st.lists(
        st.builds(
            Step,
            upto=st.dictionaries(st.sampled_from(["n", "m"]), st.integers(0, 1 << 40)),
            relative=finite,
            absolute=finite,
        ),
        max_size=3,
    ),
)


@given(st.dictionaries(st.sampled_from(["return", "y", "hits.score", "a b"]), tolerances))
def test_a_calibrated_contract_is_the_same_after_writing(results: dict[str, Tolerance]) -> None:
    contract = Contract(kernel="f", comparison=Comparison(ties={"h": ["k"]}, results=results))
    assert Contract.from_toml(contract.to_toml(["a note"])) == contract


def test_it_is_written_for_people() -> None:
    written = Contract(kernel="f", comparison=Comparison(results={"hits.score": STEPS})).to_toml()
    assert '[comparison.results."hits.score"]\nevidence = "seen"\nsteps = [\n' in written
    assert "    {upto = {n = 4, m = 5}, relative = 1e-15},\n" in written


# ---- ties ----------------------------------------------------------------------------------------

INT = Scalar(kind="int", size=4, spelling="int")
HIT = Struct(
    spelling="Hit",
    size=8,
    fields=(
        StructField(name="key", type=INT, offset=0),
        StructField(name="value", type=INT, offset=4),
    ),
)
PAIR = Pair(spelling="", size=8, first=INT, second=INT, second_offset=4)


def checked(element: Type, ties: dict[str, list[str]]) -> None:
    type_ = Vector(spelling="", element=element)
    parameter = Parameter.model_validate({"name": "x", "type": type_, "passing": "reference"})
    signature = Signature(name="f", parameters=(parameter,), returns=INT)
    toml = 'kernel = "f"\n[dimensions.n]\n[parameters.x]\nlength = "n"\n'
    contract = Contract.from_toml(toml)
    comparison = Comparison(ties=ties)
    contract.model_copy(update={"comparison": comparison}).check_against(signature)


def test_ties_name_members_of_vectors_of_structs() -> None:
    checked(HIT, {"x": ["key"]})
    checked(HIT, {"x": ["key", "value"]})
    checked(PAIR, {"x": ["first"]})


@pytest.mark.parametrize(
    ("element", "ties", "problem"),
    [
        (INT, {"x": ["key"]}, "'x' is not a vector of structs"),
        (HIT, {"return": ["key"]}, "'return' is not a vector of structs"),
        (HIT, {"z": ["key"]}, "'z' is not a vector of structs"),
        (HIT, {"x": ["kex"]}, "x has no field 'kex'"),
        (HIT, {"x": []}, "x has no field ''"),
    ],
)
def test_other_ties_are_refused(element: Type, ties: dict[str, list[str]], problem: str) -> None:
    with pytest.raises(ContractError, match=problem):
        checked(element, ties)
