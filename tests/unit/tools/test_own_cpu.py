"""The table of tools/own_cpu.py."""

from __future__ import annotations

from own_cpu import Taken, table


def test_every_run_has_a_line_and_the_share_is_of_all() -> None:
    runs = [
        Taken("first", wall=50.0, user=3.0, system=2.0, faults=7, speedup=1.5),
        Taken("second", wall=150.0, user=4.0, system=1.0, faults=9, speedup=1.0),
    ]
    head, first, second, last = table(runs).splitlines()
    assert head.split() == [
        "kernel",
        "wall",
        "s",
        "user",
        "s",
        "sys",
        "s",
        "faults",
        "own",
        "speedup",
    ]
    assert first.split() == ["first", "50.0", "3.00", "2.00", "7", "10.0%", "1.50"]
    assert second.split() == ["second", "150.0", "4.00", "1.00", "9", "3.3%", "1.00"]
    assert last == "median 100.0 s by the clock; own CPU 10.0 s, 5.0% of it"
