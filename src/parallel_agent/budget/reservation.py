"""What an account hands out: a reservation, how it was settled, and the response it paid for."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agent.budget.amount import Amount


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is set aside in ``scope`` for ``what``."""

    id: int
    scope: str
    amount: Amount
    what: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a reservation really took."""

    reservation: Reservation
    amount: Amount

    @property
    def breach(self) -> bool:
        """True when it took more of something than was reserved; the sums may have passed a cap."""
        return bool(self.amount.above(self.reservation.amount))


@dataclass(frozen=True, slots=True)
class JournaledResponse:
    """A response that was paid for, as it was handed to ``settle``.

    ``amount`` is what it took, ``at`` the time of its settlement in UTC, ISO 8601.
    """

    reservation: Reservation
    amount: Amount
    response: str
    at: str
