"""The race gate: races whose results are always right, which no comparison can see."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import parse
from parallel_agent.toolchain import race_detector
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.race_detector import RaceDetector
from parallel_agent.toolchain.sandbox import Limits
from parallel_agent.verification.build import build
from parallel_agent.verification.gate import Examination, Rejection
from parallel_agent.verification.races import RaceGate
from parallel_agent.verification.reference import Reference

ORIGINAL = """#include <algorithm>
#include <vector>
bool anyAbove(const std::vector<int>& x, int limit) {
    bool found = false;
    for (int i = 0; i < (int)x.size(); ++i) {
        if (x[i] > limit) found = true;
    }
    return found;
}
"""
CONTRACT = """kernel = "anyAbove"
[dimensions.n]
[parameters.x]
length = "n"
values = { kind = "integers", low = 0, high = 9 }
[parameters.limit]
values = { kind = "integers", low = 3, high = 5 }
"""
LOOP = "    for (int i"
RACY = ORIGINAL.replace(LOOP, f"#pragma omp parallel for\n{LOOP}")
CORRECT = ORIGINAL.replace(LOOP, f"#pragma omp parallel for reduction(||:found)\n{LOOP}")
SIMD = """#include <algorithm>
#include <vector>
bool anyAbove(const std::vector<int>& x, int limit) {
    int found = 0;
#pragma omp parallel for simd reduction(+ : found)
    for (std::size_t i = 0; i < x.size(); ++i) {
        found += x[i] > limit;
    }
    return found == std::count_if(x.begin(), x.end(), [&](int v) { return v > limit; }) && found;
}
"""
SORTED = ORIGINAL.replace("<algorithm>", "<parallel/algorithm>").replace(
    "    bool found = false;",
    "    std::vector<int> y = x;\n    __gnu_parallel::sort(y.begin(), y.end());\n    bool found = false;",
)

needs_detector = pytest.mark.skipif(
    RaceDetector.find() is None, reason=f"no race detector; {race_detector.INSTALL}"
)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    signature = parse(ORIGINAL).kernel.signature
    directory = tmp_path_factory.mktemp("original")
    binary = build(Compiler.find(), signature, ORIGINAL, directory, "optimized").binary
    assert binary is not None
    return Reference(
        signature=signature,
        contract=Contract.from_toml(CONTRACT),
        binary=binary,
        limits=Limits(wall_seconds=60.0),
        timing_sizes=({"n": 1000}, {"n": 20_000}),
    )


def examination(source: str, reference: Reference, directory: Path) -> Examination:
    kernel = parse(ORIGINAL).kernel
    return Examination(
        kernel=kernel,
        source=source,
        reference=reference,
        compiler=Compiler.find(),
        directory=directory,
        threads=2,
    )


@needs_detector
def test_a_race_that_never_shows_is_found_with_its_line(
    reference: Reference, tmp_path: Path
) -> None:
    with pytest.raises(Rejection, match=r"a data race at lines? (?:\d, )*7"):
        RaceGate().check(examination(RACY, reference, tmp_path))


@needs_detector
@pytest.mark.parametrize("source", [CORRECT, SORTED, SIMD], ids=["reduction", "sort", "simd"])
def test_correct_code_is_not_accused(source: str, reference: Reference, tmp_path: Path) -> None:
    detail = RaceGate(required=True).check(examination(source, reference, tmp_path))
    assert "none found" in detail


def test_without_a_detector_the_verdict_says_so_or_rejects(
    reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(race_detector, "_LLVM", tmp_path)
    assert "unavailable" in RaceGate().check(examination(CORRECT, reference, tmp_path))
    with pytest.raises(Rejection, match="no race detector"):
        RaceGate(required=True).check(examination(CORRECT, reference, tmp_path))
