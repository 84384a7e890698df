"""The floating-point numbers among results and arguments, by name."""

from __future__ import annotations

import numpy as np

from parallel_agent.kernel.codec import Outputs
from parallel_agent.kernel.comparison import Comparison
from parallel_agent.kernel.types import (
    Array,
    Parameter,
    Scalar,
    Signature,
    String,
    Struct,
    StructField,
    Vector,
    dtype,
)
from parallel_agent.verification.results import floating_inputs, floating_results

INT = Scalar(kind="int", size=4, spelling="int")
FLOAT = Scalar(kind="float", size=4, spelling="float")
COMPLEX = Scalar(kind="complex", size=16, spelling="std::complex<double>")
HIT = Struct(
    spelling="Hit",
    size=12,
    fields=(
        StructField(name="id", type=INT, offset=0),
        StructField(name="at", type=Array(spelling="", element=FLOAT, length=2), offset=4),
    ),
)
ROWS = Vector(spelling="", element=Vector(spelling="", element=FLOAT))
HITS = Vector(spelling="", element=HIT)
PARAMETERS = (
    Parameter(name="fixed", type=ROWS, passing="const reference"),
    Parameter(name="rows", type=ROWS, passing="reference"),
    Parameter(name="hits", type=HITS, passing="reference"),
    Parameter(name="words", type=Vector(spelling="", element=String()), passing="reference"),
    Parameter(name="count", type=INT, passing="reference"),
)
SIGNATURE = Signature(name="f", parameters=PARAMETERS, returns=COMPLEX)


def values() -> dict[str, object]:
    hits = np.zeros(2, dtype(HIT))
    hits["at"] = [[1, 2], [3, 4]]
    rows = [np.array([5.5, 4.5], np.float32), np.array([], np.float32), np.array([3.5], np.float32)]
    return {"fixed": rows, "rows": rows, "hits": hits, "words": [b"a"], "count": np.int32(7)}


def test_results_are_flat_and_have_the_names_of_the_contract() -> None:
    found = floating_results(SIGNATURE, Comparison(), Outputs(np.complex128(1 + 2j), values()))
    assert set(found) == {"rows", "hits.at", "return"}
    assert found["rows"].tolist() == [5.5, 4.5, 3.5]
    assert found["hits.at"].tolist() == [1, 2, 3, 4]
    assert found["return"].tolist() == [1 + 2j]


def test_results_of_open_order_are_put_in_one() -> None:
    outputs = Outputs(np.complex128(0), values())
    found = floating_results(SIGNATURE, Comparison(any_order=["rows"]), outputs)
    assert found["rows"].tolist() == [3.5, 5.5, 4.5]


def test_inputs_are_all_numbers_of_all_arguments() -> None:
    arguments = list(values().values())
    assert sorted(floating_inputs(SIGNATURE, arguments)) == [
        1,
        2,
        3,
        3.5,
        3.5,
        4,
        4.5,
        4.5,
        5.5,
        5.5,
    ]
    pair = Signature(
        name="f", parameters=(Parameter(name="z", type=COMPLEX, passing="value"),), returns=None
    )
    assert floating_inputs(pair, [np.complex128(1 + 2j)]).tolist() == [1, 2]
    assert len(floating_inputs(Signature(name="f", parameters=(), returns=None), [])) == 0
