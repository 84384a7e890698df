"""The audit of a run's account, for people and as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from parallel_agent.agent.run_folder import LEDGER, FolderError
from parallel_agent.budget.audit import Audit
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import NanoUSD, format_usd

_WIDE = 200
"""Columns of the tables where no terminal bounds them."""


def audit_of(run: Path) -> Audit:
    """The audit of the account in the folder of a run or suite.

    Raises FolderError if there is no account, LedgerError if it cannot be read.
    """
    path = run / LEDGER
    if not path.is_file():
        raise FolderError(f"there is no account in {run}", "Give the folder of a run")
    return Ledger.open(path).audit()


def show_audit(audit: Audit, *, as_json: bool) -> None:
    """Every entry, the sums by scope, and whether the account was kept as promised."""
    if as_json:
        sys.stdout.write(json.dumps(audit_json(audit)) + "\n")
    else:
        console = Console(highlight=False, markup=False)
        if not console.is_terminal:  # for grep and the like: an entry is a line
            console.width = max(console.width, _WIDE)
        print_audit(audit, console)


def print_audit(audit: Audit, console: Console) -> None:
    """The audit for people; all amounts are in US dollars."""
    entries = _table("entry", "time (UTC)", "kind", "USD", "scope", "what", amounts=("USD",))
    for entry in audit.entries:
        time = entry.at[:19].replace("T", " ")
        amount = format_usd(entry.amount)
        entries.add_row(str(entry.id), time, entry.kind, amount, entry.scope, entry.what)
    amounts = ("settled", "forfeited", "reserved", "cap")
    scopes = _table("scope", *amounts, amounts=amounts)
    for sums in audit.scopes:
        charged = (sums.settled, sums.forfeited, sums.outstanding)
        cap = "" if sums.cap is None else format_usd(sums.cap)
        scopes.add_row(sums.scope, *map(format_usd, charged), cap)
    console.print(entries, "", scopes, "", sep="\n")
    for line in findings(audit):
        console.print(line, soft_wrap=True)


def findings(audit: Audit) -> list[str]:
    """What is wrong with the account, in sentences; or the one that nothing is."""
    breaches = [
        f"breach: entry {b.entry} in {b.scope} was billed {format_usd(b.settled)} USD where "
        f"{format_usd(b.reserved)} USD were reserved"
        for b in audit.breaches
    ]
    if audit.ok:
        return [*breaches, "The account was kept: no reservation ever passed a cap."]
    return [*breaches, *(f"violation: {sentence}" for sentence in audit.violations)]


def audit_json(audit: Audit) -> dict[str, Any]:
    """The audit as plain data; amounts are US dollars as decimal strings."""
    return {
        "ok": audit.ok,
        "entries": [
            {
                "id": entry.id,
                "at": entry.at,
                "kind": entry.kind,
                "scope": entry.scope,
                "amount_usd": format_usd(entry.amount),
                "reservation": entry.reservation,
                "what": entry.what,
                "key": entry.key,
                "detail": dict(entry.detail),
            }
            for entry in audit.entries
        ],
        "scopes": [
            {
                "scope": sums.scope,
                "cap_usd": _optional(sums.cap),
                "settled_usd": format_usd(sums.settled),
                "forfeited_usd": format_usd(sums.forfeited),
                "reserved_usd": format_usd(sums.outstanding),
                "spent_usd": format_usd(sums.spent),
                "available_usd": _optional(sums.available),
            }
            for sums in audit.scopes
        ],
        "over_cap": list(audit.over_cap),
        "findings": findings(audit),
    }


def _optional(amount: NanoUSD | None) -> str | None:
    return None if amount is None else format_usd(amount)


def _table(*headings: str, amounts: tuple[str, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in headings:
        right = heading in amounts
        table.add_column(
            heading, justify="right" if right else "left", no_wrap=right, overflow="fold"
        )
    return table
