"""Contracts found for kernels that are modelled, access by access, as plain Python functions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from parallel_agent.kernel import trials
from parallel_agent.kernel.codec import Decoder
from parallel_agent.kernel.contract import Contract, Dimension
from parallel_agent.kernel.inference import ContractNeeded, check, infer
from parallel_agent.kernel.source import Kernel
from parallel_agent.kernel.types import (
    Pair,
    Parameter,
    Pointer,
    Scalar,
    Signature,
    String,
    Type,
    Vector,
)

DOUBLE = Scalar(kind="float", size=8, spelling="double")
FLOAT = Scalar(kind="float", size=4, spelling="float")
INT = Scalar(kind="int", size=4, spelling="int")
UINT8 = Scalar(kind="uint", size=1, spelling="unsigned char")
EDGE = Pair(spelling="", size=16, first=INT, second=DOUBLE, second_offset=8)


def vector(element: Type) -> Vector:
    return Vector(spelling="", element=element)


def kernel_of(parameters: dict[str, Type], sizes: tuple[str, ...]) -> Kernel:
    signature = Signature(
        name="f",
        parameters=tuple(
            Parameter(name=name, type=type_, passing="value" if name in sizes else "reference")
            for name, type_ in parameters.items()
        ),
        returns=None,
    )
    return Kernel(
        name="f",
        source="",
        signature=signature,
        loops=(),
        structs=(),
        includes=(),
        calls=(),
        dimension_names=sizes,
    )


class Modelled:
    """A trial that does in Python what a kernel does: an exception is a sanitizer's finding."""

    def __init__(self, kernel: Kernel, body: Callable[..., None]) -> None:
        self._signature = kernel.signature
        self._body = body
        self.calls: list[dict[str, Any]] = []

    def __call__(self, payload: bytearray) -> str | None:
        decoder = Decoder(payload)
        arguments = {p.name: decoder.value(p.type) for p in self._signature.parameters}
        decoder.finish()
        self.calls.append(arguments)
        try:
            self._body(**arguments)
        except (LookupError, ArithmeticError, AssertionError) as error:
            return f"stopped: {type(error).__name__}"
        return None


def inferred(
    parameters: dict[str, Type], sizes: tuple[str, ...], body: Callable[..., None]
) -> Contract:
    kernel = kernel_of(parameters, sizes)
    trial = Modelled(kernel, body)
    contract = infer(kernel, trial).contract
    contract.check_against(kernel.signature)
    assert Contract.from_toml(contract.to_toml()) == contract
    assert check(kernel, contract, trial) is None
    return contract


def touch(values: Any, index: int) -> None:
    """Read an element as C++ would: there are no negative subscripts."""
    if not 0 <= index < len(values):
        raise IndexError(index)


def test_a_kernel_that_accepts_everything() -> None:
    def total(v: Any) -> None:
        for i in range(len(v)):
            touch(v, i)

    contract = inferred({"v": vector(DOUBLE)}, (), total)
    assert contract.dimensions == {"n": Dimension()}
    assert contract.parameters["v"].length == "n"
    values = contract.parameters["v"].values
    assert values is not None
    assert (values.low, values.high) == (-10.0, 10.0)


def test_a_square_matrix_and_a_row() -> None:
    def multiply(a: Any, x: Any, N: int) -> None:
        for i in range(N):
            touch(x, i)
            for j in range(N):
                touch(a, i * N + j)

    kinds: dict[str, Type] = {"a": vector(DOUBLE), "x": vector(FLOAT), "N": INT}
    contract = inferred(kinds, ("N",), multiply)
    assert {n: (p.length, p.equals) for n, p in contract.parameters.items()} == {
        "a": ("N*N", None),
        "x": ("N", None),
        "N": (None, "N"),
    }
    assert contract.dimensions == {"N": Dimension()}


