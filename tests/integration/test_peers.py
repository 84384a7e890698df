"""tools/peers.py on answers that are there already: built, checked and timed. No time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from comparison.results import Comparison
from parallel_agent.agent.outcome import Outcome
from parallel_agent.agent.subject import OriginalAtSize, Study
from parallel_agent.toolchain import machine

TOOL = Path(__file__).parents[2] / "tools" / "peers.py"
ORIGINAL = """#include <vector>
long energy(std::vector<int> const& x) {
    long total = 0;
    for (int value : x) total += static_cast<long>(value) * value;
    return total;
}
"""
DIRECTIVE = "    #pragma omp parallel for num_threads(2) reduction(+ : total)\n"
ANSWER = ORIGINAL.replace("    for", f"{DIRECTIVE}    for")
WRONG = ORIGINAL.replace("= 0", "= x.size() == 300")
CONTRACT = """kernel = "energy"

[dimensions.n]

[parameters.x]
length = "n"
values = { kind = "integers", low = -100, high = 100 }

[comparison]
absolute = 0.0
"""
SIZES = (20, 300)


def write_run(folder: Path, answer: str) -> None:
    """What a finished run leaves of this kernel."""
    (folder / "original").mkdir(parents=True)
    (folder / "original.cpp").write_text(ORIGINAL)
    (folder / "contract.toml").write_text(CONTRACT)
    (folder / "best.cpp").write_text(answer)
    sizes = tuple(
        OriginalAtSize(sizes={"n": n}, seconds=1e-6, bytes=4 * n, instances=8, noise=0.02)
        for n in SIZES
    )
    study = Study(kernel="energy", sizes=sizes, threads=2, machine=machine.describe(), busy=0.0)
    (folder / "original" / "study.json").write_text(study.model_dump_json())
    outcome = Outcome(
        status="improved", kernel="energy", speedup=1.5, interval=(1.4, 1.6), threads=2,
        noise_floor=0.02, sizes=(), spent_usd="0", cap_usd="0", candidates=1, rejected={},
        not_faster=0, pruned=[], best_source="", diff="", run="", proposer="rules",
        strategy="reduction parallel", reasons=[], notes=[], seconds=7.0,
    )  # fmt: skip
    (folder / "outcome.json").write_text(outcome.model_dump_json())


@pytest.mark.slow
def test_what_is_right_is_timed_at_every_size_and_what_is_wrong_is_told(tmp_path: Path) -> None:
    entries = [{"name": name, "category": "reduce", "source": ORIGINAL} for name in ("one", "two")]
    (tmp_path / "set.json").write_text(json.dumps([*entries, {**entries[0], "name": "three"}]))
    write_run(tmp_path / "kernels" / "one", ANSWER)
    write_run(tmp_path / "kernels" / "two", WRONG)
    command = [sys.executable, str(TOOL), "--kernels", str(tmp_path / "set.json"), "--json",
               "--answers", str(tmp_path), "--out", str(tmp_path / "out"), "--threads", "2",
               "--effort", "quick", "--peers", "autopar ours"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr  # ours is wrong on one of them
    found = Comparison.model_validate_json(done.stdout)
    assert (found.programs, found.threads) == (("autopar", "ours"), 2)
    one, two, three = found.rows
    assert [len(cell.sizes) for cell in one.cells.values()] == [2, 2]
    assert one.sizes == tuple({"n": n} for n in SIZES)
    assert one.cells["ours"].threads
    assert one.cells["autopar"].sizes[0].to_ours is not None
    assert (one.answer, one.improved, one.seconds) == ("reduction parallel", True, 7.0)
    assert (two.cells["ours"].problem, two.cells["ours"].sizes) == ("wrong", ())
    assert "n=300" in two.cells["ours"].detail
    assert len(two.cells["autopar"].sizes) == 2
    assert (three.cells, "study.json" in three.reason) == ({}, True)
    assert "ours, two: wrong" in done.stderr
