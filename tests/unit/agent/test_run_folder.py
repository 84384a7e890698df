"""The folder of evidence: locking, whole files, claims."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from parallel_agent.agent.events import Event
from parallel_agent.agent.run_folder import FolderError, RunFolder


def test_a_file_where_the_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match="cannot write") as caught:
        RunFolder.create(tmp_path / "file" / "run", "x")
    assert "--out" in caught.value.hint


def test_a_folder_with_a_run_is_not_overwritten(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", "x")
    folder.write_json({}, "run.json")
    folder.unlock()
    with pytest.raises(FolderError, match="holds a run already"):
        RunFolder.create(tmp_path / "run", "x")
    RunFolder.open(tmp_path / "run").unlock()


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("keep me")
    with pytest.raises(FolderError, match="is not empty"):
        RunFolder.create(tmp_path, "x")
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_another_process_is_kept_out_until_the_lock_is_gone(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", "x")
    folder.write_json({}, "run.json")
    code = (
        "import sys; from pathlib import Path; "
        "from parallel_agent.agent.run_folder import RunFolder; RunFolder.open(Path(sys.argv[1]))"
    )
    attempt = [sys.executable, "-c", code, str(tmp_path / "run")]
    assert b"another run is at work" in subprocess.run(attempt, capture_output=True).stderr
    folder.unlock()
    assert subprocess.run(attempt, capture_output=True).returncode == 0


def test_the_default_folder_is_fresh_and_named_after_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = RunFolder.create(None, "a b/c")
    assert folder.root.parent == Path(".parallel-agent/runs")
    assert f"a_b_c-{os.getpid()}" in folder.root.name
    folder.discard()
    assert not folder.root.exists()


def test_writing_replaces_a_file_whole_and_leaves_no_other(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", "x")
    folder.write("old", "a", "b.txt")
    folder.write("new", "a", "b.txt")
    assert folder.read("a", "b.txt") == "new"
    assert [path.name for path in (tmp_path / "run" / "a").iterdir()] == ["b.txt"]
    folder.unlock()


def test_an_event_that_a_crash_cut_short_is_dropped_on_resume(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", "x")
    folder.write_json({}, "run.json")
    folder.log(Event(kind="note", message="first"))
    with (tmp_path / "run" / "events.jsonl").open("a") as file:
        file.write(json.dumps({"kind": "note"})[:5])
    folder.unlock()
    folder = RunFolder.open(tmp_path / "run")
    folder.log(Event(kind="note", message="second"))
    assert [event.message for event in folder.events()] == ["first", "second"]
    folder.unlock()


def test_the_first_claim_wins_and_is_found_again(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", "x")
    assert folder.claim("code", "hash", "one") == "one"
    assert folder.claim("code", "hash", "two") == "one"
    assert folder.claim("code", "hash", "one") == "one"
    assert folder.claim("code", "other", "two") == "two"
    folder.unlock()
