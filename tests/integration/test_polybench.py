"""A tree in PolyBench's conventions: found, translated, optimized, and held against its own dump."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from parallel_agent.suites.find import find_suite
from parallel_agent.suites.suite import SuiteKernel

TREE = Path(__file__).parent.parent / "mini_polybench"


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SuiteKernel]:
    found = find_suite(f"polybench:{TREE}", tmp_path_factory.mktemp("sources"))
    return {kernel.name: kernel for kernel in found}


def test_the_kernels_are_found_where_they_lie(kernels: dict[str, SuiteKernel]) -> None:
    assert [(k.name, k.category) for k in kernels.values()] == [
        ("row-spread", "datamining"),
        ("blended-product", "linear-algebra-blas"),
        ("warm-plate", "stencils"),
    ]


def test_the_dump_tells_a_right_answer_from_a_wrong_one(kernels: dict[str, SuiteKernel]) -> None:
    changes = {
        "blended-product": ("blend * A", "0.999 * blend * A"),
        "warm-plate": ("0.25f", "0.2495f"),
        "row-spread": ("sqrt(square", "sqrt(1.01 * square"),
    }
    for name, (right, wrong) in changes.items():
        kernel = kernels[name]
        text = kernel.path.read_text(encoding="utf-8")
        assert right in text and kernel.check is not None
        assert kernel.check(text) == "", name
        assert "dump differs at number" in kernel.check(text.replace(right, wrong)), name
        broken = kernel.check(text.replace("void kernel_", "void other_"))
        assert "program with the answer fails" in broken


@pytest.mark.long
def test_a_tree_runs_from_end_to_end(command: list[str], tmp_path: Path) -> None:
    told = ["--out", tmp_path / "out", "--effort", "quick", "--threads", "2", "--json"]
    done = subprocess.run(
        [*command, "bench", f"polybench:{TREE}", *map(str, told)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PARALLEL_AGENT_SIZE": "16 300"},
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["built"], result["correct"]) == (3, 3), result
    assert result["geomean"] >= 1.0
    reasons = {row["name"]: row["reason"] for row in result["kernels"]}
    assert all(reasons.values()), reasons
