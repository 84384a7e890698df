"""Defences of the account that can be switched off: then the campaign has to notice.

Each is the real ledger without one of its rules; nothing else of the program is changed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from parallel_agent.budget import rows
from parallel_agent.budget.amount import Amount, Amountable, as_amount
from parallel_agent.budget.errors import CapExceeded, ReservationClosed
from parallel_agent.budget.ledger import JournaledResponse, Ledger, Reservation, Settlement


class WithoutForfeits(Ledger):
    """A request whose fate is not known is taken to have cost nothing."""

    def forfeit(self, reservation_id: int, why: str) -> None:
        """Give it back."""
        self.release(reservation_id, why)


class WithoutForfeitsOfTheKilled(Ledger):
    """What a killed process left open is taken to have cost nothing."""

    def forfeit_open(self, why: str, keys: Collection[str] | None = None) -> list[Reservation]:
        """Give it back."""
        for entry in self.audit().entries:
            if entry.kind == "reserved" and (keys is None or entry.key in keys):
                with contextlib.suppress(ReservationClosed):
                    self.release(entry.id, why)
        return []


class WithoutReservations(Ledger):
    """The cap is looked at, and nothing is set aside."""

    def reserve(self, scope: str, amount: Amountable, **more: Any) -> Reservation:
        """Set nothing aside but the time, without which nothing would be asked."""
        time_alone = Amount(milliseconds=as_amount(amount).milliseconds)
        return super().reserve(scope, time_alone, **{**more, "least": None})


class WithoutOneTransaction(Ledger):
    """The cap is looked at first, and the money set aside a little later."""

    def reserve(self, scope: str, amount: Amountable, **line: Any) -> Reservation:
        """Look, then write."""
        needed, available = as_amount(amount), self.available(scope)
        if not available.holds(needed):
            raise CapExceeded(scope, needed, available)
        time.sleep(0.05)
        line.pop("least")
        with self._file.transaction(write=True) as db:
            number = rows.append(db, "reserved", scope, needed, **line)
        return Reservation(number, scope, needed, line["what"], line.get("key"))


class WithoutJournal(Ledger):
    """Responses are written down and never looked up."""

    def journaled(self, key: str) -> JournaledResponse | None:
        """Find nothing."""
        return None


class WithoutWritingTheJournal(Ledger):
    """Prices are settled, and the responses they paid for are lost."""

    def settle(
        self,
        reservation_id: int,
        amount: Amountable,
        *,
        detail: Mapping[str, Any],
        response: str | None = None,
    ) -> Settlement:
        """Settle and write no response."""
        return super().settle(reservation_id, amount, detail=detail)


class WithHalfThePrice(Ledger):
    """Settles at half of what the provider charges."""

    def settle(self, reservation_id: int, amount: Amountable, **more: Any) -> Settlement:
        """Settle at half."""
        half = replace(as_amount(amount), nano_usd=as_amount(amount).nano_usd // 2)
        return super().settle(reservation_id, half, **more)


class WithoutTokens(Ledger):
    """Counts money and time alone."""

    def settle(self, reservation_id: int, amount: Amountable, **more: Any) -> Settlement:
        """Settle without tokens."""
        return super().settle(reservation_id, replace(as_amount(amount), tokens=0), **more)


class WithoutTime(Ledger):
    """Counts money and tokens alone."""

    def settle(self, reservation_id: int, amount: Amountable, **more: Any) -> Settlement:
        """Settle without time."""
        return super().settle(reservation_id, replace(as_amount(amount), milliseconds=0), **more)


DEFENCES: dict[str, type[Ledger]] = {
    "forfeits": WithoutForfeits,
    "forfeits-of-the-killed": WithoutForfeitsOfTheKilled,
    "reservations": WithoutReservations,
    "one-transaction": WithoutOneTransaction,
    "journal": WithoutJournal,
    "journal-writes": WithoutWritingTheJournal,
    "whole-prices": WithHalfThePrice,
    "tokens": WithoutTokens,
    "time": WithoutTime,
}
"""What can be switched off, by name."""
