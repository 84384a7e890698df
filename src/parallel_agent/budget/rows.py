"""The rows of an account, read and appended inside a transaction of the caller's."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from parallel_agent.budget.amount import CURRENCIES, Amount, Cap
from parallel_agent.budget.audit import Entry, Kind
from parallel_agent.budget.errors import LedgerError, ReservationClosed
from parallel_agent.budget.reservation import JournaledResponse, Reservation
from parallel_agent.budget.scopes import ScopeSums, lineage

_COUNTS = ", ".join(CURRENCIES)
_SUMS = ", ".join(f"sum({name})" for name in CURRENCIES)
_RESERVED = ", ".join(f"reserved_{name}" for name in CURRENCIES)


def add_scope(db: sqlite3.Connection, path: str, cap: Cap) -> None:
    """Add a scope that is not there yet."""
    values = (cap.nano_usd, cap.tokens, cap.milliseconds)
    db.execute(f"INSERT INTO scopes (path, {_COUNTS}) VALUES (?, ?, ?, ?)", (path, *values))


def created_caps(db: sqlite3.Connection) -> dict[str, Cap]:
    """Every scope with the cap that it was created with."""
    rows = db.execute(f"SELECT path, {_COUNTS} FROM scopes ORDER BY rowid")
    return {path: Cap(*cap) for path, *cap in rows}


def present_cap(db: sqlite3.Connection, scope: str) -> Cap:
    """The cap of ``scope`` as it was last set. Raises LedgerError if there is no such scope."""
    row = db.execute(f"SELECT {_COUNTS} FROM caps WHERE path = ?", (scope,)).fetchone()
    if row is None:
        raise LedgerError(f"the scope {scope} does not exist")
    return Cap(*row)


def sums(db: sqlite3.Connection, scope: str) -> ScopeSums:
    """What ``scope`` and the scopes below it come to."""
    cap = present_cap(db, scope)
    rows = db.execute(
        f"SELECT coalesce(closed, 'outstanding'), {_SUMS} FROM reservations"
        " WHERE scope = :path OR substr(scope, 1, length(:path) + 1) = :path || '/'"
        " GROUP BY 1",
        {"path": scope},
    )
    charges = {kind: Amount(*charge) for kind, *charge in rows}
    charges.pop("released", None)
    return ScopeSums(scope, cap, **charges)


def sums_upward(db: sqlite3.Connection, scope: str) -> list[ScopeSums]:
    """The sums of ``scope`` and of every scope above it, the deepest first."""
    return [sums(db, path) for path in lineage(scope)]


_OPEN_OR_CLOSED = f"SELECT id, scope, what, key, closed, {_RESERVED} FROM reservations"


def open_reservations(db: sqlite3.Connection) -> list[Reservation]:
    """What is reserved and not closed, in the order of time."""
    rows = db.execute(f"{_OPEN_OR_CLOSED} WHERE closed IS NULL ORDER BY id").fetchall()
    return [_reservation(*row) for row in rows]


def open_reservation(db: sqlite3.Connection, reservation_id: int) -> Reservation:
    """The reservation of that id. Raises ReservationClosed, LedgerError if there is none."""
    row = db.execute(f"{_OPEN_OR_CLOSED} WHERE id = ?", (reservation_id,)).fetchone()
    if row is None:
        raise LedgerError(f"reservation {reservation_id} does not exist")
    closed = row[4]
    if closed is not None:
        raise ReservationClosed(reservation_id, closed)
    return _reservation(*row)


def _reservation(
    number: int, scope: str, what: str, key: str | None, closed: None, *reserved: int
) -> Reservation:
    return Reservation(number, scope, Amount(*reserved), what, key)


def entries(db: sqlite3.Connection) -> list[Entry]:
    """Every entry, in the order of time."""
    rows = db.execute(
        f"SELECT id, at, kind, scope, reservation, what, key, detail, {_COUNTS}"
        " FROM entries ORDER BY id"
    )
    return [_entry(*row) for row in rows]


def _entry(
    number: int,
    at: str,
    kind: Kind,
    scope: str,
    reservation: int | None,
    what: str,
    key: str | None,
    detail: str,
    *counts: int,
) -> Entry:
    charge = Cap(*counts) if kind == "capped" else Amount(*counts)
    return Entry(number, at, kind, scope, charge, reservation, what, key, json.loads(detail))


def append(
    db: sqlite3.Connection,
    kind: Kind,
    scope: str,
    amount: Amount | Cap,
    *,
    reservation: int | None = None,
    what: str = "",
    key: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Append an entry and return its id. Raises TypeError, ValueError: no JSON data."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    text = json.dumps(dict(detail or {}), sort_keys=True, allow_nan=False)
    values = (amount.nano_usd, amount.tokens, amount.milliseconds)
    number = db.execute(
        f"INSERT INTO entries (at, kind, scope, reservation, what, key, detail, {_COUNTS})"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (now, kind, scope, reservation, what, key, text, *values),
    ).lastrowid
    assert number is not None  # an INSERT that did not raise has a row
    return number


def close(
    db: sqlite3.Connection,
    kind: Kind,
    reservation: Reservation,
    amount: Amount,
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
    counts = ", ".join(f"{side}.{name}" for side in "rs" for name in CURRENCIES)
    row: Sequence[Any] | None = db.execute(
        f"SELECT r.id, r.scope, r.what, r.key, j.response, s.at, {counts}"
        " FROM responses j JOIN entries s ON s.id = j.settlement"
        " JOIN entries r ON r.id = s.reservation WHERE j.key = ?",
        (key,),
    ).fetchone()
    if row is None:
        return None
    number, scope, what, its_key, response, at, *values = row
    reservation = Reservation(number, scope, Amount(*values[:3]), what, its_key)
    return JournaledResponse(reservation, Amount(*values[3:]), response, at)
