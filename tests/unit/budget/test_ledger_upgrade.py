"""A ledger of a version that counted money alone goes on, with every entry as it was."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from parallel_agent.budget.amount import Amount, Cap
from parallel_agent.budget.audit import CapChange
from parallel_agent.budget.errors import CapExceeded, LedgerError
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.scopes import ROOT, ScopeSums

DUMP = Path(__file__).with_name("ledger_of_schema_2.sql")
BRANCH, KERNEL = f"{ROOT}/branch:loop-1", f"{ROOT}/kernel:a"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """What that version left of a run: an answer, a forfeit, two caps that were raised, a crash."""
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(DUMP.read_text(encoding="utf-8"))
        db.execute("PRAGMA journal_mode = WAL")
    return path


def test_it_says_what_it_said(old: Path) -> None:
    audit = Ledger.open(old).audit()
    assert audit.ok
    assert [(e.id, e.kind, e.scope) for e in audit.entries] == [
        (1, "reserved", BRANCH),
        (2, "settled", BRANCH),
        (3, "reserved", BRANCH),
        (4, "forfeited", BRANCH),
        (5, "reserved", KERNEL),
        (6, "released", KERNEL),
        (7, "capped", ROOT),
        (8, "capped", KERNEL),
        (9, "reserved", KERNEL),
    ]
    assert audit.entries[1].detail["usage"]["output_tokens"] == 20
    assert audit.scopes == (
        ScopeSums(ROOT, Cap(1200), Amount(70), Amount(200), Amount(50)),
        ScopeSums(BRANCH, Cap(), Amount(70), Amount(200)),
        ScopeSums(KERNEL, Cap(310), outstanding=Amount(50)),
    )
    assert audit.cap_changes == (
        CapChange(7, ROOT, Cap(1000), Cap(1200)),
        CapChange(8, KERNEL, Cap(300), Cap(310)),
    )
    found = Ledger.open(old).journaled(f"{BRANCH}/coder/1/1")
    assert found is not None
    assert (found.amount, found.response) == (Amount(70), '{"text": "ü"}')


def test_it_goes_on_and_counts_tokens_and_time_from_there(old: Path) -> None:
    ledger = Ledger.open(old)
    assert [r.amount for r in ledger.forfeit_open("the run stopped")] == [Amount(50)]
    assert ledger.raise_cap(ROOT, Cap(tokens=1000, milliseconds=5000))
    assert ledger.sums().cap == Cap(1200, 1000, 5000)
    asked = ledger.reserve(BRANCH, Amount(10, 600, 4000), what="x", key="k")
    with pytest.raises(CapExceeded, match="500 tokens needed, 400 tokens available in account"):
        ledger.reserve(KERNEL, Amount(10, 500), what="y")
    ledger.settle(asked.id, Amount(5, 300, 2000), detail={}, response="{}")
    assert Ledger.open(old).available() == Cap(1200 - 325, 700, 3000)
    assert Ledger.open(old).audit().ok
    with closing(sqlite3.connect(old)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (3,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute("UPDATE entries SET nano_usd = 0")


def test_several_may_open_it_at_once(old: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        ledgers = list(pool.map(lambda _: Ledger.open(old), range(6)))
    assert {ledger.spent() for ledger in ledgers} == {Amount(270)}


def test_where_it_cannot_be_upgraded_it_is_as_it_was(old: Path) -> None:
    with closing(sqlite3.connect(old)) as db:  # a table of somebody's own is in the way
        db.execute("CREATE TABLE old_entries (id)")
    with pytest.raises(LedgerError, match="old_entries"):
        Ledger.open(old)
    with closing(sqlite3.connect(old)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
        assert db.execute(
            "SELECT total(amount) FROM entries WHERE kind = 'settled'"
        ).fetchone() == (70,)
        db.execute("DROP TABLE old_entries")
    assert Ledger.open(old).audit().ok
