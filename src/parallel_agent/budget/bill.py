"""The bill: what the requests in an account's entries come to, by model, by node and by scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from parallel_agent.budget.amount import NOTHING, Amount
from parallel_agent.budget.audit import Entry

UNKNOWN = "unknown"
"""Whose a request was that does not say so."""


@dataclass(frozen=True, slots=True)
class Item:
    """Requests that were closed and may have reached a provider.

    ``amount`` has what was forfeited in it. The tokens beside it are those that providers reported:
    input includes the cached ones, output includes reasoning.
    """

    calls: int = 0
    amount: Amount = NOTHING
    forfeited: Amount = NOTHING
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Item) -> Item:
        return Item(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Item)))


@dataclass(frozen=True, slots=True)
class Bill:
    """The whole and its parts; each mapping adds up to ``total``.

    ``by_scope`` counts a request in the scope that it was reserved in, not in those above.
    """

    total: Item
    by_model: Mapping[str, Item]
    by_node: Mapping[str, Item]
    by_scope: Mapping[str, Item]


def bill_of(entries: Iterable[Entry]) -> Bill:
    """The bill of ``entries`` (all of an account, or its first ones), the dearest part first.

    Model and node are in the ``detail`` of the reservation or of what closed it, tokens are in the
    ``usage`` of the settlement; where no node is named it is the one in the reservation's key,
    ``SCOPE/NODE/STEP/ATTEMPT``. A request that was never sent is not on the bill.
    """
    reserved: dict[int, Entry] = {}
    parts: tuple[dict[str, Item], ...] = tuple(defaultdict(Item) for _ in range(3))
    for entry in entries:
        if entry.kind == "reserved":
            reserved[entry.id] = entry
        elif entry.kind in ("settled", "forfeited"):
            opened = reserved.get(entry.reservation or 0, entry)
            detail = {**opened.detail, **entry.detail}
            names = (
                str(detail.get("model") or UNKNOWN),
                str(detail.get("node") or _node_in_key(opened)),
                entry.scope,
            )
            for part, name in zip(parts, names, strict=True):
                part[name] += _item(entry, detail)
    by_model, by_node, by_scope = (_dearest_first(part) for part in parts)
    return Bill(sum(by_scope.values(), Item()), by_model, by_node, by_scope)


def cost_of(entries: Iterable[Entry], prefix: str) -> Amount:
    """What the closed requests whose key begins with ``prefix`` were charged."""
    opened: set[int] = set()
    cost = NOTHING
    for entry in entries:
        if entry.kind == "reserved" and (entry.key or "").startswith(prefix):
            opened.add(entry.id)
        elif entry.reservation in opened:
            cost += entry.amount
    return cost


def _node_in_key(reserved: Entry) -> str:
    name, slash, _ = (reserved.key or "").removeprefix(f"{reserved.scope}/").partition("/")
    return name if slash else UNKNOWN


def _item(closing: Entry, detail: Mapping[str, Any]) -> Item:
    usage = detail.get("usage") or {}
    tokens = {f.name: int(usage.get(f.name, 0)) for f in fields(Item) if f.name.endswith("_tokens")}
    forfeited = closing.amount if closing.kind == "forfeited" else NOTHING
    return Item(1, closing.amount, forfeited, **tokens)


def _dearest_first(part: Mapping[str, Item]) -> dict[str, Item]:
    def key(named: tuple[str, Item]) -> tuple[int, int, int, str]:
        amount = named[1].amount
        return -amount.nano_usd, -amount.tokens, -amount.milliseconds, named[0]

    return dict(sorted(part.items(), key=key))
