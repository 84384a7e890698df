"""Two suites at once on one machine: their timings wait for one another, and each ends as if alone."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.budget.ledger import Ledger

KERNELS = {
    "shifted": "void shifted(std::vector<double>& x) {\n"
    "    for (std::size_t i = 0; i < x.size(); ++i) x[i] = x[i] * 0.5 + 3.0;\n}\n",
}
TIMING = "timing the original against itself"


@pytest.mark.long
@pytest.mark.timeout(600)
def test_timings_of_two_suites_never_overlap_and_both_end_well(
    command: list[str], tmp_path: Path
) -> None:
    for name, text in KERNELS.items():
        path = tmp_path / "kernels" / f"{name}.cpp"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#include <vector>\n\n{text}", encoding="utf-8")
    told = [
        "bench",
        tmp_path / "kernels",
        "--effort",
        "quick",
        "--threads",
        "1",
        "--json",
        "--quiet",
    ]
    environment = {**os.environ, "PARALLEL_AGENT_SIZE": "64 3000"}
    outs = [tmp_path / name for name in ("one", "other")]
    started = [
        subprocess.Popen(
            list(map(str, [*command, *told, "--out", out])), env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for out in outs
    ]  # fmt: skip
    for process, out in zip(started, outs, strict=True):
        answer, errors = process.communicate()
        assert process.returncode == 0, errors
        result = json.loads(answer)
        assert {row["name"]: row["correct"] for row in result["kernels"]} == dict.fromkeys(
            KERNELS, True
        )
        assert json.loads((out / "suite.json").read_text(encoding="utf-8")) == result
        assert Ledger.open(out / "ledger.sqlite").audit().ok
    one, other = (_windows(out) for out in outs)
    assert len(one) == len(other) == len(KERNELS)
    assert all(begin < end for begin, end in one + other)
    for begin, end in one:
        assert all(end <= start or stop <= begin for start, stop in other)


def _windows(out: Path) -> list[tuple[float, float]]:
    """When each original was timed: from the beginning to its last size, which is all in the lane."""
    found = []
    for run in sorted((out / "kernels").iterdir()):
        events = RunFolder(run).events()
        [begin] = [event.at for event in events if event.message == TIMING]
        found.append((begin, max(event.at for event in events if event.kind == "original")))
    return found
