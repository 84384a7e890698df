"""Whose account a run spends from, also when it is resumed from somewhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.agent.paying import account_of, note_account
from parallel_agent.agent.run_folder import FolderError, RunFolder
from parallel_agent.budget.amount import Amount, Cap
from parallel_agent.budget.ledger import Ledger
from parallel_agent.settings import load_settings


def test_a_run_of_its_own_has_the_budget_as_cap(tmp_path: Path) -> None:
    ledger, scope = account_of(RunFolder(tmp_path), load_settings(budget="0.5"))
    assert ledger.path == tmp_path / "ledger.sqlite"
    assert scope == "account"
    assert ledger.sums().cap == Cap(500_000_000)


def test_tokens_and_time_have_a_cap_where_they_are_given(tmp_path: Path) -> None:
    given = load_settings(budget="0", max_tokens_total=9000, max_time="1m30s")
    ledger, _ = account_of(RunFolder(tmp_path), given)
    assert ledger.sums().cap == Cap(0, 9000, 90_000)


def test_a_run_in_anothers_account_stays_there_and_forfeits_its_own_only(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledger.sqlite", 1000)
    mine, other = ledger.add_scope("call:1"), ledger.add_scope("call:11")
    branch = ledger.add_scope("branch:b", mine)
    folder = RunFolder(tmp_path / "runs" / "1")
    folder.root.mkdir(parents=True)
    note_account(folder, ledger, mine)
    ledger.reserve(branch, 300, what="in flight")
    ledger.reserve(other, 500, what="another's")

    moved = tmp_path.parent / f"{tmp_path.name}-moved"
    tmp_path.rename(moved)
    found, scope = account_of(RunFolder(moved / "runs" / "1"), load_settings(budget="100"))

    assert scope == mine
    assert found.sums().cap == Cap(1000)
    assert found.sums(mine).spent == Amount(300)
    assert found.sums(other).outstanding == Amount(500)
    assert not (moved / "runs" / "1" / "ledger.sqlite").exists()
    (moved / "ledger.sqlite").unlink()
    with pytest.raises(FolderError, match="is gone"):
        account_of(RunFolder(moved / "runs" / "1"), load_settings(budget="100"))
    moved.rename(tmp_path)
