"""Contracts inferred for kernels of many shapes, each run under sanitizers and measured by gcov."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from parallel_agent.agent.contract_of_file import contract_of
from parallel_agent.agent.contracting import FoundContract, find_contract
from parallel_agent.kernel.contract import Contract, ContractError, Values
from parallel_agent.kernel.source import parse
from parallel_agent.settings import load_settings
from parallel_agent.toolchain.compiler import Compiler

KERNELS = Path(__file__).with_name("inferred")

# Lengths by parameter, NAME standing for any size of its own.
LENGTHS: dict[str, dict[str, str]] = {
    "csr": {"start": "rows[+]1", "column": "(.*)", "value": "(.*)", "y": "rows"},
    "coo": {"dense": "(rows|n_dense)[*]cols"},  # the kernel never looks at rows
    "cholesky": {"a": r"n\*n"},
    "merge": {"out": r"(n\+n_a|n\+n_b|n_a\+n|n_b\+n)"},
    "bisect": {"table": "n.*", "keys": "n.*", "found": "n.*"},
    "histogram_bins": {"counts": "bins", "x": "n_x"},
    "text": {},
    "batched": {"a": r"batch\*n\*m", "b": r"batch\*n\*m", "c": r"batch\*n\*n"},
    "fft": {"a": "n"},
    "prefix": {"counts": "n", "offsets": "n[+]1"},
    "halo": {
        "old": r"\(rows\+2\)\*\(cols\+2\)",
        "next": r"\(rows\+2\)\*\(cols\+2\)",
        "residual": "1",
    },
    "bits": {"masks": "n", "shifts": "n"},
    "clamp": {"image": r"width\*width", "out": r"width\*width"},
    "entropy": {"p": "n"},
    "solve": {"b": "n", "x": "n"},
    "pointers": {"x": "n", "y": "n", "result": "1"},
    "nested": {},
    "filter": {"chosen": "0"},
    "union_find": {},
    "reach": {"links": r"nodes\*nodes"},
}


def found_for(name: str) -> FoundContract:
    parsed = parse((KERNELS / f"{name}.cpp").read_text(encoding="utf-8"))
    return find_contract(parsed, Compiler.find(), load_settings())


def values_of(contract: Contract, name: str) -> Values:
    values = contract.parameters[name].values
    assert values is not None
    return values


SLOWEST = ("nested", "batched", "histogram_bins")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.long] * (name in SLOWEST)) for name in sorted(LENGTHS)],
)
def test_a_sane_contract_that_reaches_the_branches(name: str) -> None:
    found = found_for(name)
    contract, evidence = found.contract, found.evidence
    assert evidence is not None
    assert evidence.coverage is not None
    assert evidence.coverage.share >= 0.9 or evidence.coverage.uncovered
    for parameter, pattern in LENGTHS[name].items():
        length = contract.parameters[parameter].length
        assert re.fullmatch(pattern, str(length)), (parameter, length)
    assert Contract.from_toml(found.toml) == contract
    CHECKS.get(name, lambda contract: None)(contract)


def _csr(contract: Contract) -> None:
    start, column = values_of(contract, "start"), values_of(contract, "column")
    assert start.kind == "offsets"
    assert start.high == contract.parameters["column"].length
    assert start.high == contract.parameters["value"].length
    assert column.high == f"{contract.parameters['x'].length}-1"


def _coo(contract: Contract) -> None:
    fields = contract.parameters["entries"].fields
    rows, _, columns = str(contract.parameters["dense"].length).partition("*")
    assert (fields["row"].high, fields["col"].high) == (f"{rows}-1", f"{columns}-1")


def _cholesky(contract: Contract) -> None:
    assert values_of(contract, "a").dominant  # else the kernel gives up at its second row


def _fft(contract: Contract) -> None:
    assert all(size.power_of_two for size in contract.dimensions.values())


def _ordered(*names: str) -> Callable[[Contract], None]:
    def check(contract: Contract) -> None:
        assert all(values_of(contract, name).sorted for name in names)

    return check


def _entropy(contract: Contract) -> None:
    low = values_of(contract, "p").low
    assert isinstance(low, float | int)
    assert low >= 0  # no logarithms of negative numbers


def _bits(contract: Contract) -> None:
    high = values_of(contract, "shifts").high
    assert isinstance(high, int)
    assert high < 32


def _nested(contract: Contract) -> None:
    assert contract.parameters["a"].length == ["rows", "cols"]
    assert contract.parameters["t"].length == ["cols", "rows"]


def _text(contract: Contract) -> None:
    assert values_of(contract, "text").high == "n"
    assert values_of(contract, "pattern").high == 4
    assert any(given["pattern"].values.hits == "text" for given in contract.variants)


def _union_find(contract: Contract) -> None:
    parents = contract.parameters["parent"].length
    assert {v.high for v in contract.parameters["edges"].fields.values()} == {f"{parents}-1"}


def _reach(contract: Contract) -> None:
    assert values_of(contract, "start").high == "nodes-1"
    assert values_of(contract, "goal").high == "nodes-1"  # no search for what is no node
    assert not any("goal" in variant for variant in contract.variants)


CHECKS = {
    "csr": _csr,
    "coo": _coo,
    "cholesky": _cholesky,
    "fft": _fft,
    "merge": _ordered("a", "b"),
    "bisect": _ordered("table"),
    "entropy": _entropy,
    "bits": _bits,
    "nested": _nested,
    "text": _text,
    "union_find": _union_find,
    "reach": _reach,
}


def test_what_is_given_is_kept_and_the_rest_is_inferred(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'kernel = "mergeSorted"\n'
        "[parameters.a]\n"
        'values = { kind = "integers", low = -5, high = 5, sorted = true }\n'
        "[comparison]\nabsolute = 0.5\n"
    )
    given = load_settings(contract=own)
    found = contract_of(KERNELS / "merge.cpp", given)
    assert values_of(found.contract, "a").high == 5
    assert found.contract.parameters["out"].length is not None
    assert found.contract.comparison.absolute == 0.5
    own.write_text('kernel = "mergeSorted"\n[parameters.c]\nlength = "n"\n')
    with pytest.raises(ContractError, match="no parameter 'c'"):
        contract_of(KERNELS / "merge.cpp", given)


def test_the_tolerance_is_calibrated() -> None:
    found = contract_of(KERNELS / "entropy.cpp", load_settings())
    (tolerance,) = found.contract.comparison.results.values()
    assert tolerance.steps
    assert "[comparison.results" in found.toml


def test_the_command_prints_contract_and_evidence(command: list[str]) -> None:
    done = subprocess.run(
        [*command, "contract", str(KERNELS / "prefix.cpp"), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["kernel"] == "exclusiveSum"
    assert told["evidence"]["coverage"]["branches"] == 2
    assert told["evidence"]["coverage"]["uncovered"] == []
    assert {"n": 0} in told["evidence"]["sizes"]


def test_the_table_for_maintainers(tmp_path: Path) -> None:
    table = [sys.executable, "tools/contract_table.py"]
    file = tmp_path / "kernels.json"
    absent = subprocess.run([*table, str(file)], capture_output=True, text=True, check=True)
    assert "nothing to examine" in absent.stdout
    source = (KERNELS / "pointers.cpp").read_text(encoding="utf-8")
    broken = source.replace("sum +=", "missing(sum) +=")
    file.write_text(
        json.dumps([{"name": "dot", "source": source}, {"name": "b", "source": broken}])
    )
    done = subprocess.run([*table, str(file)], capture_output=True, text=True, check=True)
    assert "2 of 2 branches" in done.stdout
    assert "b: does not compile by itself" in done.stdout
    assert "1 contracts, median" in done.stdout
