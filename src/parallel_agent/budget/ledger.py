"""The ledger: money is reserved before a request leaves and closed, exactly once, after it.

All amounts are integers of nano-dollars. An account is one sqlite file that any number of threads
and processes may use at once; every method is one transaction, on disk when it returns.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from parallel_agent.budget import rows
from parallel_agent.budget.account import AccountFile
from parallel_agent.budget.audit import Audit, audit_entries
from parallel_agent.budget.errors import CapExceeded, CapTooLow, LedgerError
from parallel_agent.budget.money import NanoUSD, check_nano
from parallel_agent.budget.reservation import JournaledResponse, Reservation, Settlement
from parallel_agent.budget.scopes import ROOT, ScopeSums, child_path, lineage

__all__ = ["JournaledResponse", "Ledger", "Reservation", "Settlement"]


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

        Without a cap of its own it is bound by the scopes above it. Adding the same scope again,
        with the cap of then or of now, changes nothing.

        Raises:
            TypeError, ValueError: ``cap`` is no amount, or ``name`` no name (empty, with a slash).
            LedgerError: ``parent`` does not exist, or the scope exists with another cap.
        """
        path = child_path(parent, name)
        if cap is not None:
            check_nano(cap)
        with self._file.transaction(write=True) as db:
            rows.present_cap(db, parent)
            known = rows.created_caps(db)
            if path not in known:
                db.execute("INSERT INTO scopes (path, cap) VALUES (?, ?)", (path, cap))
            elif cap not in (known[path], rows.present_cap(db, path)):
                raise LedgerError(f"the scope {path} exists with another cap")
        return path

    def raise_cap(self, scope: str, cap: NanoUSD) -> None:
        """Set the cap of ``scope`` anew: higher, or as low as what is charged to it already.

        What was reserved before had to fit into the cap of then, and the audit checks that. The
        cap that it has already is not set again. The scopes above keep theirs.

        Raises:
            TypeError, ValueError: ``cap`` is no amount.
            CapTooLow: more than that is spent or reserved; nothing was changed.
        """
        check_nano(cap)
        with self._file.transaction(write=True) as db:
            sums = rows.sums(db, scope)
            if cap == sums.cap:
                return
            if cap < sums.charged:
                raise CapTooLow(scope, cap, sums.charged)
            rows.append(db, "capped", scope, cap, what="the cap was set anew")

    def reserve(
        self,
        scope: str,
        amount: NanoUSD,
        *,
        what: str,
        key: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> Reservation:
        """Set ``amount`` aside, if it fits in ``scope`` and in every scope above it.

        ``what`` is for people. ``key`` is the caller's own label (see ``forfeit_open``): all attempts
        at one request may have the same, and one response is journaled under it. ``detail`` (JSON
        data) is kept with the entry: what names model and node here is on the bill even if the
        request is never heard of again. An amount of 0 is welcome, also under a cap of 0.

        Raises:
            TypeError, ValueError: ``amount`` is not an int of nano-dollars from 0 to ``MAX_NANO``,
                or ``detail`` is not JSON data.
            CapExceeded: it does not fit; names the deepest scope that is too full.
        """
        check_nano(amount)
        with self._file.transaction(write=True) as db:
            for sums in rows.sums_upward(db, scope):
                if sums.available is not None and amount > sums.available:
                    raise CapExceeded(sums.scope, amount, sums.available)
            number = rows.append(db, "reserved", scope, amount, what=what, key=key, detail=detail)
        return Reservation(number, scope, amount, what, key)

    def settle(
        self,
        reservation_id: int,
        amount: NanoUSD,
        *,
        detail: Mapping[str, Any],
        response: str | None = None,
    ) -> Settlement:
        """Close a reservation at its real price; ``detail`` (JSON data) is kept with the entry.

        A price above the reservation is recorded at the truth and is a breach. The sums may then
        pass a cap, and nothing more can be reserved there.

        A ``response`` is journaled under the reservation's key in the same transaction: either
        both are on disk or neither. See ``journaled``.

        Raises:
            TypeError, ValueError: ``amount`` is no amount, ``detail`` is not JSON data, or
                ``response`` cannot be written as UTF-8.
            ReservationClosed: it was closed before.
            LedgerError: there is a response, but no key or one that has a response already.
        """
        check_nano(amount)
        with self._file.transaction(write=True) as db:
            reservation = rows.open_reservation(db, reservation_id)
            settlement = rows.close(db, "settled", reservation, amount, detail)
            if response is not None:
                rows.write_response(db, reservation.key, settlement, response)
        return Settlement(reservation, amount)

    def journaled(self, key: str) -> JournaledResponse | None:
        """Return the response that was settled under ``key``: it is paid for, do not ask again."""
        with self._file.transaction(write=False) as db:
            return rows.read_response(db, key)

    def release(self, reservation_id: int, why: str) -> None:
        """Give a reservation back: it is proved that the request was never sent.

        Raises:
            ReservationClosed: it was closed before.
        """
        with self._file.transaction(write=True) as db:
            reservation = rows.open_reservation(db, reservation_id)
            rows.close(db, "released", reservation, 0, {"why": why})

    def forfeit(self, reservation_id: int, why: str) -> None:
        """Count a reservation in full: nothing is known of the request's fate.

        Raises:
            ReservationClosed: it was closed before.
        """
        with self._file.transaction(write=True) as db:
            reservation = rows.open_reservation(db, reservation_id)
            rows.close(db, "forfeited", reservation, reservation.amount, {"why": why})

    def forfeit_open(
        self, why: str, keys: Collection[str] | None = None, *, scope: str = ROOT
    ) -> list[Reservation]:
        """Forfeit every open reservation in ``scope`` and below, or those with a key in ``keys``.

        For a resume after a crash: call it when nobody else works in the scope. Their entries have
        ``in_flight`` in their detail. Returns what was forfeited.
        """
        with self._file.transaction(write=True) as db:
            chosen = [
                r
                for r in rows.open_reservations(db)
                if scope in lineage(r.scope) and (keys is None or r.key in keys)
            ]
            for reservation in chosen:
                detail = {"why": why, "in_flight": True}
                rows.close(db, "forfeited", reservation, reservation.amount, detail)
        return chosen

    def sums(self, scope: str = ROOT) -> ScopeSums:
        """Return what is settled, forfeited and outstanding in ``scope`` and below it."""
        with self._file.transaction(write=False) as db:
            return rows.sums(db, scope)

    def spent(self, scope: str = ROOT) -> NanoUSD:
        """Return what is settled or forfeited in ``scope`` and below it."""
        return self.sums(scope).spent

    def available(self, scope: str = ROOT) -> NanoUSD:
        """Return the largest amount that can be reserved in ``scope`` now.

        Negative after a breach: then not even 0 can be reserved.
        """
        with self._file.transaction(write=False) as db:
            left = [sums.available for sums in rows.sums_upward(db, scope)]
        return min(amount for amount in left if amount is not None)

    def audit(self) -> Audit:
        """Recompute every sum and check the promise of the cap, from the entries alone."""
        with self._file.transaction(write=False) as db:
            return audit_entries(rows.created_caps(db), rows.entries(db))
