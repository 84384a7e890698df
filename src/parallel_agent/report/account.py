"""The audit of a run's account, for people and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from parallel_agent.agent.run_folder import LEDGER, FolderError
from parallel_agent.budget.audit import Audit
from parallel_agent.budget.bill import Bill, Item, bill_of
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import NanoUSD, format_usd

_WIDE = 200
"""Columns of the tables where no terminal bounds them."""


def open_account(run: Path) -> Ledger:
    """The account in the folder of a run or suite.

    Raises FolderError if there is none, LedgerError if it cannot be read.
    """
    path = run / LEDGER
    if not path.is_file():
        raise FolderError(f"there is no account in {run}", "Give the folder of a run")
    return Ledger.open(path)


def audit_of(run: Path) -> Audit:
    """The audit of the account in the folder of a run or suite.

    Raises FolderError if there is no account, LedgerError if it cannot be read.
    """
    return open_account(run).audit()


def show_audit(audit: Audit, *, as_json: bool) -> None:
    """Every entry, the sums by scope, model and node, and whether the account was kept."""
    if as_json:
        sys.stdout.write(json.dumps(audit_json(audit)) + "\n")
    else:
        console = Console(highlight=False, markup=False, emoji=False)
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
    bill = bill_of(audit.entries)
    if bill.total.calls:
        console.print(_bill(bill), "", sep="\n")
    for line in findings(audit):
        console.print(line, soft_wrap=True)


def _bill(bill: Bill) -> Table:
    """Who was paid for what: the models, then the nodes."""
    amounts = ("calls", "input", "output", "USD")
    table = _table("spent by", "name", *amounts, amounts=amounts)
    for group, items in (("model", bill.by_model), ("node", bill.by_node)):
        for name, item in items.items():
            counts = (item.calls, item.input_tokens, item.output_tokens)
            table.add_row(group, name, *map(str, counts), format_usd(item.amount))
    return table


def findings(audit: Audit) -> list[str]:
    """What a reader of the account should know, in sentences; the last ones say if it was kept."""
    told = [
        f"cap: entry {c.entry} set that of {c.scope} from {_optional(c.before) or 'none'} "
        f"to {format_usd(c.after)} USD"
        for c in audit.cap_changes
    ]
    told += [
        f"in flight when it stopped: entry {entry.id} in {entry.scope} counts in full, "
        f"{format_usd(entry.amount)} USD for {entry.what}"
        for entry in audit.entries
        if entry.kind == "forfeited" and entry.detail.get("in_flight")
    ]
    told += [
        f"breach: entry {b.entry} in {b.scope} was billed {format_usd(b.settled)} USD where "
        f"{format_usd(b.reserved)} USD were reserved"
        for b in audit.breaches
    ]
    if audit.ok:
        return [*told, "The account was kept: no reservation ever passed a cap."]
    return [*told, *(f"violation: {sentence}" for sentence in audit.violations)]


def audit_json(audit: Audit) -> dict[str, Any]:
    """The audit as plain data; amounts are US dollars as decimal strings."""
    bill = bill_of(audit.entries)
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
        "by_model": _items_json(bill.by_model),
        "by_node": _items_json(bill.by_node),
        "cap_changes": [
            {
                "entry": change.entry,
                "scope": change.scope,
                "before_usd": _optional(change.before),
                "after_usd": format_usd(change.after),
            }
            for change in audit.cap_changes
        ],
        "breaches": [
            {
                "entry": breach.entry,
                "scope": breach.scope,
                "reserved_usd": format_usd(breach.reserved),
                "settled_usd": format_usd(breach.settled),
            }
            for breach in audit.breaches
        ],
        "over_cap": list(audit.over_cap),
        "findings": findings(audit),
    }


def _items_json(items: Mapping[str, Item]) -> dict[str, dict[str, Any]]:
    return {name: _item_json(item) for name, item in items.items()}


def _item_json(item: Item) -> dict[str, Any]:
    counts = asdict(item)
    spent, forfeited = counts.pop("amount"), counts.pop("forfeited")
    return {"spent_usd": format_usd(spent), "forfeited_usd": format_usd(forfeited), **counts}


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
