"""The end of the demonstration in the README is what `parallel-agent demo` prints last."""

from __future__ import annotations

import re
from pathlib import Path

from rich.console import Console

from parallel_agent.report.closing import print_outcome
from report_samples import outcome

ROOT = Path(__file__).parents[3]
LINES = 5


def test_the_readme_ends_as_the_program_does(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("")
    with (tmp_path / "said.txt").open("w") as file:
        print_outcome(outcome(tmp_path), Console(file=file, width=200))
    printed = (tmp_path / "said.txt").read_text().splitlines()[-LINES:]
    (block,) = re.findall(r"^```text\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    shown = block.splitlines()[-LINES:]
    run = shown[2].removeprefix("run   ")
    assert [line.replace(str(tmp_path), run) for line in printed] == shown
