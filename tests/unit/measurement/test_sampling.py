from __future__ import annotations

from collections import Counter
from pathlib import Path

from parallel_agent.measurement.sampling import Place, stacks_in, tallied

INNER, OUTER = Place("inner", "a.cpp", 3), Place("outer", "a.cpp", 9)


def test_stacks_are_read_with_addresses_within_their_files(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF" + bytes(12) + b"\x03\x00")  # position-independent
    text = (
        f"1000-2000 r--p 00000000 08:01 7   {program}\n"
        f"2000-3000 r-xp 00001000 08:01 7   {program}\n"
        "7000-8000 rw-p 00000000 00:00 0\n"
        "--\n"
        "0x7100 0x7200 0x2010 0x2021 0x9999\n"
        "0x7100 0x7200 0x9999\n"
        "\n"
    )
    assert list(stacks_in(text)) == [((str(program), 0x1010), (str(program), 0x1020))]


def test_what_lies_where_it_says_is_not_moved(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF" + bytes(12) + b"\x02\x00")
    text = f"400000-401000 r-xp 00000000 08:01 7 {program}\n--\n0x1 0x2 0x400010\n"
    assert list(stacks_in(text)) == [((str(program), 0x400010),)]


def test_libraries_are_counted_to_the_innermost_function_of_the_tree() -> None:
    places = {("p", 1): (INNER,), ("p", 2): (OUTER,)}
    stacks = Counter(
        {
            (("libm", 7), ("p", 1), ("p", 2)): 6,  # inner calls exp
            (("p", 2),): 3,
            (("libc", 5),): 1,
        }
    )
    own, total, shown = tallied(stacks, places)
    assert own == {"inner": 6, "outer": 3}
    assert total == {"inner": 6, "outer": 9}
    assert shown == {"inner": INNER, "outer": OUTER}


def test_a_function_that_calls_itself_is_counted_once_a_stack() -> None:
    places = {("p", 1): (INNER,), ("p", 2): (INNER,)}
    own, total, _ = tallied(Counter({(("p", 1), ("p", 2)): 4}), places)
    assert own == total == {"inner": 4}


def test_the_place_that_is_told_is_where_most_samples_are() -> None:
    places = {("p", 1): (INNER,), ("p", 2): (Place("inner", "a.cpp", 4),)}
    _, _, shown = tallied(Counter({(("p", 1),): 1, (("p", 2),): 5}), places)
    assert shown["inner"].line == 4
