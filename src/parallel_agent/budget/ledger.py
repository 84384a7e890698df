"""The ledger: money is reserved before a request leaves and closed, exactly once, after it.

All amounts are integers of nano-dollars. An account is one sqlite file that any number of threads
and processes may use at once; every method is one transaction, on disk when it returns.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parallel_agent.budget.account import AccountFile
from parallel_agent.budget.audit import Audit, Entry, Kind, audit_entries
from parallel_agent.budget.errors import CapExceeded, LedgerError, ReservationClosed
from parallel_agent.budget.money import NanoUSD, check_nano
from parallel_agent.budget.scopes import ROOT, ScopeSums, child_path, lineage


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money set aside: ``amount`` nano-dollars in ``scope`` for ``what``."""

    id: int
    scope: str
    amount: NanoUSD
    what: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """The real price of a reservation, in nano-dollars."""

    reservation: Reservation
    amount: NanoUSD

    @property
    def breach(self) -> bool:
        """True when more was billed than reserved; the sums may have passed a cap."""
        return self.amount > self.reservation.amount


class Ledger:
    """The account of all spending. Get one from ``create`` or ``open``.

    Every method raises LedgerError when the file cannot be read or written, and for a scope or a
    reservation that does not exist.
    """

    def __init__(self, file: AccountFile) -> None:
        self._file = file

    @classmethod
    def create(cls, path: Path, cap: NanoUSD) -> Ledger:
        """Create an account file whose root scope ``account`` has the cap ``cap``.

        Raises:
            TypeError, ValueError: ``cap`` is not an int of nano-dollars from 0 to ``MAX_NANO``.
            FileExistsError: there is an account already.
            OSError: the file cannot be made.
        """
        return cls(AccountFile.create(path, cap))

    @classmethod
    def open(cls, path: Path) -> Ledger:
        """Open an existing account file.

        Raises:
            FileNotFoundError: there is none.
            LedgerError: the file is not a ledger, or one of another schema version.
        """
        return cls(AccountFile.open(path))

    @property
    def path(self) -> Path:
        """The account file."""
        return self._file.path

    def add_scope(self, name: str, parent: str = ROOT, cap: NanoUSD | None = None) -> str:
        """Add the scope ``name`` under ``parent`` and return its path, ``parent/name``.

        Without a cap of its own it is bound by the scopes above it. Adding the same scope again
        changes nothing.

        Raises:
            TypeError, ValueError: ``cap`` is no amount, or ``name`` no name (empty, with a slash).
            LedgerError: ``parent`` does not exist, or the scope exists with another cap.
        """
        path = child_path(parent, name)
        if cap is not None:
            check_nano(cap)
        with self._file.transaction(write=True) as db:
            _cap(db, parent)
            known = db.execute("SELECT cap FROM scopes WHERE path = ?", (path,)).fetchone()
            if known is None:
                db.execute("INSERT INTO scopes (path, cap) VALUES (?, ?)", (path, cap))
            elif known != (cap,):
                raise LedgerError(f"the scope {path} exists with another cap")
        return path

    def reserve(
        self, scope: str, amount: NanoUSD, *, what: str, key: str | None = None
    ) -> Reservation:
        """Set ``amount`` aside, if it fits in ``scope`` and in every scope above it.

        ``what`` is for people; ``key`` is the caller's own label (see ``forfeit_open``) and need
        not be unique. An amount of 0 is welcome, also under a cap of 0.

        Raises:
            TypeError, ValueError: ``amount`` is not an int of nano-dollars from 0 to ``MAX_NANO``.
            CapExceeded: it does not fit; names the deepest scope that is too full.
        """
        check_nano(amount)
        with self._file.transaction(write=True) as db:
            for sums in _sums_upward(db, scope):
                if sums.available is not None and amount > sums.available:
                    raise CapExceeded(sums.scope, amount, sums.available)
            number = _append(db, "reserved", scope, amount, None, what, key, {})
        return Reservation(number, scope, amount, what, key)

    def settle(
        self, reservation_id: int, amount: NanoUSD, *, detail: Mapping[str, Any]
    ) -> Settlement:
        """Close a reservation at its real price; ``detail`` (JSON data) is kept with the entry.

        A price above the reservation is recorded at the truth and is a breach. The sums may then
        pass a cap, and nothing more can be reserved there.

        Raises:
            TypeError, ValueError: ``amount`` is no amount, or ``detail`` is not JSON data.
            ReservationClosed: it was closed before.
        """
        check_nano(amount)
        with self._file.transaction(write=True) as db:
            reservation = _open_reservation(db, reservation_id)
            _close(db, "settled", reservation, amount, detail)
        return Settlement(reservation, amount)

    def release(self, reservation_id: int, why: str) -> None:
        """Give a reservation back: it is proved that the request was never sent.

        Raises:
            ReservationClosed: it was closed before.
        """
        with self._file.transaction(write=True) as db:
            reservation = _open_reservation(db, reservation_id)
            _close(db, "released", reservation, 0, {"why": why})

    def forfeit(self, reservation_id: int, why: str) -> None:
        """Count a reservation in full: nothing is known of the request's fate.

        Raises:
            ReservationClosed: it was closed before.
        """
        with self._file.transaction(write=True) as db:
            reservation = _open_reservation(db, reservation_id)
            _close(db, "forfeited", reservation, reservation.amount, {"why": why})

    def forfeit_open(self, why: str, keys: Collection[str] | None = None) -> list[Reservation]:
        """Forfeit every open reservation, or those with a key in ``keys``, and return them.

        For a resume after a crash: call it when no other process works on the account.
        """
        with self._file.transaction(write=True) as db:
            chosen = [r for r in _open_reservations(db) if keys is None or r.key in keys]
            for reservation in chosen:
                _close(db, "forfeited", reservation, reservation.amount, {"why": why})
        return chosen

    def sums(self, scope: str = ROOT) -> ScopeSums:
        """Return what is settled, forfeited and outstanding in ``scope`` and below it."""
        with self._file.transaction(write=False) as db:
            return _sums(db, scope)

    def spent(self, scope: str = ROOT) -> NanoUSD:
        """Return what is settled or forfeited in ``scope`` and below it."""
        return self.sums(scope).spent

    def available(self, scope: str = ROOT) -> NanoUSD:
        """Return the largest amount that can be reserved in ``scope`` now.

        Negative after a breach: then not even 0 can be reserved.
        """
        with self._file.transaction(write=False) as db:
            left = [sums.available for sums in _sums_upward(db, scope)]
        return min(amount for amount in left if amount is not None)

    def audit(self) -> Audit:
        """Recompute every sum and check the promise of the cap, from the entries alone."""
        with self._file.transaction(write=False) as db:
            caps = dict(db.execute("SELECT path, cap FROM scopes ORDER BY rowid"))
            rows = db.execute(
                "SELECT id, at, kind, scope, amount, reservation, what, key, detail"
                " FROM entries ORDER BY id"
            ).fetchall()
        return audit_entries(caps, map(_entry, rows))


