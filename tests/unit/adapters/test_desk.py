"""The desk of other agents: whose account, whose runs, and what nobody can slip in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parallel_agent.adapters.desk import Desk
from parallel_agent.adapters.desk_folder import check_owned
from parallel_agent.adapters.requests import BadRequest, RunRequest
from parallel_agent.adapters.telling import budget_text
from parallel_agent.agent.paying import note_account
from parallel_agent.agent.run_folder import FolderError, RunFolder
from parallel_agent.budget.amount import Amount
from parallel_agent.budget.errors import CapTooLow
from parallel_agent.budget.ledger import Ledger
from parallel_agent.settings import load_settings


def desk(tmp_path: Path, budget: str = "0.5") -> Desk:
    return Desk.open(load_settings(out=tmp_path / "desk", budget=budget), tmp_path)


def test_the_same_folder_goes_on_with_what_was_spent(tmp_path: Path) -> None:
    first = desk(tmp_path)
    reservation = first.ledger.reserve("account", 300_000_000, what="an answer")
    first.ledger.settle(reservation.id, 300_000_000, detail={})
    assert desk(tmp_path).budget().left_usd == "0.20"
    with pytest.raises(CapTooLow):
        desk(tmp_path, budget="0.1")


def test_tokens_and_time_are_the_owners_too_and_stay_where_none_are_given(tmp_path: Path) -> None:
    given = load_settings(out=tmp_path / "desk", max_tokens_total=5000, max_time="10m")
    first = Desk.open(given, tmp_path)
    asked = first.ledger.reserve("account", Amount(0, 3000, 60_000), what="an answer")
    first.ledger.settle(asked.id, Amount(0, 1000, 30_500), detail={})
    budget = desk(tmp_path).budget()
    assert (budget.cap_usd, budget.cap_tokens, budget.cap_seconds) == ("0.50", 5000, 600)
    assert (budget.left_tokens, budget.left_seconds) == (4000, 569.5)
    text = budget_text(budget)
    assert "4000 of 5000 tokens are left; 569.5 of 600.0 s of models' time are left" in text


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "thesis.tex").write_text("all of it")
    with pytest.raises(FolderError, match="something else"):
        desk(tmp_path)
    assert [path.name for path in (tmp_path / "desk").iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("name", ["", ".", "..", "../desk", "/etc", "001-x"])
def test_a_run_is_one_of_the_desks_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRequest, match="there is no run"):
        desk(tmp_path).run(RunRequest(run=name))


def test_a_run_whose_files_were_changed_does_not_go_on(tmp_path: Path) -> None:
    here = desk(tmp_path)
    folder = RunFolder(here.folder / "runs" / "001-x")
    folder.root.mkdir(parents=True)
    given = load_settings(out=folder.root, budget="0.5")
    note_account(folder, here.ledger, here.ledger.add_scope("call:001-x"))

    def check(**changed: object) -> None:
        folder.write_json({**given.model_dump(mode="json"), **changed}, "run.json")
        check_owned(folder.root, here.ledger, load_settings(budget="0.5"))

    check(effort="quick")
    for changed in ({"model": ["openai:m"]}, {"cxx": "/tmp/evil"}, {"no_sandbox": True}):
        with pytest.raises(BadRequest, match="another account, model or compiler"):
            check(**changed)
    other = Ledger.create(tmp_path / "mine.sqlite", 10**12)
    note_account(folder, other, other.add_scope("call:001-x"))
    with pytest.raises(BadRequest, match="another account"):
        check()
    (folder.root / "account.json").unlink()
    with pytest.raises(BadRequest, match="cannot go on"):
        check()
    assert json.loads(folder.read("run.json"))["model"] == ["rules"]