def test_rows_and_columns_are_not_mixed_up() -> None:
    def multiply(a: Any, b: Any, c: Any, M: int, K: int, N: int) -> None:
        for i in range(M):
            for j in range(N):
                touch(c, i * N + j)
                for k in range(K):
                    touch(a, i * K + k)
                    touch(b, k * N + j)

    pointer = Pointer(spelling="double*", element=DOUBLE)
    kinds: dict[str, Type] = {"a": pointer, "b": vector(DOUBLE), "c": vector(DOUBLE)}
    contract = inferred({**kinds, "M": INT, "K": INT, "N": INT}, ("M", "K", "N"), multiply)
    lengths = {name: contract.parameters[name].length for name in kinds}
    assert lengths == {"a": "M*K", "b": "K*N", "c": "M*N"}


def test_one_more_than_the_size() -> None:
    def rows(starts: Any, n: int) -> None:
        for i in range(n):
            touch(starts, i + 1)
        touch(starts, n)

    contract = inferred({"starts": vector(INT), "n": INT}, ("n",), rows)
    assert contract.parameters["starts"].length == "n+1"


def test_nested_vectors() -> None:
    def fill(rows: Any, n: int) -> None:
        for i in range(n):
            touch(rows, i)
            touch(rows[i], i)

    contract = inferred({"rows": vector(vector(DOUBLE)), "n": INT}, ("n",), fill)
    assert contract.parameters["rows"].length == ["n", "n"]


def test_indices_must_be_below_the_size() -> None:
    def gather(out: Any, index: Any, x: Any, n: int) -> None:
        for i in range(n):
            touch(out, i)
            touch(index, i)
            touch(x, int(index[i]))

    kinds: dict[str, Type] = {"out": vector(DOUBLE), "index": vector(INT), "x": vector(DOUBLE)}
    contract = inferred({**kinds, "n": INT}, ("n",), gather)
    values = contract.parameters["index"].values
    assert values is not None
    # What is pointed into need not be as long as the indices, but it must not be empty.
    assert (values.kind, values.low, values.high) == ("integers", 0, "n_x-1")
    assert contract.parameters["x"].length == "n_x"
    assert contract.dimensions == {"n": Dimension(), "n_x": Dimension(minimum=1)}


def test_indices_in_pairs() -> None:
    def scatter(edges: Any, out: Any, n: int) -> None:
        for edge in edges[:n]:
            touch(out, int(edge["first"]))

    contract = inferred({"edges": vector(EDGE), "out": vector(DOUBLE), "n": INT}, ("n",), scatter)
    fields = contract.parameters["edges"].fields
    assert fields["first"].high == "n_out-1"
    assert contract.parameters["out"].length == "n_out"
    assert fields["second"].kind == "uniform"


def test_values_that_are_not_negative_or_not_small() -> None:
    def roots(v: Any, w: Any) -> None:
        assert all(value >= 0 for value in v)
        assert all(value >= 0.1 for value in w)

    contract = inferred({"v": vector(INT), "w": vector(DOUBLE)}, (), roots)
    v, w = (contract.parameters[name].values for name in "vw")
    assert v is not None
    assert w is not None
    assert (v.low, v.high) == (0, 1000)
    assert w.low == 0.1


def test_words_that_are_not_empty() -> None:
    def initials(words: Any, bins: Any) -> None:
        for word in words:
            touch(word, 0)
            touch(bins, word[0] - ord("a"))

    kinds: dict[str, Type] = {"words": vector(String())}
    contract = inferred(kinds, (), lambda words: initials(words, range(26)))
    values = contract.parameters["words"].values
    assert values is not None
    assert (values.kind, values.low) == ("text", 1)


def test_a_kernel_that_needs_at_least_one() -> None:
    contract = inferred({"v": vector(DOUBLE)}, (), lambda v: touch(v, 0))
    assert contract.dimensions == {"n": Dimension(minimum=1)}


