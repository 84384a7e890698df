"""A process that works on an account, for test_ledger_processes.py: it prints what it was told.

``work LEDGER SEED STEPS``: reserve and close at random, one line for each call that returned.
``raise LEDGER CAP STEPS``: raise the cap of the account, step by step, from ``CAP`` on.
``hold LEDGER``: write an entry, and wait inside the open transaction to be killed.
``journal LEDGER ID``: settle a reservation and journal its response, and wait likewise.
``create LEDGER``: create the account, or open the one another process created.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from parallel_agent.budget import rows
from parallel_agent.budget.amount import Amount, Cap
from parallel_agent.budget.errors import CapExceeded
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.scopes import ROOT


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - the parent reads it


def of_each(number: int) -> Amount:
    return Amount(number, number, number)


def work(path: Path, seed: int, steps: int) -> None:
    ledger = Ledger.open(path)
    dice = random.Random(seed)
    kernel = ledger.add_scope(f"k{seed % 2}", cap=Cap(6000, 6000, 6000))
    branch = ledger.add_scope(f"b{seed}", kernel)
    for step in range(steps):
        amount = dice.randrange(100)
        try:
            reservation = ledger.reserve(
                branch, of_each(amount), what=f"step {step}", key=f"{branch}/coder/{step}/1"
            )
        except CapExceeded:
            say("refused", 0, amount)
            continue
        say("reserved", reservation.id, amount)
        fate = dice.random()
        if fate < 0.6:
            price = dice.randint(0, amount)
            ledger.settle(
                reservation.id,
                of_each(price),
                detail={"seed": seed},
                response=f'{{"price": {price}}}',
            )
            say("settled", reservation.id, price)
        elif fate < 0.75:
            ledger.release(reservation.id, "not sent")
            say("released", reservation.id, 0)
        elif fate < 0.9:
            ledger.forfeit(reservation.id, "timed out")
            say("forfeited", reservation.id, amount)


def raise_cap(path: Path, cap: int, steps: int) -> None:
    ledger = Ledger.open(path)
    for step in range(1, steps + 1):
        ledger.raise_cap(ROOT, Cap(cap + step, cap + step, cap + step))
        say("capped", 0, cap + step)


def hold(path: Path) -> None:
    ledger = Ledger.open(path)
    with ledger._file.transaction(write=True) as db:
        db.execute(
            "INSERT INTO entries (at, kind, scope, nano_usd, tokens, milliseconds, what, detail)"
            " VALUES ('now', 'reserved', 'account', 100, 0, 0, 'x', '{}')"
        )
        say("holding")
        time.sleep(600)


def journal(path: Path, number: int) -> None:
    ledger = Ledger.open(path)
    with ledger._file.transaction(write=True) as db:
        reservation = rows.open_reservation(db, number)
        settlement = rows.close(db, "settled", reservation, Amount(1), {})
        rows.write_response(db, reservation.key, settlement, "{}")
        say("holding")
        time.sleep(600)


def create(path: Path) -> None:
    sys.stdin.readline()
    try:
        Ledger.create(path, 100)
        say("created")
    except FileExistsError:
        say("found", Ledger.open(path).available().nano_usd)


if __name__ == "__main__":
    action, ledger_path, *numbers = sys.argv[1:]
    actions: dict[str, Callable[..., None]] = {
        "work": work,
        "raise": raise_cap,
        "hold": hold,
        "journal": journal,
        "create": create,
    }
    actions[action](Path(ledger_path), *map(int, numbers))
