from __future__ import annotations

import re
from html import unescape

from parallel_agent.report.html.diff import CONTEXT, MOST_LINES, colours, side_by_side


def text(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


def test_every_line_of_both_sources_is_there() -> None:
    old = "int a;\n/* one\n   two */\nint b;\n"
    new = "int a;\n/* one\n   2 */\n#pragma omp simd\nint b;\n"
    rows = side_by_side(old, new)
    left = [text(row.left.html) for row in rows if row.left.number]
    right = [text(row.right.html) for row in rows if row.right.number]
    assert left == old.splitlines()
    assert right == new.splitlines()
    assert [row.kind for row in rows] == ["same", "same", "changed", "changed", "same"]


def test_sources_are_escaped_and_every_line_is_whole() -> None:
    hostile = "// </td><script>alert(1)</script>\n/* \"quoted\nstill */ char c = '<';\n"
    rows = side_by_side(hostile, hostile.replace("1", "2"))
    for row in rows:
        assert "<script" not in row.left.html
        assert row.left.html.count("<span") == row.left.html.count("</span>")


def test_line_ends_of_all_kinds_and_odd_separators() -> None:
    rows = side_by_side("a;\r\nb;\rc;\x0cd;\u2028e;\n\n\nf;", "a;\nb;\nc;\x0cd;\u2028e;\n\n\nf;")
    assert len(rows) == 6
    assert {row.kind for row in rows} == {"same"}


def test_equal_lines_far_from_changes_are_folded() -> None:
    old = [f"int v{number};" for number in range(100)]
    rows = side_by_side("\n".join(old), "\n".join([*old, "int more;"]))
    assert [row.kind for row in rows] == ["gap", *["same"] * CONTEXT, "changed"]
    assert rows[0].skipped == 100 - CONTEXT


def test_very_long_sources_are_left_to_the_file() -> None:
    assert side_by_side("int a;\n" * MOST_LINES, "int b;\n") == []


def test_rules_are_for_code_only() -> None:
    rules = colours("default").splitlines()
    assert rules
    assert all(rule.startswith(".code .") for rule in rules)