def test_a_kernel_for_powers_of_two() -> None:
    def butterfly(v: Any) -> None:
        assert len(v) & (len(v) - 1) == 0
        assert len(v) > 0

    contract = inferred({"v": vector(DOUBLE)}, (), butterfly)
    assert contract.dimensions == {"n": Dimension(minimum=1, power_of_two=True)}


def test_a_kernel_for_even_sizes() -> None:
    def halves(v: Any) -> None:
        assert len(v) % 2 == 0
        touch(v, 0)

    contract = inferred({"v": vector(DOUBLE)}, (), halves)
    assert contract.dimensions == {"n": Dimension(minimum=2, multiple_of=2)}


def test_the_same_seed_finds_the_same() -> None:
    kernel = kernel_of({"v": vector(INT)}, ())

    def uneven(v: Any) -> None:
        assert v.sum() % 7 != 3 or len(v) < 9

    trials = [Modelled(kernel, uneven) for _ in range(2)]
    found = []
    for trial in trials:
        try:
            found.append(infer(kernel, trial, seed=3).contract)
        except ContractNeeded as needed:
            found.append(needed.template)
    assert found[0] == found[1]
    assert len(trials[0].calls) == len(trials[1].calls)


# ---- when nothing holds --------------------------------------------------------------------------


def test_what_cannot_be_inferred_is_asked_for() -> None:
    def never(graph: Any, weights: Any, n: int) -> None:
        touch(graph, 10**6)

    kinds: dict[str, Type] = {"graph": vector(INT), "weights": vector(EDGE), "n": INT}
    kernel = kernel_of(kinds, ("n",))
    with pytest.raises(ContractNeeded, match="parameters 'graph', 'weights': stopped") as caught:
        infer(kernel, Modelled(kernel, never))
    template = caught.value.template
    assert template.startswith("# A contract for f")
    assert "stopped: IndexError" in template
    contract = Contract.from_toml(template)
    contract.check_against(kernel.signature)
    assert set(contract.parameters) == {"graph", "weights", "n"}
    assert contract.parameters["graph"].length == "n"


def test_a_kernel_of_nothing_but_sizes_is_asked_for_too() -> None:
    kernel = kernel_of({"n": INT}, ("n",))
    with pytest.raises(ContractNeeded, match="parameter 'n'"):
        infer(kernel, Modelled(kernel, lambda n: touch([], 0)))


def test_a_given_contract_is_checked_at_every_size() -> None:
    kernel = kernel_of({"v": vector(UINT8)}, ())
    contract = Contract.from_toml('kernel = "f"\n[dimensions.n]\n[parameters.v]\nlength = "n"\n')
    trial = Modelled(kernel, lambda v: touch(range(12), len(v)))
    assert check(kernel, contract, trial) == "stopped: IndexError (sizes {'n': 12})"
    assert {len(call["v"]) for call in trial.calls} == {0, 1, 2, 3, 4, 5, 7, 8, 12}
    assert check(kernel, contract, Modelled(kernel, lambda v: None)) is None


def test_inputs_too_large_to_try() -> None:
    kernel = kernel_of({"v": vector(DOUBLE)}, ())
    contract = Contract.from_toml(
        'kernel = "f"\n[dimensions.n]\nminimum = 100\n[parameters.v]\nlength = "n**3"\n'
    )
    problem = check(kernel, contract, Modelled(kernel, lambda v: None))
    assert problem is not None
    assert "bytes of input" in problem


def test_a_slow_kernel_is_not_tried_at_larger_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "PATIENCE", 0.01)
    kernel = kernel_of({"v": vector(DOUBLE)}, ())

    def slow(v: Any) -> None:
        if len(v) >= 5:
            time.sleep(0.02)

    trial = Modelled(kernel, slow)
    contract = infer(kernel, trial).contract
    assert max(len(call["v"]) for call in trial.calls) <= 8
    assert contract.parameters["v"].length == "n"
    assert contract.dimensions == {"n": Dimension()}
