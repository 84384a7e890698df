"""The audit of a run's account, for people and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from parallel_agent.agent.run_folder import LEDGER, FolderError
from parallel_agent.budget.amount import (
    CURRENCIES,
    Amount,
    Cap,
    Currency,
    amount_json,
    amount_text,
    text_of,
)
from parallel_agent.budget.audit import Audit
from parallel_agent.budget.bill import Bill, Item, bill_of
from parallel_agent.budget.ledger import Ledger

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
    """The audit for people: US dollars, and tokens and seconds where they are counted."""
    counted = _counted(audit)
    units = [_UNITS[currency] for currency in counted]
    entries = _table("entry", "time (UTC)", "kind", *units, "scope", "what", amounts=units)
    for entry in audit.entries:
        time = entry.at[:19].replace("T", " ")
        amounts = [_number(entry.charge, currency) for currency in counted]
        entries.add_row(str(entry.id), time, entry.kind, *amounts, entry.scope, entry.what)
    sides = ("settled", "forfeited", "reserved", "cap")
    scopes = _table("scope", "of", *sides, amounts=sides)
    for sums in audit.scopes:
        for currency in counted:
            told = (sums.settled, sums.forfeited, sums.outstanding, sums.cap)
            numbers = [_number(side, currency) for side in told]
            scopes.add_row(sums.scope, _UNITS[currency], *numbers)
    console.print(entries, "", scopes, "", sep="\n")
    bill = bill_of(audit.entries)
    if bill.total.calls:
        console.print(_bill(bill), "", sep="\n")
    for line in findings(audit):
        console.print(line, soft_wrap=True)


def _bill(bill: Bill) -> Table:
    """Who was paid for what: the models, then the nodes."""
    amounts = ("calls", "input", "output", "USD", "s")
    table = _table("spent by", "name", *amounts, amounts=amounts)
    for group, items in (("model", bill.by_model), ("node", bill.by_node)):
        for name, item in items.items():
            counts = (item.calls, item.input_tokens, item.output_tokens)
            spent = [_number(item.amount, each) for each in ("nano_usd", "milliseconds")]
            table.add_row(group, name, *map(str, counts), *spent)
    return table


def findings(audit: Audit) -> list[str]:
    """What a reader of the account should know, in sentences; the last ones say if it was kept."""
    told = [
        f"cap: entry {c.entry} set that of {c.scope} from {_number(c.before, currency) or 'none'} "
        f"to {text_of(getattr(c.after, currency), currency)}"
        for c in audit.cap_changes
        for currency in CURRENCIES
        if getattr(c.before, currency) != getattr(c.after, currency)
    ]
    told += [
        f"in flight when it stopped: entry {entry.id} in {entry.scope} counts in full, "
        f"{amount_text(entry.amount)} for {entry.what}"
        for entry in audit.entries
        if entry.kind == "forfeited" and entry.detail.get("in_flight")
    ]
    told += [
        f"breach: entry {b.entry} in {b.scope} {_TOOK[currency]} "
        f"{text_of(getattr(b.settled, currency), currency)} where "
        f"{text_of(getattr(b.reserved, currency), currency)} were reserved"
        for b in audit.breaches
        for currency in b.currencies
    ]
    if audit.ok:
        return [*told, "The account was kept: no reservation ever passed a cap."]
    return [*told, *(f"violation: {sentence}" for sentence in audit.violations)]


def audit_json(audit: Audit) -> dict[str, Any]:
    """The audit as plain data: US dollars as decimal strings, tokens, and seconds."""
    bill = bill_of(audit.entries)
    return {
        "ok": audit.ok,
        "entries": [
            {
                "id": entry.id,
                "at": entry.at,
                "kind": entry.kind,
                "scope": entry.scope,
                **amount_json("amount", entry.charge),
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
                **amount_json("cap", sums.cap),
                **amount_json("settled", sums.settled),
                **amount_json("forfeited", sums.forfeited),
                **amount_json("reserved", sums.outstanding),
                **amount_json("spent", sums.spent),
                **amount_json("available", sums.available),
            }
            for sums in audit.scopes
        ],
        "by_model": _items_json(bill.by_model),
        "by_node": _items_json(bill.by_node),
        "cap_changes": [
            {
                "entry": change.entry,
                "scope": change.scope,
                **amount_json("before", change.before),
                **amount_json("after", change.after),
            }
            for change in audit.cap_changes
        ],
        "breaches": [
            {
                "entry": breach.entry,
                "scope": breach.scope,
                **amount_json("reserved", breach.reserved),
                **amount_json("settled", breach.settled),
            }
            for breach in audit.breaches
        ],
        "over_cap": list(audit.over_cap),
        "findings": findings(audit),
    }


def _items_json(items: Mapping[str, Item]) -> dict[str, dict[str, Any]]:
    return {name: _item_json(item) for name, item in items.items()}


def _item_json(item: Item) -> dict[str, Any]:
    counts = {f.name: getattr(item, f.name) for f in fields(item)}
    spent, forfeited = counts.pop("amount"), counts.pop("forfeited")
    return {**amount_json("spent", spent), **amount_json("forfeited", forfeited), **counts}


_UNITS: dict[Currency, str] = {"nano_usd": "USD", "tokens": "tokens", "milliseconds": "s"}
_TOOK: dict[Currency, str] = {
    "nano_usd": "was billed",
    "tokens": "took",
    "milliseconds": "took",
}


def _counted(audit: Audit) -> list[Currency]:
    """Money, and what else is counted anywhere in the account or has a cap."""
    sides = [side for sums in audit.scopes for side in (sums.cap, sums.charged)]
    return [
        currency
        for currency in CURRENCIES
        if currency == "nano_usd" or any(getattr(side, currency) for side in sides)
    ]


def _number(amount: Amount | Cap, currency: Currency) -> str:
    """Without its unit, empty where there is no such cap."""
    value = getattr(amount, currency)
    return "" if value is None else text_of(value, currency).partition(" ")[0]


def _table(*headings: str, amounts: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in headings:
        right = heading in amounts
        table.add_column(
            heading, justify="right" if right else "left", no_wrap=right, overflow="fold"
        )
    return table
