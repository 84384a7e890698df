"""The ledger: what a request may take is reserved before it leaves and closed, exactly once, after it.

Amounts are of money, tokens and time (see `amount`); where one is taken, an int stands for
nano-dollars alone. An account is one sqlite file that any number of threads
and processes may use at once; every method is one transaction, on disk when it returns.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from parallel_agent.budget import rows
from parallel_agent.budget.account import AccountFile
from parallel_agent.budget.amount import Amount, Amountable, Cap, Cappable, as_amount, as_cap
from parallel_agent.budget.audit import Audit, audit_entries
from parallel_agent.budget.errors import CapExceeded, CapTooLow, LedgerError
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
    def create(cls, path: Path, cap: Cappable) -> Ledger:
        """Create an account file whose root scope ``account`` has the cap ``cap``.

        Raises:
            TypeError, ValueError: ``cap`` is none, or none on money.
            FileExistsError: there is an account already.
            OSError: the file cannot be made.
        """
        return cls(AccountFile.create(path, as_cap(cap)))

    @classmethod
    def open(cls, path: Path) -> Ledger:
        """Open an existing account file; one that counted money alone is brought up to date first.

        Raises:
            FileNotFoundError: there is none.
            LedgerError: the file is not a ledger, or one of a version that is not known.
        """
        return cls(AccountFile.open(path))

    @property
    def path(self) -> Path:
        """The account file."""
        return self._file.path

    def add_scope(self, name: str, parent: str = ROOT, cap: Cappable | None = None) -> str:
        """Add the scope ``name`` under ``parent`` and return its path, ``parent/name``.

        Without a cap of its own it is bound by the scopes above it. Adding the same scope again,
        with the cap of then or of now, changes nothing.

        Raises:
            TypeError, ValueError: ``cap`` is no cap, or ``name`` no name (empty, with a slash).
            LedgerError: ``parent`` does not exist, or the scope exists with another cap.
        """
        path, own = child_path(parent, name), as_cap(Cap() if cap is None else cap)
        with self._file.transaction(write=True) as db:
            rows.present_cap(db, parent)
            known = rows.created_caps(db)
            if path not in known:
                rows.add_scope(db, path, own)
            elif own not in (known[path], rows.present_cap(db, path)):
                raise LedgerError(f"the scope {path} exists with another cap")
        return path

    def raise_cap(self, scope: str, cap: Cappable) -> bool:
        """Set the cap of ``scope`` anew: higher, or as low as what is charged to it already.

        What ``cap`` does not bound stays as it is: a bound can be raised, and not taken away.
        What was reserved before had to fit into the cap of then, and the audit checks that. The
        scopes above keep theirs. Returns whether there was anything to set.

        Raises:
            TypeError, ValueError: ``cap`` is no cap.
            CapTooLow: more than that is spent or reserved; nothing was changed.
        """
        with self._file.transaction(write=True) as db:
            sums = rows.sums(db, scope)
            new = as_cap(cap).unlike(sums.cap)
            if new == Cap():
                return False
            if new.short_of(sums.charged):
                raise CapTooLow(scope, new, sums.charged)
            rows.append(db, "capped", scope, new, what="the cap was set anew")
        return True

    def reserve(
        self,
        scope: str,
        amount: Amountable,
        *,
        what: str,
        least: Amountable | None = None,
        key: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> Reservation:
        """Set ``amount`` aside, if it fits in ``scope`` and in every scope above it.

        Where only less is left, ``least`` will do: as much is reserved as there is, and the
        reservation says how much that is.

        ``what`` is for people. ``key`` is the caller's own label (see ``forfeit_open``): all attempts
        at one request may have the same, and one response is journaled under it. ``detail`` (JSON
        data) is kept with the entry: what names model and node here is on the bill even if the
        request is never heard of again. What needs nothing of a currency is welcome, also where
        none of it is left.

        Raises:
            TypeError, ValueError: ``amount`` is none, or ``detail`` is not JSON data.
            CapExceeded: it does not fit; names the deepest scope that is too full.
        """
        given = as_amount(amount)
        smallest = given if least is None else as_amount(least)
        with self._file.transaction(write=True) as db:
            upward = rows.sums_upward(db, scope)
            for sums in upward:
                given = sums.available.cut(given, smallest)
            for sums in upward:
                if not sums.available.holds(given):
                    raise CapExceeded(sums.scope, given, sums.available)
            number = rows.append(db, "reserved", scope, given, what=what, key=key, detail=detail)
        return Reservation(number, scope, given, what, key)

    def settle(
        self,
        reservation_id: int,
        amount: Amountable,
        *,
        detail: Mapping[str, Any],
        response: str | None = None,
    ) -> Settlement:
        """Close a reservation at what it really took; ``detail`` (JSON data) is kept with the entry.

        More than was reserved is recorded at the truth and is a breach. The sums may then pass a
        cap, and nothing more of that can be reserved there.

        A ``response`` is journaled under the reservation's key in the same transaction: either
        both are on disk or neither. See ``journaled``.

        Raises:
            TypeError, ValueError: ``amount`` is no amount, ``detail`` is not JSON data, or
                ``response`` cannot be written as UTF-8.
            ReservationClosed: it was closed before.
            LedgerError: there is a response, but no key or one that has a response already.
        """
        taken = as_amount(amount)
        with self._file.transaction(write=True) as db:
            reservation = rows.open_reservation(db, reservation_id)
            settlement = rows.close(db, "settled", reservation, taken, detail)
            if response is not None:
                rows.write_response(db, reservation.key, settlement, response)
        return Settlement(reservation, taken)

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
            rows.close(db, "released", reservation, Amount(), {"why": why})

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

    def spent(self, scope: str = ROOT) -> Amount:
        """Return what is settled or forfeited in ``scope`` and below it."""
        return self.sums(scope).spent

    def available(self, scope: str = ROOT) -> Cap:
        """Return the most that can be reserved in ``scope`` now; negative after a breach."""
        left = Cap()
        with self._file.transaction(write=False) as db:
            for sums in rows.sums_upward(db, scope):
                left = left.tighter(sums.available)
        return left

    def audit(self) -> Audit:
        """Recompute every sum and check the promise of the cap, from the entries alone."""
        with self._file.transaction(write=False) as db:
            return audit_entries(rows.created_caps(db), rows.entries(db))
