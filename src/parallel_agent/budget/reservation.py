"""What an account hands out: a reservation, how it was settled, and the response it paid for."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agent.budget.money import NanoUSD


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


@dataclass(frozen=True, slots=True)
class JournaledResponse:
    """A response that was paid for, as it was handed to ``settle``.

    ``amount`` is its price in nano-dollars, ``at`` the time of its settlement in UTC, ISO 8601.
    """

    reservation: Reservation
    amount: NanoUSD
    response: str
    at: str