def _cap(db: sqlite3.Connection, scope: str) -> NanoUSD | None:
    row = db.execute("SELECT cap FROM scopes WHERE path = ?", (scope,)).fetchone()
    if row is None:
        raise LedgerError(f"the scope {scope} does not exist")
    cap: NanoUSD | None = row[0]
    return cap


def _sums(db: sqlite3.Connection, scope: str) -> ScopeSums:
    cap = _cap(db, scope)
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


def _sums_upward(db: sqlite3.Connection, scope: str) -> list[ScopeSums]:
    return [_sums(db, path) for path in lineage(scope)]


_OPEN_OR_CLOSED = "SELECT id, scope, reserved, what, key, closed FROM reservations"


def _open_reservations(db: sqlite3.Connection) -> list[Reservation]:
    rows = db.execute(f"{_OPEN_OR_CLOSED} WHERE closed IS NULL ORDER BY id").fetchall()
    return [Reservation(*row[:-1]) for row in rows]


def _open_reservation(db: sqlite3.Connection, reservation_id: int) -> Reservation:
    row = db.execute(f"{_OPEN_OR_CLOSED} WHERE id = ?", (reservation_id,)).fetchone()
    if row is None:
        raise LedgerError(f"reservation {reservation_id} does not exist")
    *fields, closed = row
    if closed is not None:
        raise ReservationClosed(reservation_id, closed)
    return Reservation(*fields)


def _entry(row: Sequence[Any]) -> Entry:
    *columns, detail = row
    return Entry(*[*columns, json.loads(detail)])


def _close(
    db: sqlite3.Connection,
    kind: Kind,
    reservation: Reservation,
    amount: NanoUSD,
    detail: Mapping[str, Any],
) -> None:
    _append(
        db,
        kind,
        reservation.scope,
        amount,
        reservation.id,
        reservation.what,
        reservation.key,
        detail,
    )


def _append(
    db: sqlite3.Connection,
    kind: Kind,
    scope: str,
    amount: NanoUSD,
    reservation: int | None,
    what: str,
    key: str | None,
    detail: Mapping[str, Any],
) -> int:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    text = json.dumps(dict(detail), sort_keys=True, allow_nan=False)
    number = db.execute(
        "INSERT INTO entries (at, kind, scope, amount, reservation, what, key, detail)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (now, kind, scope, amount, reservation, what, key, text),
    ).lastrowid
    assert number is not None  # an INSERT that did not raise has a row
    return number
