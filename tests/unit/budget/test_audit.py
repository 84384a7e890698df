"""The audit finds every entry that a well-kept account cannot hold."""

from __future__ import annotations

import pytest

from parallel_agent.budget.amount import Amount, Cap
from parallel_agent.budget.audit import Breach, CapChange, Entry, Kind, audit_entries
from parallel_agent.budget.scopes import ScopeSums, child_path, lineage

CAPS = {"account": Cap(100), "account/k": Cap(50), "account/k/b": Cap()}


def entry(
    number: int, kind: Kind, amount: int, of: int | None = None, scope: str = "account/k/b"
) -> Entry:
    charge = Cap(amount) if kind == "capped" else Amount(amount)
    return Entry(number, "2026-11-22T00:00:00.000+00:00", kind, scope, charge, of, "x", None, {})


def test_a_well_kept_account() -> None:
    lines = [
        entry(1, "reserved", 30),
        entry(2, "reserved", 20),
        entry(3, "settled", 10, of=1),
        entry(4, "released", 0, of=2),
        entry(5, "reserved", 40, scope="account/k"),
        entry(6, "forfeited", 40, of=5, scope="account/k"),
        entry(7, "reserved", 50, scope="account"),
    ]
    audit = audit_entries(CAPS, lines)
    assert audit.ok
    assert audit.entries == tuple(lines)
    assert audit.breaches == ()
    assert audit.over_cap == ()
    assert audit.scopes == (
        ScopeSums("account", Cap(100), Amount(10), Amount(40), Amount(50)),
        ScopeSums("account/k", Cap(50), Amount(10), Amount(40)),
        ScopeSums("account/k/b", Cap(), Amount(10)),
    )


def test_a_breach_is_the_truth_and_no_violation() -> None:
    audit = audit_entries(CAPS, [entry(1, "reserved", 30), entry(2, "settled", 60, of=1)])
    assert audit.ok
    assert audit.breaches == (Breach(2, 1, "account/k/b", Amount(30), Amount(60)),)
    assert audit.over_cap == ("account/k",)


def test_a_raised_cap_holds_from_its_entry_on() -> None:
    lines = [
        entry(1, "reserved", 50),
        entry(2, "capped", 60, scope="account/k"),
        entry(3, "reserved", 10),
        entry(4, "capped", 70, scope="account/k/b"),
        entry(5, "capped", 60, scope="account/k/b"),
    ]
    audit = audit_entries(CAPS, lines)
    assert audit.ok
    assert audit.cap_changes == (
        CapChange(2, "account/k", Cap(50), Cap(60)),
        CapChange(4, "account/k/b", Cap(), Cap(70)),
        CapChange(5, "account/k/b", Cap(70), Cap(60)),
    )
    assert [sums.cap for sums in audit.scopes] == [Cap(100), Cap(60), Cap(60)]
    too_early = audit_entries(CAPS, [entry(1, "reserved", 51), lines[1]])
    assert too_early.violations == (
        "entry 1 (reserved): 0.000000051 USD reserved where 0.00000005 USD was available in account/k",
    )


R = entry(1, "reserved", 30)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            [entry(1, "reserved", 51)],
            "0.000000051 USD reserved where 0.00000005 USD was available in account/k",
        ),
        ([R, entry(2, "reserved", 71, scope="account")], "0.00000007 USD was available in account"),
        ([R, entry(2, "settled", 60, of=1), entry(3, "reserved", 1)], "where -0.00000001 USD was"),
        ([R, entry(2, "settled", 1, of=1), entry(3, "settled", 1, of=1)], "1 is not open"),
        ([R, entry(2, "released", 0, of=1), entry(3, "forfeited", 30, of=1)], "1 is not open"),
        ([entry(1, "settled", 1, of=7)], "reservation 7 is not open"),
        ([entry(1, "settled", 1)], "reservation None is not open"),
        ([R, entry(2, "settled", 1, of=1, scope="account")], "belongs to account/k/b"),
        ([R, entry(2, "released", 1, of=1)], "a release charges nothing"),
        ([R, entry(2, "forfeited", 29, of=1)], "a forfeit charges the whole reservation"),
        ([R, entry(2, "capped", 29)], "0.00000003 USD was charged to it already"),
        (
            [R, entry(2, "capped", 40), entry(3, "reserved", 11)],
            "0.00000001 USD was available in account/k/b",
        ),
        ([R, entry(2, "capped", 40), entry(3, "settled", 1, of=2)], "2 is not open"),
        ([entry(1, "capped", 1, scope="account/nobody")], "account/nobody does not exist"),
        ([entry(1, "reserved", -1)], "the amount is negative"),
        ([entry(1, "reserved", 1, scope="account/nobody")], "account/nobody does not exist"),
    ],
)
def test_violations(lines: list[Entry], problem: str) -> None:
    audit = audit_entries(CAPS, lines)
    assert not audit.ok
    (violation,) = audit.violations
    assert violation.startswith(f"entry {lines[-1].id} ({lines[-1].kind}): ")
    assert problem in violation


def test_paths() -> None:
    assert child_path("account", "kernel:saxpy<int, 3>") == "account/kernel:saxpy<int, 3>"
    assert lineage("account/k/b") == ["account/k/b", "account/k", "account"]
