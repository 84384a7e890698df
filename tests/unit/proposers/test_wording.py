from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_agent.proposers import wording


@given(text=st.text(), limit=st.integers(1, 50))
def test_what_is_clipped_is_bounded_and_says_so(text: str, limit: int) -> None:
    clipped = wording.clip(text, limit)
    if len(text.encode()) <= limit:
        assert clipped == text
    else:
        assert len(clipped.encode()) <= limit + len("\n[... 1000 bytes left out ...]\n")
        assert f"{len(text.encode()) - limit} bytes left out" in clipped


def test_both_ends_of_what_is_clipped_are_kept() -> None:
    clipped = wording.clip("first" + "." * 1000 + "last", 30)
    assert clipped.startswith("first") and clipped.endswith("last")


@given(text=st.text(), limit=st.integers(1, 50))
def test_one_line_is_one_line(text: str, limit: int) -> None:
    line = wording.one_line(text, limit)
    assert len(line.split("\n")) == 1
    assert len(line.encode()) <= limit + 3


@given(text=st.text(alphabet="`~a\n"))
def test_nothing_in_a_fence_closes_it(text: str) -> None:
    first, *inside, last = wording.fenced(text, "cpp").split("\n")
    assert first == f"{last}cpp"
    assert all(last not in line for line in inside)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0 ns"), (2.5e-8, "25 ns"), (1.234e-5, "12.3 us"), (0.0104, "10.4 ms"), (1.5, "1.5 s")],
)
def test_seconds_have_a_unit(value: float, shown: str) -> None:
    assert wording.seconds(value) == shown


def test_amounts_have_a_unit() -> None:
    assert [wording.capacity(n) for n in (100, 49152, 1 << 21, 3 << 30)] == [
        "100 B", "48 KiB", "2 MiB", "3 GiB",
    ]  # fmt: skip


def test_lines_that_a_text_names_are_shown() -> None:
    source = "one\n  two\n\nfour\n"
    said = "a data race at lines 4, 2, 3, 9 (line 2, seed [0, 1], 16 threads)"
    assert wording.named_lines(said, source) == ["4: four", "2:   two"]
    assert wording.named_lines("no line of these: line 0", source) == []
