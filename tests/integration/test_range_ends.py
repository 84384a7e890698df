"""Products that nearly leave the range of their type: the inputs that tell orders apart are found."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from parallel_agent.agent.values_in_range import kept_in_range
from parallel_agent.kernel.comparison import Comparison
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import parse
from parallel_agent.settings import Settings
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.sandbox import Limits
from parallel_agent.verification.build import build
from parallel_agent.verification.gate import Examination, Rejection
from parallel_agent.verification.range_ends import KEPT, near_the_ends
from parallel_agent.verification.reference import Reference
from parallel_agent.verification.timing_size import TimingSizeGate

COMPILER = Compiler.find(flags=("-std=c++20", "-O2", "-fopenmp"))
LOOP = "    for (size_t i = 0; i < gains.size(); ++i)\n        total *= gains[i] / losses[i];\n"
ORIGINAL = f"""#include <vector>
double compound(const std::vector<double>& gains, const std::vector<double>& losses) {{
    double total = 1;
{LOOP}    return total;
}}
"""
REORDERED = ORIGINAL.replace(
    LOOP, f"    #pragma omp parallel for num_threads(2) reduction(* : total)\n{LOOP}"
)
SIZES = {"n": 45_000}


def reference(directory: Path, low: float, high: float) -> Reference:
    signature = parse(ORIGINAL).kernel.signature
    values = f'values = {{ kind = "uniform", low = {low}, high = {high} }}'
    contract = Contract.from_toml(
        f'kernel = "compound"\n[dimensions.n]\n[parameters.gains]\nlength = "n"\n{values}\n'
        f'[parameters.losses]\nlength = "n"\n{values}\n'
        "[comparison]\nrelative = 1e-9\nabsolute = 1e-300\n"
    )
    binary = build(COMPILER, signature, ORIGINAL, directory, "optimized").binary
    assert binary is not None
    limits = Limits(wall_seconds=60.0)
    return Reference(signature, contract, binary, limits, seed=3, timing_sizes=(SIZES,))


@pytest.mark.parametrize(
    ("low", "high", "leaves"), [(0.05, 20.0, True), (0.99, 1.01, False)], ids=["wanders", "stays"]
)
def test_a_reordered_product_passes_only_where_it_stays_in_range(
    tmp_path: Path, low: float, high: float, leaves: bool
) -> None:
    original = reference(tmp_path, low, high)
    found = near_the_ends(original, SIZES, ((3, 1, number) for number in count()))
    assert len(found) == (KEPT if leaves else 0)
    candidate = build(COMPILER, original.signature, REORDERED, tmp_path / "c", "optimized").binary
    examination = Examination(
        kernel=parse(ORIGINAL).kernel,
        source=REORDERED,
        compiler=COMPILER,
        directory=tmp_path,
        optimized=candidate,
        reference=original,
        threads=2,
    )
    original.near_ends[0] = found
    if leaves:
        with pytest.raises(Rejection, match="expected"):
            TimingSizeGate().check(examination)
    else:
        assert "near the ends" not in TimingSizeGate().check(examination)


def test_inferred_values_are_narrowed_to_keep_results_in_range(tmp_path: Path) -> None:
    parsed, given = parse(ORIGINAL), Settings(size=("1000000",))
    wide = reference(tmp_path, 0.05, 20.0)
    wide = replace(wide, contract=wide.contract.model_copy(update={"comparison": Comparison()}))
    kept = kept_in_range(wide, parsed.kernel, given)
    low, high = 0.9, 1.1
    values = kept.parameters["gains"].values
    assert values is not None
    assert low <= float(values.low) < 1.0 < float(values.high) <= high
    assert kept.variants == [dict(wide.contract.parameters)]
    assert kept_in_range(replace(wide, contract=kept), parsed.kernel, given) == kept
    own = given.model_copy(update={"contract": tmp_path / "own.toml"})
    assert kept_in_range(wide, parsed.kernel, own) == wide.contract


def test_results_that_only_come_near_an_end_are_reason_to_look_further(tmp_path: Path) -> None:
    original = reference(tmp_path, 0.3, 3.0)
    assert near_the_ends(original, {"n": 60_000}, ((3, 1, number) for number in count()))
