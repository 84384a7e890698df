"""Scopes: a tree of paths like ``account/kernel:saxpy/branch:b1``, and the sums of one of them."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agent.budget.amount import CURRENCIES, NOTHING, Amount, Cap, Currency

ROOT = "account"
"""The scope above all others; its cap is the cap of the account."""


def child_path(parent: str, name: str) -> str:
    """Return the path of the scope ``name`` under ``parent``.

    Raises:
        ValueError: ``name`` is empty, contains a slash or is not printable.
    """
    if not name or "/" in name or not name.isprintable():
        raise ValueError(f"not a name for a scope: {name!r}")
    return f"{parent}/{name}"


def lineage(scope: str) -> list[str]:
    """Return the paths of ``scope`` and of every scope above it, the deepest first."""
    parts = scope.split("/")
    return ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]


@dataclass(frozen=True, slots=True)
class ScopeSums:
    """The sums of a scope with all scopes below it; ``cap`` is its own, where it has one."""

    scope: str
    cap: Cap
    settled: Amount = NOTHING
    forfeited: Amount = NOTHING
    outstanding: Amount = NOTHING

    @property
    def spent(self) -> Amount:
        """What is gone: settled and forfeited."""
        return self.settled + self.forfeited

    @property
    def charged(self) -> Amount:
        """What counts against the cap: spent, and reserved without being closed yet."""
        return self.spent + self.outstanding

    @property
    def available(self) -> Cap:
        """What is left under the scope's own cap; negative after a breach."""
        return self.cap.minus(self.charged)

    @property
    def over_cap(self) -> tuple[Currency, ...]:
        """The currencies of which more is charged than its own cap allows."""
        left = self.available
        return tuple(c for c in CURRENCIES if (getattr(left, c) or 0) < 0)
