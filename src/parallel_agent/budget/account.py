"""The sqlite file of an account: its schema, and one connection for each transaction."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from parallel_agent.budget.errors import LedgerError
from parallel_agent.budget.money import NanoUSD, check_nano
from parallel_agent.budget.scopes import ROOT

APPLICATION_ID = 0x70614C67
SCHEMA_VERSION = 2
BUSY_SECONDS = 60.0
"""How long a transaction waits for another process or thread to finish its own."""

# Without RETURNING and STRICT, which the sqlite of older systems lacks.
_SCHEMA = (
    """CREATE TABLE scopes (
        path TEXT PRIMARY KEY NOT NULL,
        cap INTEGER CHECK (cap IS NULL OR typeof(cap) = 'integer' AND cap >= 0)
    )""",
    """CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        kind TEXT NOT NULL
            CHECK (kind IN ('reserved', 'settled', 'released', 'forfeited', 'capped')),
        scope TEXT NOT NULL REFERENCES scopes (path),
        amount INTEGER NOT NULL CHECK (typeof(amount) = 'integer' AND amount >= 0),
        reservation INTEGER UNIQUE REFERENCES entries (id),
        what TEXT NOT NULL,
        key TEXT,
        detail TEXT NOT NULL,
        CHECK ((kind IN ('reserved', 'capped')) = (reservation IS NULL)),
        CHECK (kind != 'released' OR amount = 0)
    )""",
    # The responses that were paid for, each with its settlement: one of the same key.
    """CREATE TABLE responses (
        key TEXT PRIMARY KEY NOT NULL,
        settlement INTEGER NOT NULL UNIQUE REFERENCES entries (id),
        response TEXT NOT NULL
    )""",
    # The cap of each scope as it was last set.
    """CREATE VIEW caps AS
        SELECT path, coalesce(
            (SELECT amount FROM entries WHERE kind = 'capped' AND scope = path
             ORDER BY id DESC LIMIT 1),
            cap) AS cap
        FROM scopes""",
    # What each reservation charges now; closed is NULL while it is outstanding.
    """CREATE VIEW reservations AS
        SELECT r.id, r.scope, r.what, r.key, r.amount AS reserved, c.kind AS closed,
               coalesce(c.amount, r.amount) AS charge
        FROM entries r LEFT JOIN entries c ON c.reservation = r.id
        WHERE r.kind = 'reserved'""",
    # INSERT OR REPLACE removes rows without asking the DELETE trigger: hence one for INSERT.
    """CREATE TRIGGER entries_replace BEFORE INSERT ON entries
        WHEN EXISTS (SELECT 1 FROM entries
                     WHERE id = NEW.id OR reservation = NEW.reservation)
        BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END""",
    """CREATE TRIGGER entries_update BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END""",
    """CREATE TRIGGER entries_delete BEFORE DELETE ON entries
        BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END""",
    """CREATE TRIGGER scopes_replace BEFORE INSERT ON scopes
        WHEN EXISTS (SELECT 1 FROM scopes WHERE path = NEW.path)
        BEGIN SELECT RAISE(ABORT, 'scopes are append-only'); END""",
    """CREATE TRIGGER scopes_update BEFORE UPDATE ON scopes
        BEGIN SELECT RAISE(ABORT, 'scopes are append-only'); END""",
    """CREATE TRIGGER scopes_delete BEFORE DELETE ON scopes
        BEGIN SELECT RAISE(ABORT, 'scopes are append-only'); END""",
    """CREATE TRIGGER responses_insert BEFORE INSERT ON responses
        WHEN NOT EXISTS (SELECT 1 FROM entries
                         WHERE id = NEW.settlement AND kind = 'settled' AND key = NEW.key)
        BEGIN SELECT RAISE(ABORT, 'a response has a settlement of the same key'); END""",
    """CREATE TRIGGER responses_replace BEFORE INSERT ON responses
        WHEN EXISTS (SELECT 1 FROM responses
                     WHERE key = NEW.key OR settlement = NEW.settlement)
        BEGIN SELECT RAISE(ABORT, 'responses are append-only'); END""",
    """CREATE TRIGGER responses_update BEFORE UPDATE ON responses
        BEGIN SELECT RAISE(ABORT, 'responses are append-only'); END""",
    """CREATE TRIGGER responses_delete BEFORE DELETE ON responses
        BEGIN SELECT RAISE(ABORT, 'responses are append-only'); END""",
    "CREATE INDEX entries_capped ON entries (scope, id) WHERE kind = 'capped'",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


class AccountFile:
    """One account on disk. Holds no connection, so threads and processes may share or copy it."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @classmethod
    def create(cls, path: Path, cap: NanoUSD) -> AccountFile:
        """Create the account with its root scope and cap.

        Raises:
            TypeError, ValueError: ``cap`` is no amount.
            FileExistsError: something stands at ``path``; it is left alone.
            OSError: the file cannot be made.
            LedgerError: the file cannot be written.
        """
        check_nano(cap)
        # Made beside its place and linked there when whole: of several creators one wins, and
        # nobody ever sees, or inherits from a killed process, half an account.
        with TemporaryDirectory(prefix=".ledger-", dir=path.parent) as folder:
            draft = cls(Path(folder, "draft.sqlite"))
            draft.path.touch()
            with draft._connection() as db:
                db.execute("PRAGMA journal_mode = WAL")  # stays with the file
            with draft.transaction(write=True) as db:
                for statement in _SCHEMA:
                    db.execute(statement)
                db.execute("INSERT INTO scopes (path, cap) VALUES (?, ?)", (ROOT, cap))
            os.link(draft.path, path)
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> AccountFile:
        """Open an existing account.

        Raises:
            FileNotFoundError: there is no such file.
            LedgerError: it is not a ledger, or one of another schema version.
        """
        if not path.is_file():
            raise FileNotFoundError(f"no ledger at {path}")
        file = cls(path)
        with file._connection() as db:
            if db.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
                raise LedgerError(f"{path} is not a ledger")
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version != SCHEMA_VERSION:
                raise LedgerError(
                    f"{path} has schema {version}; this program reads {SCHEMA_VERSION}"
                )
        return file

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        """Commit what the block does as a whole, or nothing of it when it raises.

        A writing transaction holds the account's only write lock from its start; a reading one
        sees one state of the account throughout.

        Raises:
            LedgerError: whatever sqlite reports (disk full, locked for too long, damaged …).
        """
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            with db:
                yield db

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            # isolation_level=None: transactions begin where we say so, not where Python guesses.
            db = sqlite3.connect(
                f"{self.path.as_uri()}?mode=rw",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
            )
            try:
                db.execute("PRAGMA synchronous = FULL")
                db.execute("PRAGMA foreign_keys = ON")
                yield db
            finally:
                db.close()
        except sqlite3.Error as error:
            raise LedgerError(f"{self.path}: {error}") from error
