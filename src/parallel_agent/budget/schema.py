"""What is in the sqlite file of an account, and how a file of an older schema becomes one of this."""

from __future__ import annotations

import sqlite3

from parallel_agent.budget.amount import CURRENCIES, Currency

APPLICATION_ID = 0x70614C67
SCHEMA_VERSION = 3
OLDEST_VERSION = 2
"""Of the files that can be brought up to date: they counted money alone."""

_COUNTS = ", ".join(
    f"{name} INTEGER CHECK ({name} IS NULL OR typeof({name}) = 'integer' AND {name} >= 0)"
    for name in CURRENCIES
)


def _present_cap(name: Currency) -> str:
    return f"""coalesce(
        (SELECT {name} FROM entries WHERE kind = 'capped' AND scope = path AND {name} IS NOT NULL
         ORDER BY id DESC LIMIT 1),
        {name}) AS {name}"""


# Without RETURNING and STRICT, which the sqlite of older systems lacks.
SCHEMA = (
    # NULL: no cap of its own on that.
    f"CREATE TABLE scopes (path TEXT PRIMARY KEY NOT NULL, {_COUNTS})",
    # In a cap that is set anew NULL leaves what it was.
    f"""CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        kind TEXT NOT NULL
            CHECK (kind IN ('reserved', 'settled', 'released', 'forfeited', 'capped')),
        scope TEXT NOT NULL REFERENCES scopes (path),
        {_COUNTS},
        reservation INTEGER UNIQUE REFERENCES entries (id),
        what TEXT NOT NULL,
        key TEXT,
        detail TEXT NOT NULL,
        CHECK ((kind IN ('reserved', 'capped')) = (reservation IS NULL)),
        CHECK (kind = 'capped' OR nano_usd + tokens + milliseconds IS NOT NULL),
        CHECK (kind != 'released' OR nano_usd + tokens + milliseconds = 0)
    )""",
    # The responses that were paid for, each with its settlement: one of the same key.
    """CREATE TABLE responses (
        key TEXT PRIMARY KEY NOT NULL,
        settlement INTEGER NOT NULL UNIQUE REFERENCES entries (id),
        response TEXT NOT NULL
    )""",
    # The cap of each scope as it was last set.
    f"CREATE VIEW caps AS SELECT path, {', '.join(map(_present_cap, CURRENCIES))} FROM scopes",
    # What each reservation charges now; closed is NULL while it is outstanding.
    f"""CREATE VIEW reservations AS
        SELECT r.id, r.scope, r.what, r.key, c.kind AS closed,
               {", ".join(f"r.{name} AS reserved_{name}" for name in CURRENCIES)},
               {", ".join(f"coalesce(c.{name}, r.{name}) AS {name}" for name in CURRENCIES)}
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

# Copied into tables that are made anew: sqlite cannot add a NULL to a column that forbids it.
_TABLES = ("responses", "entries", "scopes")
_UPGRADE = (
    "INSERT INTO scopes (path, nano_usd) SELECT path, cap FROM old_scopes ORDER BY rowid",
    """INSERT INTO entries (id, at, kind, scope, nano_usd, tokens, milliseconds, reservation, what,
                            key, detail)
        SELECT id, at, kind, scope, amount,
               CASE kind WHEN 'capped' THEN NULL ELSE 0 END,
               CASE kind WHEN 'capped' THEN NULL ELSE 0 END, reservation, what, key, detail
        FROM old_entries ORDER BY id""",
    "INSERT INTO responses SELECT * FROM old_responses ORDER BY rowid",
)


def upgrade(db: sqlite3.Connection) -> None:
    """Bring a file of schema 2 up to this one, in one transaction; of tokens and time it knows nothing.

    Whoever comes second finds it done. Raises sqlite3.Error.
    """
    db.execute("PRAGMA foreign_keys = OFF")  # else renaming a table renames it in what refers to it
    db.execute("PRAGMA legacy_alter_table = ON")
    db.execute("BEGIN IMMEDIATE")
    with db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version != OLDEST_VERSION:
            return
        parts = "SELECT type, name FROM sqlite_master WHERE type != 'table' AND sql IS NOT NULL"
        for kind, name in db.execute(parts).fetchall():
            db.execute(f"DROP {kind} {name}")
        for table in _TABLES:
            db.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
        for statement in (*SCHEMA, *_UPGRADE):
            db.execute(statement)
        for table in _TABLES:
            db.execute(f"DROP TABLE old_{table}")
