from __future__ import annotations

import difflib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from parallel_agent.proposers.answers import FormatError
from parallel_agent.proposers.search_replace import (
    Edit,
    applied,
    can_be_edited,
    has_edits,
    read_edits,
)

LINES = st.lists(
    st.one_of(
        st.sampled_from(["", "}", "    }", "x += 1;", "  x += 1;", "for (;;) {", "// ---", "```"]),
        st.text(st.characters(exclude_characters="\n\r", codec="utf-8"), max_size=8),
    ),
    max_size=12,
)


def edits_between(old: list[str], new: list[str]) -> list[Edit]:
    """Edits that make one text of the other, each with as many lines around it as it needs."""
    edits = []
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    current = list(old)
    for tag, i1, i2, j1, j2 in reversed(matcher.get_opcodes()):  # backwards: places stay
        if tag == "equal":
            continue
        first, last = i1, i2
        while not is_unique(current[first:last], current):
            first, last = max(0, first - 1), min(len(current), last + 1)
        search = current[first:last]
        replace = current[first:i1] + new[j1:j2] + current[i2:last]
        edits.append(Edit(tuple(search), tuple(replace)))
        current[first:last] = replace
    return edits


def is_unique(search: list[str], lines: list[str]) -> bool:
    if search == lines:
        return True
    starts = range(len(lines) - len(search) + 1)
    count = sum(lines[at : at + len(search)] == search for at in starts)
    return any(line.strip() for line in search) and count == 1


def written(edits: list[Edit]) -> str:
    blocks = [
        "\n".join(("<<<<<<< SEARCH", *edit.search, "=======", *edit.replace, ">>>>>>> REPLACE"))
        for edit in edits
    ]
    return "I changed this:\n" + "\n\nand this:\n".join(blocks) + "\nThat is all.\n"


@given(old=LINES, new=LINES)
def test_edits_of_a_difference_make_one_text_of_the_other(old: list[str], new: list[str]) -> None:
    source, target = "\n".join(old), "\n".join(new)
    assume(source.strip() and can_be_edited(source) and can_be_edited(target))
    edits = edits_between(source.split("\n"), target.split("\n"))
    assume(all(any(line.strip() for line in edit.search) for edit in edits))
    text = written(edits)
    assert has_edits(text) == bool(edits)
    assert read_edits(text) == edits
    assert applied(edits, source) == target


def test_edits_are_made_one_after_the_other() -> None:
    edits = [Edit(("a",), ("b", "c")), Edit(("b",), ("d",))]
    assert applied(edits, "a\n") == "d\nc\n"


def test_white_space_may_differ_but_not_so_that_two_places_fit() -> None:
    assert applied([Edit(("x = 1;",), ("y = 1;",))], "{\n\tx  =  1; \n}\n") == "{\ny = 1;\n}\n"
    # As they are comes first.
    assert applied([Edit((" x;",), (" y;",))], "x;\n x;\n") == "x;\n y;\n"
    with pytest.raises(FormatError, match="2 times"):
        applied([Edit(("  x;",), ("y;",))], "x;\n x;\n")


@pytest.mark.parametrize(
    "marker", ["<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "  =====", "<<<<<SEARCH"]
)
def test_sources_with_lines_like_markers_cannot_be_edited(marker: str) -> None:
    assert not can_be_edited(f"int x;\n{marker}\n")
    assert can_be_edited(f"int x; // {marker}\n")
