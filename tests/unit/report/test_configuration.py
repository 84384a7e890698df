from __future__ import annotations

import json
from pathlib import Path

import pytest

from parallel_agent.cli import run
from parallel_agent.report.configuration import configuration
from parallel_agent.settings import Settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_setting_is_told_with_its_meaning() -> None:
    told = configuration()
    assert [setting.name for setting in told] == list(Settings.model_fields)
    assert all(setting.meaning for setting in told)
    assert {setting.origin for setting in told} == {"default"}


def test_each_value_says_where_it_is_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "parallel-agent.toml").write_text('threads = 3\neffort = "quick"\n')
    monkeypatch.setenv("PARALLEL_AGENT_EFFORT", "thorough")
    told = {setting.name: setting for setting in configuration()}
    assert (told["threads"].value, told["threads"].origin) == ("3", "parallel-agent.toml")
    assert (told["effort"].value, told["effort"].origin) == ("thorough", "PARALLEL_AGENT_EFFORT")
    assert (told["cxxflags"].value, told["cxxflags"].origin) == (
        "-std=c++20 -O3 -fopenmp",
        "default",
    )


def test_a_variable_that_is_no_setting_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARALLEL_AGENT_THREAD", "4")
    assert run(["config", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unknown"] == ["PARALLEL_AGENT_THREAD"]
    assert run(["config"]) == 0
    assert "PARALLEL_AGENT_THREAD is set, and there is no such setting" in capsys.readouterr().out


def test_a_bad_value_is_an_error_with_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARALLEL_AGENT_THREADS", "many")
    assert run(["config"]) == 2
    assert "--threads" in capsys.readouterr().err
