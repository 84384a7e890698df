"""The file of a ledger: made once, refused where it is something else, never rewritten."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from parallel_agent.budget.amount import Amount, Cap
from parallel_agent.budget.errors import LedgerError
from parallel_agent.budget.ledger import JournaledResponse, Ledger
from parallel_agent.budget.scopes import ROOT


def test_create_leaves_alone_what_is_there(ledger: Ledger, tmp_path: Path) -> None:
    number = ledger.reserve(ROOT, 10, what="x").id
    with pytest.raises(FileExistsError):
        Ledger.create(ledger.path, 5)
    assert Ledger.open(ledger.path).sums().cap == Cap(100)
    ledger.release(number, "the account is still in order")
    notes = tmp_path / "notes"
    notes.write_text("mine")
    with pytest.raises(FileExistsError):
        Ledger.create(notes, 5)
    assert notes.read_text() == "mine"
    with pytest.raises(FileNotFoundError):
        Ledger.create(tmp_path / "missing" / "ledger.sqlite", 5)
    with pytest.raises(ValueError, match="amount"):
        Ledger.create(tmp_path / "negative", -1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ledger.sqlite", "notes"]


def test_open_refuses_what_is_no_ledger(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no ledger"):
        Ledger.open(tmp_path / "missing")
    with pytest.raises(FileNotFoundError, match="no ledger"):
        Ledger.open(tmp_path)
    text = tmp_path / "text"
    text.write_text("not a database\n" * 100)
    with pytest.raises(LedgerError, match="not a database"):
        Ledger.open(text)
    other = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE entries (id)")
    with pytest.raises(LedgerError, match="is not a ledger"):
        Ledger.open(other)
    with closing(sqlite3.connect(ledger.path)) as db:
        db.execute("PRAGMA user_version = 1")
    with pytest.raises(LedgerError, match="has schema 1; this program reads 2 to 3"):
        Ledger.open(ledger.path)


def test_a_vanished_file_is_an_error_and_is_not_made_anew(ledger: Ledger) -> None:
    ledger.path.unlink()
    with pytest.raises(LedgerError, match="unable to open"):
        ledger.reserve(ROOT, 1, what="x")
    assert not ledger.path.exists()


def test_a_path_with_odd_characters(tmp_path: Path) -> None:
    folder = tmp_path / "50% ?mode=memory #1 ü"
    folder.mkdir()
    ledger = Ledger.create(folder / "ledger.sqlite", 5)
    assert ledger.path.read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE entries SET nano_usd = 0", "append-only"),
        ("DELETE FROM entries", "append-only"),
        ("INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE id = 1", "append-only"),
        ("INSERT OR REPLACE INTO entries SELECT 9, at, kind, scope, 0, 0, 0, reservation, what,"
         " key, detail FROM entries WHERE id = 2", "append-only"),
        ("INSERT INTO entries SELECT 9, at, kind, scope, -1, 0, 0, NULL, what, key, detail FROM entries"
         " WHERE id = 1", "CHECK"),
        ("INSERT INTO entries SELECT 9, at, kind, scope, 0.5, 0, 0, NULL, what, key, detail FROM entries"
         " WHERE id = 1", "CHECK"),
        ("INSERT INTO entries SELECT 9, at, kind, scope, 0, 0, 0, 3, what, key, detail FROM entries"
         " WHERE id = 1", "CHECK"),
        ("INSERT INTO entries SELECT 9, at, 'released', scope, 1, 0, 0, 3, what, key, detail"
         " FROM entries WHERE id = 1", "CHECK"),
        ("INSERT INTO entries SELECT 9, at, 'capped', scope, 500, 0, 0, 3, what, key, detail"
         " FROM entries WHERE id = 1", "CHECK"),
        ("INSERT INTO entries SELECT 9, at, kind, scope, 0, NULL, 0, NULL, what, key, detail"
         " FROM entries WHERE id = 1", "CHECK"),
        ("INSERT INTO entries SELECT 9, at, 'released', scope, 0, 1, 0, 3, what, key, detail"
         " FROM entries WHERE id = 1", "CHECK"),
        ("UPDATE responses SET response = '[]'", "append-only"),
        ("DELETE FROM responses", "append-only"),
        ("INSERT OR REPLACE INTO responses VALUES ('k', 2, '[]')", "append-only"),
        ("INSERT OR REPLACE INTO responses VALUES ('l', 2, '[]')", "append-only|of the same key"),
        ("INSERT INTO responses VALUES ('l', 3, '[]')", "a response has a settlement"),
        ("UPDATE scopes SET nano_usd = 1000", "append-only"),
        ("DELETE FROM scopes", "append-only"),
        ("INSERT OR REPLACE INTO scopes VALUES ('account', 1000, NULL, NULL)", "append-only"),
        ("INSERT INTO scopes VALUES ('account/k', -1, NULL, NULL)", "CHECK"),
    ],
)  # fmt: skip
def test_the_file_itself_refuses_to_be_rewritten(
    ledger: Ledger, statement: str, complaint: str
) -> None:
    paid = ledger.reserve(ROOT, 10, what="x", key="k")
    ledger.settle(paid.id, 9, detail={}, response="{}")
    ledger.reserve(ROOT, 11, what="y", key="l")
    before = ledger.audit()
    with (
        closing(sqlite3.connect(ledger.path)) as db,
        pytest.raises(sqlite3.IntegrityError, match=complaint),
    ):
        db.execute(statement)
    assert ledger.audit() == before
    assert ledger.journaled("k") == JournaledResponse(paid, Amount(9), "{}", before.entries[1].at)


def test_what_is_committed_is_synced_to_a_write_ahead_log(ledger: Ledger) -> None:
    with ledger._file.transaction(write=True) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"
