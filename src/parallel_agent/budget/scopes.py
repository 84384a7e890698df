"""Scopes: a tree of paths like ``account/kernel:saxpy/branch:b1``, and the sums of one of them."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agent.budget.money import NanoUSD

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
    """The sums of a scope with all scopes below it, in nano-dollars; ``cap`` None: none of its own."""

    scope: str
    cap: NanoUSD | None
    settled: NanoUSD = 0
    forfeited: NanoUSD = 0
    outstanding: NanoUSD = 0

    @property
    def spent(self) -> NanoUSD:
        """What is gone: settled and forfeited."""
        return self.settled + self.forfeited

    @property
    def charged(self) -> NanoUSD:
        """What counts against the cap: spent, and reserved without being closed yet."""
        return self.spent + self.outstanding

    @property
    def available(self) -> NanoUSD | None:
        """What is left under the scope's own cap; negative after a breach, None without a cap."""
        return None if self.cap is None else self.cap - self.charged
