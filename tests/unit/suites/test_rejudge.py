"""A suite judged again needs nothing but its folder, and two of them are compared with their machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.cli import run
from parallel_agent.suites.judges.toolkit import Judgement
from parallel_agent.suites.rejudge import rejudge
from parallel_agent.suites.stored import read_result, write_result
from report_samples import write_suite


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A finished suite of one kernel, for which a model found nothing."""
    root = write_suite(tmp_path / "suite", kernels=1, runs=1)
    settings = root / "kernels" / "kernel_00" / "run.json"
    changed(settings, model=["openai:some-model"], threads=2)
    return root


def changed(file: Path, **fields: Any) -> None:
    kept = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**kept, **fields}), encoding="utf-8")


def test_no_key_is_needed_where_no_model_is_asked(
    suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    _, after = rejudge(suite)
    assert [kernel.status for kernel in after.kernels] == ["unchanged"]
    [told] = json.loads((Path(after.run) / "environment.json").read_text(encoding="utf-8"))
    assert told["settings"]["model"] == [] and told["prices"] == {}


def test_what_the_toolkit_said_before_is_not_said_again(suite: Path) -> None:
    result = read_result(suite)
    judged = Judgement(kernel="kernel_00", compiled=True, correct=True)
    write_result(RunFolder(suite), result.model_copy(update={"toolkit": (judged,)}))
    before, after = rejudge(suite)
    assert before.toolkit == (judged,) and after.toolkit == ()


def test_a_comparison_says_where_the_machines_differ(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, after = rejudge(suite)
    first = Path(after.run)
    second = first.rename(first.with_name("other"))
    _, after = rejudge(suite)
    other = json.loads((second / "environment.json").read_text(encoding="utf-8"))
    other[-1]["machine"]["cpu"] = "Another processor"
    other[-1]["settings"]["effort"] = "thorough"
    (second / "environment.json").write_text(json.dumps(other), encoding="utf-8")
    assert run(["bench", "--compare", str(second), after.run, "--json"]) == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert notes[0].startswith("processor: Another processor before, ")
    assert notes[1:] == ["effort: thorough before, normal after"]
    assert run(["bench", "--compare", after.run, after.run, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == []
