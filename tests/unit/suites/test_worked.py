"""Seconds of work over processes: what ended, and what was killed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parallel_agent.agent.events import Event
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.suites.worked import WHOLE, WORKED, Worked, signs_of_life


def test_all_processes_count_and_the_killed_ones_to_their_last_sign_of_life(tmp_path: Path) -> None:
    lines = [
        {"kernel": WHOLE, "began": 100.0},
        {"kernel": "a", "began": 100.0},
        {"kernel": "a", "seconds": 7.5},
        {"kernel": "b", "began": 108.0},
        # killed at 119 or so, and gone on with much later
        {"kernel": WHOLE, "began": 500.0},
        {"kernel": "a", "began": 500.0},
        {"kernel": "a", "seconds": 0.5},
        {"kernel": "b", "began": 501.0},
        {"kernel": "b", "seconds": 20.0},
        {"kernel": "c", "began": 521.0},
        # killed before anything was told of c
        {"kernel": WHOLE, "began": 900.0},
        {"kernel": WHOLE, "seconds": 30.0},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / WORKED).write_text(text + '{"kernel": "a", "seco', encoding="utf-8")
    for name, times in {"a": [101.0, 107.0], "b": [109.0, 119.0, 502.0, 520.5]}.items():
        for at in times:
            RunFolder(tmp_path / "kernels" / name).log(Event(kind="note", at=at))
    worked = Worked(RunFolder(tmp_path))
    found = worked.seconds(lambda name: signs_of_life(tmp_path, name))
    assert found == {"a": 8.0, "b": 11.0 + 20.0, "c": 0.0, WHOLE: 19.0 + 20.5 + 30.0}


def test_work_is_kept_where_it_fails(tmp_path: Path) -> None:
    worked = Worked(RunFolder(tmp_path))
    with pytest.raises(ValueError, match="no"), worked.on("a"):
        raise ValueError("no")
    with worked.on("a"):
        pass
    began = [line for line in (tmp_path / WORKED).read_text().splitlines() if "began" in line]
    assert len(began) == 2
    assert worked.seconds(lambda name: [])["a"] > 0.0
