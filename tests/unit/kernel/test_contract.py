"""Contracts: their TOML form, their expressions, their sizes, and what they are refused for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_agent.kernel.contract import (
    Comparison,
    Contract,
    ContractError,
    Dimension,
    ParameterContract,
    Values,
    evaluate,
)
from parallel_agent.kernel.types import (
    Parameter,
    Pointer,
    Scalar,
    Signature,
    String,
    Struct,
    StructField,
    Type,
    Vector,
)

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
finite = st.floats(allow_nan=False, allow_infinity=False)
bounds = st.one_of(finite, st.integers(-(2**63), 2**63 - 1), st.text(max_size=8))
lengths = st.one_of(st.none(), st.text(max_size=8), st.lists(st.text(max_size=8), max_size=3))
values = st.one_of(
    st.builds(
        Values,
        kind=st.sampled_from(["uniform", "text"]),
        low=bounds,
        high=bounds,
        sorted=st.booleans(),
    ),
    st.builds(
        Values,
        kind=st.just("integers"),
        low=bounds,
        high=bounds,
        sorted=st.booleans(),
        distinct=st.booleans(),
    ),
)
dimensions = st.one_of(
    st.builds(Dimension, minimum=st.integers(0, 1000), multiple_of=st.integers(1, 64)),
    st.builds(Dimension, minimum=st.integers(0, 1000), power_of_two=st.just(True)),
)
contracts = st.builds(
    Contract,
    kernel=st.text(max_size=12),
    dimensions=st.dictionaries(names, dimensions, max_size=3),
    parameters=st.dictionaries(
        names,
        st.builds(
            ParameterContract,
            equals=st.none() | st.text(max_size=8),
            length=lengths,
            values=st.none() | values,
            fields=st.dictionaries(names, values, max_size=2),
        ),
        max_size=3,
    ),
    comparison=st.builds(
        Comparison,
        relative=st.floats(0, 1),
        absolute=st.floats(0, 1),
        any_order=st.lists(names, max_size=2),
    ),
    timing=st.lists(st.dictionaries(names, st.integers(0, 10**9), max_size=2), max_size=2),
)


@given(contracts, st.lists(st.text(max_size=30), max_size=2))
def test_toml_there_and_back(contract: Contract, notes: list[str]) -> None:
    assert Contract.from_toml(contract.to_toml(notes)) == contract


def test_what_a_person_reads() -> None:
    contract = Contract(
        kernel="jacobi",
        dimensions={"N": Dimension(minimum=1)},
        parameters={
            "input": ParameterContract(
                length="N*N", values=Values(kind="uniform", low=-10.0, high=10.0)
            ),
            "N": ParameterContract(equals="N"),
        },
        comparison=Comparison(relative=1e-6),
        timing=[{"N": 512}],
    )
    assert contract.to_toml(["Found by a test."]) == (
        "# Found by a test.\n"
        'kernel = "jacobi"\n'
        "timing = [{N = 512}]\n"
        "\n"
        "[dimensions.N]\n"
        "minimum = 1\n"
        "\n"
        "[parameters.input]\n"
        'length = "N*N"\n'
        'values = {kind = "uniform", low = -10.0, high = 10.0}\n'
        "\n"
        "[parameters.N]\n"
        'equals = "N"\n'
        "\n"
        "[comparison]\n"
        "relative = 1e-06\n"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kernel = ", "not TOML"),
        ("", "kernel: Field required"),
        ('kernel = "f"\nkernels = 1', "kernels: Extra inputs"),
        ('kernel = "f"\n[dimensions.N]\nminimum = -1', "dimensions.N.minimum"),
        ('kernel = "f"\n[dimensions.N]\nmultiple_of = 0', "dimensions.N.multiple_of"),
        (
            'kernel = "f"\n[dimensions.N]\nmultiple_of = 3\npower_of_two = true',
            "exclude each other",
        ),
        ('kernel = "f"\n[parameters.x]\nvalues = {kind = "normal"}', "parameters.x.values.kind"),
        ('kernel = "f"\n[parameters.x]\nvalues = {kind = "uniform", low = inf}', "finite"),
        ('kernel = "f"\n[parameters.x]\nvalues = {kind = "uniform", distinct = true}', "distinct"),
        ('kernel = "f"\n[comparison]\nrelative = nan', "comparison.relative"),
        ('kernel = "f"\ntiming = [{N = -1}]', "a size is negative"),
    ],
)
def test_a_contract_that_cannot_be_read_says_where(text: str, problem: str) -> None:
    with pytest.raises(ContractError, match=problem.replace(".", r"\.")):
        Contract.from_toml(text)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"missing\.toml"):
        Contract.load(tmp_path / "missing.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ContractError, match=r"binary\.toml"):
        Contract.load(tmp_path / "binary.toml")
    (tmp_path / "good.toml").write_text('kernel = "f"')
    assert Contract.load(tmp_path / "good.toml") == Contract(kernel="f")


# ---- expressions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("N", 12),
        ("N*N", 144),
        ("N + M - 1", 16),
        ("(N+1) // 5 * 5", 10),
        ("2**M", 32),
        ("-N + 20", 8),
        (" N ", 12),
        (7, 7),
        (-7, -7),
        ("N-1 // 2", 12),
        ("(M-20)//2", -8),
        ("2**63", 2**63),
    ],
)
def test_expressions(expression: str | int, value: int) -> None:
    assert evaluate(expression, {"N": 12, "M": 5}) == value


@given(st.integers(-99, 99), st.integers(-99, 99), st.integers(-99, 99))
def test_expressions_are_pythons(a: int, b: int, c: int) -> None:
    sizes = {"a": a, "b": b, "c": c}
    for text in ("a+b*c", "(a-b)*c", "a-b-c", "a*b+c*c", "-a*b", "a-(-b)"):
        assert evaluate(text, sizes) == eval(text, {}, sizes)
    if c:
        assert evaluate("a//c + b", sizes) == a // c + b


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "K",
        "N.real",
        "N.__class__",
        "__import__('os')",
        "len(N)",
        "abs(-1)",
        "N / 2",
        "1.5",
        "N * 0.5",
        "'N'",
        "True",
        "N % 2",
        "N < 2",
        "N if N else 1",
        "[N][0]",
        "lambda: 1",
        "(N := 3)",
        "N; N",
        "N = 3",
        "N // 0",
        "2 ** -1",
        "9**9**9",
        "(2**60)**(2**60)",
        "2**65",
        "(2**64)*(2**64)",
        "N << 200",
        "1" * 5000,
        "-" * 100000 + "1",
        "(" * 500 + "1" + ")" * 500,
        "N\0",
        "\ud800",
    ],
)
def test_everything_else_is_refused(expression: str) -> None:
    with pytest.raises(ContractError):
        evaluate(expression, {"N": 12})


# ---- sizes ---------------------------------------------------------------------------------------


@given(dimensions, st.integers(0, 10**6))
def test_fit_gives_the_largest_allowed_size_not_above(dimension: Dimension, size: int) -> None:
    def allowed(value: int) -> bool:
        if value < dimension.minimum:
            return False
        if dimension.power_of_two:
            return value > 0 and value & (value - 1) == 0
        return value % dimension.multiple_of == 0

    fitted = dimension.fit(size)
    assert allowed(fitted)
    assert dimension.fit(fitted) == fitted
    if fitted <= size:
        between = range(fitted + 1, min(size, fitted + 2 * 64) + 1)
    else:  # the smallest allowed one
        between = range(max(dimension.minimum, fitted - 2000), fitted)
    assert not any(allowed(value) for value in between)


def test_sizes_of_several_dimensions_differ() -> None:
    contract = Contract(kernel="f", dimensions={n: Dimension() for n in ("M", "K", "N")})
    assert contract.sizes(0) == {"M": 0, "K": 0, "N": 0}
    assert contract.sizes(1) == {"M": 1, "K": 1, "N": 1}
    assert contract.sizes(5) == {"M": 5, "K": 6, "N": 7}
    powers = Contract(kernel="f", dimensions={n: Dimension(power_of_two=True) for n in "MKN"})
    assert powers.sizes(0) == {"M": 1, "K": 1, "N": 1}
    assert powers.sizes(5) == {"M": 4, "K": 8, "N": 16}


# ---- against a kernel ----------------------------------------------------------------------------

DOUBLE = Scalar(kind="float", size=8, spelling="double")
INT = Scalar(kind="int", size=4, spelling="int")
POINT = Struct(spelling="P", size=8, fields=(StructField(name="x", type=DOUBLE, offset=0),))


def vector(element: Type) -> Vector:
    return Vector(spelling=f"std::vector<{element.spelling}>", element=element)


SIGNATURE = Signature(
    name="f",
    parameters=(
        Parameter(name="rows", type=vector(vector(DOUBLE)), passing="reference"),
        Parameter(name="points", type=vector(POINT), passing="const reference"),
        Parameter(name="raw", type=Pointer(spelling="int*", element=INT), passing="pointer"),
        Parameter(name="words", type=vector(String()), passing="const reference"),
        Parameter(name="n", type=INT, passing="value"),
    ),
    returns=vector(INT),
)
GOOD: dict[str, dict[str, Any]] = {
    "rows": {"length": ["n", "n+1"]},
    "points": {"length": "n", "fields": {"x": {"kind": "uniform", "high": "n"}}},
    "raw": {"length": "n", "values": {"kind": "integers", "high": "n-1"}},
    "words": {"length": "n", "values": {"kind": "text", "high": 5}},
    "n": {"equals": "n"},
}


def contract_with(changes: dict[str, dict[str, Any]], **rest: Any) -> Contract:
    parameters = {**GOOD, **changes}
    return Contract.model_validate(
        {"kernel": "f", "dimensions": {"n": {}}, "parameters": parameters, **rest}
    )


def test_a_contract_that_covers_the_kernel() -> None:
    comparison = {"any_order": ["return", "rows"]}
    contract_with({}, timing=[{"n": 100}], comparison=comparison).check_against(SIGNATURE)


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("rows", {}, "needs 2 lengths"),
        ("rows", {"length": "n"}, "needs 2 lengths"),
        ("points", {"length": ["n", "n"]}, "needs 1 length"),
        ("points", {"length": "m"}, "'m' is not known"),
        ("points", {"length": "n", "fields": {"y": {"kind": "uniform"}}}, "no field 'y'"),
        ("raw", {"length": "n", "fields": {"y": {"kind": "uniform"}}}, "only structs"),
        ("raw", {"length": "n", "values": {"kind": "integers", "high": "k"}}, "'k'"),
        ("raw", {"length": "n", "values": {"kind": "text"}}, "text is for strings"),
        ("words", {"length": "n", "values": {"kind": "integers"}}, "strings are text"),
        ("words", {"equals": "n"}, "only a number"),
        ("n", {"equals": "m"}, "'m' is not known"),
        ("n", {"length": "n"}, "needs no lengths"),
        ("other", {"length": "n"}, "no parameter 'other'"),
    ],
)
def test_what_does_not_fit_is_named(name: str, given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ContractError, match=problem) as caught:
        contract_with({name: given}).check_against(SIGNATURE)
    assert f"'{name}'" in str(caught.value)


@pytest.mark.parametrize("name", ["n", "nothing", "words "])
def test_only_vectors_can_be_in_any_order(name: str) -> None:
    contract = contract_with({}, comparison={"any_order": [name]})
    with pytest.raises(ContractError, match=f"'{name}' is not a vector"):
        contract.check_against(SIGNATURE)


def test_timing_sizes_must_name_every_dimension() -> None:
    with pytest.raises(ContractError, match="timing"):
        contract_with({}, timing=[{}]).check_against(SIGNATURE)
