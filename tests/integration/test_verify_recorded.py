"""The maintainers' program that holds recorded answers against their judge's verdicts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "tools" / "verify_recorded.py"
SOURCE = """#include <vector>
long total(const std::vector<int>& x) {
    long sum = 0;
    for (int value : x) sum += value;
    return sum;
}
"""
RIGHT = SOURCE.replace("    for", "    #pragma omp parallel for reduction(+ : sum)\n    for")
WRONG = SOURCE.replace("sum = 0", "sum = x.size() == 3")
CONTRACT = 'kernel = "total"\n[dimensions.n]\n[parameters.x]\nlength = "n"\n'


def completion(code: str, judged: str | None) -> dict[str, object]:
    return {"code": code, "count": 2, "built": judged is not None, "judged": judged}


@pytest.mark.long
def test_every_completion_is_examined_once_and_counted(tmp_path: Path) -> None:
    completions = [
        completion(RIGHT, "PASS"),
        completion(WRONG, "PASS"),  # its judge did not try three elements
        completion(WRONG + "\n", "FAIL"),
        completion("nothing", None),
    ]
    kernel = {"name": "total", "source": SOURCE, "completions": completions}
    (tmp_path / "recorded.json").write_text(json.dumps([kernel]))
    (tmp_path / "out" / "contracts").mkdir(parents=True)
    (tmp_path / "out" / "contracts" / "total.toml").write_text(CONTRACT)
    command = [sys.executable, PROGRAM, tmp_path / "recorded.json", "--out", tmp_path / "out"]
    said = []
    for _ in range(2):  # the second time everything is known
        done = subprocess.run(
            [*command, "--threads", "2", "--json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said.append(done)
    summary = json.loads(said[1].stdout)
    assert said[1].stderr == ""
    counts = {(cell["judged"], cell["accepted"]): cell["distinct"] for cell in summary["table"]}
    assert {pair: count for pair, count in counts.items() if count} == {
        ("PASS", True): 1,
        ("PASS", False): 1,
        ("FAIL", False): 1,
        (None, False): 1,
    }
    assert summary["accepted_wrong"] == []
    (rejected,) = summary["rejected_pass"]
    assert (rejected["completion"], rejected["gate"]) == (1, "differential")
    assert "(n=3, seed [0, 3, 0], 1 threads)" in rejected["detail"]
    assert Path(rejected["replay"]).is_file()
