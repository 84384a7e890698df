"""The sqlite file of an account: one connection for each transaction, and older files brought up."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from parallel_agent.budget import rows
from parallel_agent.budget.amount import Cap
from parallel_agent.budget.errors import LedgerError
from parallel_agent.budget.schema import (
    APPLICATION_ID,
    OLDEST_VERSION,
    SCHEMA,
    SCHEMA_VERSION,
    upgrade,
)
from parallel_agent.budget.scopes import ROOT

BUSY_SECONDS = 60.0
"""How long a transaction waits for another process or thread to finish its own."""


class AccountFile:
    """One account on disk. Holds no connection, so threads and processes may share or copy it."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @classmethod
    def create(cls, path: Path, cap: Cap) -> AccountFile:
        """Create the account with its root scope and cap.

        Raises:
            TypeError, ValueError: ``cap`` is no cap, or none on money.
            FileExistsError: something stands at ``path``; it is left alone.
            OSError: the file cannot be made.
            LedgerError: the file cannot be written.
        """
        if cap.checked().nano_usd is None:
            raise ValueError("an account has a cap on money")
        # Made beside its place and linked there when whole: of several creators one wins, and
        # nobody ever sees, or inherits from a killed process, half an account.
        with TemporaryDirectory(prefix=".ledger-", dir=path.parent) as folder:
            draft = cls(Path(folder, "draft.sqlite"))
            draft.path.touch()
            with draft._connection() as db:
                db.execute("PRAGMA journal_mode = WAL")  # stays with the file
            with draft.transaction(write=True) as db:
                for statement in SCHEMA:
                    db.execute(statement)
                rows.add_scope(db, ROOT, cap)
            os.link(draft.path, path)
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> AccountFile:
        """Open an existing account; one of an older schema is brought up to this one's first.

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
            if not OLDEST_VERSION <= version <= SCHEMA_VERSION:
                raise LedgerError(
                    f"{path} has schema {version}; this program reads {OLDEST_VERSION} to "
                    f"{SCHEMA_VERSION}"
                )
            if version < SCHEMA_VERSION:
                upgrade(db)
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
