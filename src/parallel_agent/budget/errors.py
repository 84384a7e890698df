"""What can go wrong with an account."""

from __future__ import annotations

from parallel_agent.budget.money import NanoUSD, format_usd


class LedgerError(RuntimeError):
    """The account cannot be read or written, or was asked for what it does not hold.

    A RuntimeError, because generic retry policies leave those alone: trying again does not help.
    """


class CapExceeded(LedgerError):
    """A reservation does not fit under the cap of ``scope``; nothing was reserved.

    ``needed`` and ``available`` are nano-dollars; ``available`` is negative after a breach.
    """

    def __init__(self, scope: str, needed: NanoUSD, available: NanoUSD) -> None:
        super().__init__(scope, needed, available)
        self.scope = scope
        self.needed = needed
        self.available = available

    def __str__(self) -> str:
        return (
            f"{format_usd(self.needed)} USD needed, "
            f"{format_usd(self.available)} USD available in {self.scope}"
        )


class CapTooLow(LedgerError):
    """A cap cannot be set below what is spent or reserved under it; nothing was changed.

    ``cap`` and ``charged`` are nano-dollars.
    """

    def __init__(self, scope: str, cap: NanoUSD, charged: NanoUSD) -> None:
        super().__init__(scope, cap, charged)
        self.scope = scope
        self.cap = cap
        self.charged = charged

    def __str__(self) -> str:
        return (
            f"a cap of {format_usd(self.cap)} USD is too low for {self.scope}: "
            f"{format_usd(self.charged)} USD are spent or reserved"
        )


class ReservationClosed(LedgerError):
    """The reservation was settled, released or forfeited before; nothing was changed."""

    def __init__(self, reservation: int, kind: str) -> None:
        super().__init__(reservation, kind)
        self.reservation = reservation
        self.kind = kind

    def __str__(self) -> str:
        return f"reservation {self.reservation} is already {self.kind}"
