"""Defences of the account that can be switched off: then the campaign has to notice.

Each is the real ledger without one of its rules; nothing else of the program is changed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Mapping
from typing import Any

from parallel_agent.budget import rows
from parallel_agent.budget.errors import CapExceeded, ReservationClosed
from parallel_agent.budget.ledger import JournaledResponse, Ledger, Reservation, Settlement
from parallel_agent.budget.money import NanoUSD


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

    def reserve(self, scope: str, amount: NanoUSD, **more: Any) -> Reservation:
        """Set nothing aside."""
        return super().reserve(scope, 0, **more)


class WithoutOneTransaction(Ledger):
    """The cap is looked at first, and the money set aside a little later."""

    def reserve(self, scope: str, amount: NanoUSD, **line: Any) -> Reservation:
        """Look, then write."""
        if amount > self.available(scope):
            raise CapExceeded(scope, amount, self.available(scope))
        time.sleep(0.05)
        with self._file.transaction(write=True) as db:
            number = rows.append(db, "reserved", scope, amount, **line)
        return Reservation(number, scope, amount, line["what"], line.get("key"))


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
        amount: NanoUSD,
        *,
        detail: Mapping[str, Any],
        response: str | None = None,
    ) -> Settlement:
        """Settle and write no response."""
        return super().settle(reservation_id, amount, detail=detail)


class WithHalfThePrice(Ledger):
    """Settles at half of what the provider charges."""

    def settle(self, reservation_id: int, amount: NanoUSD, **more: Any) -> Settlement:
        """Settle at half."""
        return super().settle(reservation_id, amount // 2, **more)


DEFENCES: dict[str, type[Ledger]] = {
    "forfeits": WithoutForfeits,
    "forfeits-of-the-killed": WithoutForfeitsOfTheKilled,
    "reservations": WithoutReservations,
    "one-transaction": WithoutOneTransaction,
    "journal": WithoutJournal,
    "journal-writes": WithoutWritingTheJournal,
    "whole-prices": WithHalfThePrice,
}
"""What can be switched off, by name."""
