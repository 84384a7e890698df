"""What can go wrong with an account."""

from __future__ import annotations

from parallel_agent.budget.amount import Amount, Cap, Currency, text_of


class LedgerError(RuntimeError):
    """The account cannot be read or written, or was asked for what it does not hold.

    A RuntimeError, because generic retry policies leave those alone: trying again does not help.
    """


class CapExceeded(LedgerError):
    """A reservation does not fit under the cap of ``scope``; nothing was reserved.

    ``available`` is negative after a breach.
    """

    def __init__(self, scope: str, needed: Amount, available: Cap) -> None:
        super().__init__(scope, needed, available)
        self.scope = scope
        self.needed = needed
        self.available = available

    @property
    def short(self) -> tuple[Currency, ...]:
        """The currencies that there is too little of."""
        return self.available.short_of(self.needed)

    def __str__(self) -> str:
        told = (
            f"{text_of(getattr(self.needed, currency), currency)} needed, "
            f"{text_of(getattr(self.available, currency), currency)} available"
            for currency in self.short
        )
        return f"{'; '.join(told)} in {self.scope}"


class CapTooLow(LedgerError):
    """A cap cannot be set below what is spent or reserved under it; nothing was changed."""

    def __init__(self, scope: str, cap: Cap, charged: Amount) -> None:
        super().__init__(scope, cap, charged)
        self.scope = scope
        self.cap = cap
        self.charged = charged

    @property
    def currency(self) -> Currency:
        """The first one of which more is charged."""
        return self.cap.short_of(self.charged)[0]

    def __str__(self) -> str:
        cap, charged = (getattr(side, self.currency) for side in (self.cap, self.charged))
        return (
            f"a cap of {text_of(cap, self.currency)} is too low for {self.scope}: "
            f"{text_of(charged, self.currency)} are spent or reserved"
        )


class ReservationClosed(LedgerError):
    """The reservation was settled, released or forfeited before; nothing was changed."""

    def __init__(self, reservation: int, kind: str) -> None:
        super().__init__(reservation, kind)
        self.reservation = reservation
        self.kind = kind

    def __str__(self) -> str:
        return f"reservation {self.reservation} is already {self.kind}"
