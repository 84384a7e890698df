from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from parallel_agent.cli import run
from parallel_agent.toolchain.launchers import detection
from parallel_agent.toolchain.launchers.bubblewrap import Bubblewrap
from parallel_agent.toolchain.launchers.detection import detect, guarded_launcher, probe
from parallel_agent.toolchain.launchers.landlock import Landlock
from parallel_agent.toolchain.launchers.launcher import SandboxUnavailable
from parallel_agent.toolchain.launchers.unguarded import Unguarded


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No bubblewrap, and nothing to build the second launcher with."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(detection, "_detected", detection._detected.__wrapped__)


def test_it_is_the_first_that_works() -> None:
    found = detect()
    assert found.launcher is not None
    assert found is detect()
    assert guarded_launcher() is found.launcher


@pytest.mark.usefixtures("bare_machine")
def test_where_none_works_each_says_why() -> None:
    with pytest.raises(SandboxUnavailable, match=r"'bwrap' is not on PATH.*no C compiler"):
        guarded_launcher()


@pytest.mark.usefixtures("bare_machine")
def test_where_none_works_nothing_is_run(
    sum_of_roots: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["optimize", str(sum_of_roots), "--out", str(tmp_path / "run")]) == 3
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "no sandbox works on this machine" in lines[0]
    assert "apt-get install bubblewrap" in lines[1]
    assert "--no-sandbox" in lines[1]
    assert not (tmp_path / "run").exists()


def test_one_that_only_pretends_is_not_taken() -> None:
    with pytest.raises(SandboxUnavailable, match="does not isolate"):
        probe(Unguarded.find())


def test_one_without_filter_is_not_taken() -> None:
    try:
        whole = Bubblewrap.find()
        probe(whole)
    except SandboxUnavailable:
        pytest.skip("bubblewrap does not work here")
    with pytest.raises(SandboxUnavailable, match="bwrap fails"):
        probe(replace(whole, filter=b""))


def test_one_that_fails_says_how() -> None:
    with pytest.raises(SandboxUnavailable, match="false fails: status 1"):
        probe(replace(Unguarded.find(), prlimit="/bin/false"))


def test_the_second_launcher_is_built_once_and_only_taken_from_its_owner() -> None:
    try:
        first = Landlock.find().executable
    except SandboxUnavailable:
        pytest.skip("the launcher cannot be built here")
    built = first.stat().st_mtime_ns
    assert Landlock.find().executable.stat().st_mtime_ns == built
    first.chmod(0o777)  # others could have written to it
    assert Landlock.find().executable.stat().st_mtime_ns != built
    assert os.access(first, os.X_OK)
