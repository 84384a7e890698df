"""Structure in inputs: offsets, matrices, probabilities, hits, variants."""

from __future__ import annotations

import numpy as np
import pytest

from parallel_agent.kernel.contract import Contract, ContractError, Values
from parallel_agent.kernel.shaping import offsets
from parallel_agent.kernel.types import Parameter, Scalar, Signature, String, Type, Vector
from parallel_agent.kernel.workload import Workload

DOUBLE = Scalar(kind="float", size=8, spelling="double")
INT = Scalar(kind="int", size=4, spelling="int")


def vector(element: Type) -> Vector:
    return Vector(spelling="", element=element)


def drawn(types: dict[str, Type], toml: str, n: int, seed: int = 0) -> dict[str, object]:
    parameters = tuple(Parameter(name=k, type=t, passing="value") for k, t in types.items())
    signature = Signature(name="f", parameters=parameters, returns=None)
    contract = Contract.from_toml('kernel = "f"\n[dimensions.n]\n[parameters]\n' + toml)
    contract.check_against(signature)
    assert Contract.from_toml(contract.to_toml()) == contract
    values = Workload(signature, contract).draw({"n": n}, np.random.default_rng(seed))
    return dict(zip(types, values, strict=True))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_offsets_ascend_from_the_first_to_the_last(count: int) -> None:
    found = offsets(count, 0, 40, np.random.default_rng(1))
    assert len(found) == count
    assert np.all(np.diff(found) >= 0)
    if count:
        assert found[0] == 0
    if count > 1:
        assert found[-1] == 40


def test_row_pointers() -> None:
    toml = 'x = { length = "n+1", values = { kind = "offsets", high = "3*n" } }\n'
    found = drawn({"x": vector(INT)}, toml, 9)["x"]
    assert isinstance(found, np.ndarray)
    assert (found[0], found[-1], found.dtype) == (0, 27, np.int32)


@pytest.mark.parametrize("nested", [False, True])
def test_symmetric_matrices_with_a_dominant_diagonal(nested: bool) -> None:
    type_ = vector(vector(DOUBLE)) if nested else vector(DOUBLE)
    length = '["n", "n"]' if nested else '"n*n"'
    values = '{ kind = "uniform", low = -1, high = 1, symmetric = true, dominant = true }'
    for n in (0, 1, 6):
        found = drawn({"a": type_}, f"a = {{ length = {length}, values = {values} }}\n", n)["a"]
        matrix = np.array(found).reshape(n, n)
        assert np.array_equal(matrix, matrix.T)
        rest = np.abs(matrix).sum(axis=1) - np.abs(np.diag(matrix))
        assert np.all(np.diag(matrix) > rest)


def test_no_matrix_of_seven_elements() -> None:
    values = '{ kind = "uniform", symmetric = true }'
    with pytest.raises(ContractError, match="7 elements are no square matrix"):
        drawn({"a": vector(DOUBLE)}, f'a = {{ length = "n", values = {values} }}\n', 7)


def test_probabilities_sum_up_to_one() -> None:
    toml = 'p = { length = "n", values = { kind = "uniform", normalized = true } }\n'
    found = drawn({"p": vector(DOUBLE)}, toml, 20)["p"]
    assert isinstance(found, np.ndarray)
    assert found.sum() == pytest.approx(1.0)


def test_a_search_finds_what_it_looks_for_half_of_the_time() -> None:
    toml = 'x = { length = "n", values = { kind = "integers", high = 1000000 } }\n'
    toml += 'y = { values = { kind = "integers", low = -9, high = -1, hits = "x" } }\n'
    hits = 0
    for seed in range(60):
        found = drawn({"x": vector(INT), "y": INT}, toml, 8, seed)
        assert isinstance(found["x"], np.ndarray)
        hits += found["y"] in found["x"]
    assert 15 < hits < 45


def test_a_pattern_is_part_of_the_text() -> None:
    toml = 'text = { values = { kind = "text", low = "n", high = "n", letters = "ab" } }\n'
    toml += 'word = { values = { kind = "text", low = 2, high = 4, hits = "text" } }\n'
    inside = 0
    for seed in range(40):
        found = drawn({"text": String(), "word": String()}, toml, 200, seed)
        assert isinstance(found["text"], bytes)
        assert set(found["text"]) == set(b"ab")
        inside += found["word"] in found["text"]
    assert inside > 10


def test_what_is_hit_must_exist() -> None:
    toml = 'y = { values = { kind = "integers", hits = "z" } }\n'
    with pytest.raises(ContractError, match="there is no 'z'"):
        drawn({"y": INT}, toml, 1)


def test_variants_replace_what_a_parameter_is_given() -> None:
    text = 'kernel = "f"\n[dimensions.n]\n[parameters.x]\nlength = "n"\n'
    text += (
        '[[variants]]\nx = { length = "n", values = { kind = "integers", low = 7, high = 7 } }\n'
    )
    contract = Contract.from_toml(text)
    plain, variant = contract.every_kind()
    assert plain.parameters["x"].values is None
    assert variant.parameters["x"].values == Values(kind="integers", low=7, high=7)
    assert not variant.variants
    assert Contract.from_toml(contract.to_toml()) == contract
