from __future__ import annotations

import json
from pathlib import Path

import pytest

from parallel_agent.cli import run
from parallel_agent.report.doctor import Check, examine_machine, lacks_nothing, show_checks
from parallel_agent.toolchain.launchers import detection

FLAGS = ("-std=c++20", "-O3", "-fopenmp")


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_a_missing_compiler_is_found_with_the_way_to_install_it() -> None:
    checks = examine_machine("no-such-g++", FLAGS)
    compiler = by_name(checks)["compiler"]
    assert not compiler.ok
    assert "no-such-g++" in compiler.detail
    assert "apt-get install g++" in compiler.line
    assert compiler.line.startswith("missing")
    assert not lacks_nothing(checks)


def test_the_command_ends_with_3_when_something_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["doctor", "--cxx", "no-such-g++", "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert any(check["name"] == "compiler" and not check["ok"] for check in found["checks"])


def test_a_cache_folder_that_cannot_be_written_is_only_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    cache = by_name(examine_machine("no-such-g++", FLAGS))["cache folder"]
    assert not cache.ok
    assert not cache.needed
    assert cache.line.startswith("note")


def test_without_a_sandbox_nothing_can_be_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = tmp_path / "g++"
    compiler.write_text("#!/bin/sh\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(detection, "_detected", detection._detected.__wrapped__)
    found = by_name(examine_machine("g++", FLAGS))
    assert not found["sandbox"].ok
    assert "'bwrap' is not on PATH" in found["sandbox"].detail
    assert "apt-get install bubblewrap" in found["sandbox"].line


def test_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    show_checks([Check("cores", True, "2 usable", "buy more")], as_json=False)
    assert capsys.readouterr().out == "ok       cores: 2 usable\n"
