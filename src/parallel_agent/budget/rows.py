"""The rows of an account, read and appended inside a transaction of the caller's."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from parallel_agent.budget.audit import Entry, Kind
from parallel_agent.budget.errors import LedgerError, ReservationClosed
from parallel_agent.budget.money import NanoUSD
from parallel_agent.budget.reservation import JournaledResponse, Reservation
from parallel_agent.budget.scopes import ScopeSums, lineage


def created_caps(db: sqlite3.Connection) -> dict[str, NanoUSD | None]:
    """Every scope with the cap that it was created with."""
    return dict(db.execute("SELECT path, cap FROM scopes ORDER BY rowid"))


def present_cap(db: sqlite3.Connection, scope: str) -> NanoUSD | None:
    """The cap of ``scope`` as it was last set. Raises LedgerError if there is no such scope."""
    row = db.execute("SELECT cap FROM caps WHERE path = ?", (scope,)).fetchone()
    if row is None:
        raise LedgerError(f"the scope {scope} does not exist")
    cap: NanoUSD | None = row[0]
    return cap


def sums(db: sqlite3.Connection, scope: str) -> ScopeSums:
    """What ``scope`` and the scopes below it come to."""
    cap = present_cap(db, scope)
    charges = dict(
        db.execute(
            "SELECT coalesce(closed, 'outstanding'), sum(charge) FROM reservations"
            " WHERE scope = :path OR substr(scope, 1, length(:path) + 1) = :path || '/'"
            " GROUP BY 1",
            {"path": scope},
        )
    )
    charges.pop("released", None)
    return ScopeSums(scope, cap, **charges)


def sums_upward(db: sqlite3.Connection, scope: str) -> list[ScopeSums]:
    """The sums of ``scope`` and of every scope above it, the deepest first."""
    return [sums(db, path) for path in lineage(scope)]


_OPEN_OR_CLOSED = "SELECT id, scope, reserved, what, key, closed FROM reservations"


def open_reservations(db: sqlite3.Connection) -> list[Reservation]:
    """What is reserved and not closed, in the order of time."""
    rows = db.execute(f"{_OPEN_OR_CLOSED} WHERE closed IS NULL ORDER BY id").fetchall()
    return [Reservation(*row[:-1]) for row in rows]


def open_reservation(db: sqlite3.Connection, reservation_id: int) -> Reservation:
    """The reservation of that id. Raises ReservationClosed, LedgerError if there is none."""
    row = db.execute(f"{_OPEN_OR_CLOSED} WHERE id = ?", (reservation_id,)).fetchone()
    if row is None:
        raise LedgerError(f"reservation {reservation_id} does not exist")
    *fields, closed = row
    if closed is not None:
        raise ReservationClosed(reservation_id, closed)
    return Reservation(*fields)


def entries(db: sqlite3.Connection) -> list[Entry]:
    """Every entry, in the order of time."""
    rows = db.execute(
        "SELECT id, at, kind, scope, amount, reservation, what, key, detail"
        " FROM entries ORDER BY id"
    )
    return [Entry(*[*columns, json.loads(detail)]) for *columns, detail in rows]


def append(
    db: sqlite3.Connection,
    kind: Kind,
    scope: str,
    amount: NanoUSD,
    *,
    reservation: int | None = None,
    what: str = "",
    key: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Append an entry and return its id. Raises TypeError, ValueError: no JSON data."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    text = json.dumps(dict(detail or {}), sort_keys=True, allow_nan=False)
    number = db.execute(
        "INSERT INTO entries (at, kind, scope, amount, reservation, what, key, detail)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (now, kind, scope, amount, reservation, what, key, text),
    ).lastrowid
    assert number is not None  # an INSERT that did not raise has a row
    return number


def close(
    db: sqlite3.Connection,
    kind: Kind,
    reservation: Reservation,
    amount: NanoUSD,
    detail: Mapping[str, Any],
) -> int:
    """Append the entry that closes ``reservation`` and return its id."""
    return append(
        db,
        kind,
        reservation.scope,
        amount,
        reservation=reservation.id,
        what=reservation.what,
        key=reservation.key,
        detail=detail,
    )


def write_response(db: sqlite3.Connection, key: str | None, settlement: int, text: str) -> None:
    """Journal a response under ``key``. Raises LedgerError: no key, or one journaled before."""
    if key is None:
        raise LedgerError("a response is journaled under the key of its reservation: it has none")
    if read_response(db, key) is not None:
        raise LedgerError(f"a response is journaled under {key} already")
    db.execute(
        "INSERT INTO responses (key, settlement, response) VALUES (?, ?, ?)",
        (key, settlement, text),
    )


def read_response(db: sqlite3.Connection, key: str) -> JournaledResponse | None:
    """The response journaled under ``key``, None if there is none."""
    row: Sequence[Any] | None = db.execute(
        "SELECT r.id, r.scope, r.amount, r.what, r.key, s.amount, j.response, s.at"
        " FROM responses j JOIN entries s ON s.id = j.settlement"
        " JOIN entries r ON r.id = s.reservation WHERE j.key = ?",
        (key,),
    ).fetchone()
    return None if row is None else JournaledResponse(Reservation(*row[:5]), *row[5:])
