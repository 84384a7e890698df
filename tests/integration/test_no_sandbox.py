"""A run without sandbox says so wherever its result is looked at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parallel_agent.cli import run
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.sandbox import UNGUARDED_NOTE

# Each element needs the one before: there is next to nothing to try.
SOURCE = """#include <vector>
void smooth(std::vector<double>& x) {
    for (std::size_t i = 1; i < x.size(); ++i) x[i] = 0.5 * (x[i] + x[i - 1]);
}
"""


def test_every_report_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, folder = tmp_path / "smooth.cpp", tmp_path / "run"
    source.write_text(SOURCE, encoding="utf-8")
    flags = ["--out", str(folder), "--effort", "quick", "--threads", "2", "--size", "64"]
    assert run(["optimize", str(source), *flags, "--no-sandbox", "--json"]) == 0
    said = capsys.readouterr()
    assert UNGUARDED_NOTE in json.loads(said.out)["notes"]
    assert UNGUARDED_NOTE in said.err
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert any(event["kind"] == "note" and event["message"] == UNGUARDED_NOTE for event in events)
    verdicts = [json.loads(path.read_text()) for path in folder.glob("candidates/*/verdict.json")]
    assert all(verdict["notes"] == [UNGUARDED_NOTE] for verdict in verdicts)


def test_the_choice_is_undone_by_the_next() -> None:
    sandbox.choose(no_sandbox=True)
    assert sandbox.notes() == (UNGUARDED_NOTE,)
    sandbox.choose(no_sandbox=False)
    assert sandbox.notes() == ()
