"""Real processes on one account, some of them killed with SIGKILL in the middle of their work."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import parallel_agent
from parallel_agent.budget.amount import NOTHING, Amount, Cap
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.scopes import ROOT

WORKER = Path(__file__).with_name("ledger_worker.py")
CAP = 10_000
RAISES = 40


@contextmanager
def workers(*commands: list[str]) -> Iterator[list[subprocess.Popen[str]]]:
    environment = os.environ | {"PYTHONPATH": str(Path(parallel_agent.__file__).parents[1])}
    running = [
        subprocess.Popen(
            [sys.executable, str(WORKER), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for command in commands
    ]
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.communicate()


def plain(amount: Amount | Cap) -> int:
    """The workers take as much of each currency."""
    assert amount.nano_usd is not None
    assert amount.nano_usd == amount.tokens == amount.milliseconds
    return amount.nano_usd


def told(process: subprocess.Popen[str], first: list[str]) -> set[tuple[str, int, int]]:
    rest, _ = process.communicate(timeout=120)
    lines = first + [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    return {(kind, int(number), int(amount)) for kind, number, amount in map(str.split, lines)}


def test_the_cap_holds_whatever_is_killed(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledger.sqlite", Cap(CAP, CAP, CAP))
    to_be_killed = range(3)
    heard = []
    commands = [
        ["work", str(ledger.path), str(seed), "1000000" if seed in to_be_killed else "150"]
        for seed in range(6)
    ]
    commands.append(["raise", str(ledger.path), str(CAP), str(RAISES)])
    with workers(*commands) as running:
        for seed in to_be_killed:
            stdout = running[seed].stdout
            assert stdout is not None
            first = [stdout.readline() for _ in range(20 * (seed + 1))]
            running[seed].kill()
            heard.append(told(running[seed], first))
        heard += [told(running[seed], []) for seed in range(len(to_be_killed), 7)]
        codes = [process.returncode for process in running]
    assert codes == [-9, -9, -9, 0, 0, 0, 0]

    audit = ledger.audit()
    assert audit.ok, audit.violations
    assert not audit.breaches
    assert not audit.over_cap
    sums = ledger.sums()
    assert sums in audit.scopes
    spent, charged, cap = (plain(side) for side in (sums.spent, sums.charged, sums.cap))
    assert 0 < spent < charged <= cap == CAP + RAISES
    assert [plain(change.after) for change in audit.cap_changes] == list(range(CAP + 1, cap + 1))
    # Whatever a process was told is in the file, whatever became of the process.
    written = {(e.kind, e.reservation or e.id, plain(e.amount)) for e in audit.entries}
    written |= {("capped", 0, plain(change.after)) for change in audit.cap_changes}
    for lines in heard:
        assert {line for line in lines if line[0] != "refused"} <= written
    assert any(line[0] == "refused" for lines in heard for line in lines), "the cap was never met"

    # A response is in the journal if and only if its settlement is in the account.
    settled = {e.reservation: e.amount for e in audit.entries if e.kind == "settled"}
    for entry in audit.entries:
        if entry.kind == "reserved" and entry.key is not None:
            found = ledger.journaled(entry.key)
            assert (found and found.amount) == settled.get(entry.id)
            if found is not None:
                assert found.reservation.id == entry.id
                assert found.response == f'{{"price": {plain(found.amount)}}}'

    scopes = tuple(f"account/k{seed % 2}/b{seed}/" for seed in to_be_killed)
    dead = {e.key for e in audit.entries if e.key is not None and e.key.startswith(scopes)}
    forfeited = ledger.forfeit_open("killed", keys=dead)
    assert {reservation.key for reservation in forfeited} <= dead
    forfeited += ledger.forfeit_open("the rest")
    assert sum((each.amount for each in forfeited), NOTHING) == sums.outstanding
    after = ledger.sums()
    assert (after.outstanding, after.spent, after.settled) == (
        NOTHING,
        sums.charged,
        sums.settled,
    )
    assert ledger.forfeit_open("nothing is left") == []
    assert ledger.audit().ok


def test_a_writer_killed_inside_its_transaction_leaves_nothing(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledger.sqlite", 100)
    with workers(["hold", str(ledger.path)]) as (holder,):
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        assert ledger.audit().entries == (), "not committed, not to be seen"
        holder.kill()
        holder.wait()
        ledger.reserve(ROOT, 100, what="the lock is free, and so is the money")
    (entry,) = ledger.audit().entries
    assert entry.what == "the lock is free, and so is the money"
    assert ledger.audit().ok


def test_killed_between_settlement_and_response_there_is_neither(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledger.sqlite", 100)
    key = "account/coder/1/1"
    number = ledger.reserve(ROOT, 100, what="x", key=key).id
    with workers(["journal", str(ledger.path), str(number)]) as (holder,):
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        assert ledger.journaled(key) is None, "not committed, not to be seen"
        holder.kill()
        holder.wait()
        assert ledger.journaled(key) is None
        assert ledger.sums().outstanding == Amount(100)
    assert [r.key for r in ledger.forfeit_open("the process died")] == [key]
    assert ledger.spent() == Amount(100), "nobody knows whether the response had arrived"


def test_of_several_creators_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with workers(*[["create", str(path)]] * 4) as running:
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=60)[0] for process in running]
    assert sorted(said) == ["created\n"] + ["found 100\n"] * 3
    assert {p.name for p in tmp_path.iterdir()} == {"ledger.sqlite"}
