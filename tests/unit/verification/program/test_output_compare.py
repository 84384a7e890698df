"""Comparing what programs print: numbers as numbers, everything else to the letter."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_agent.toolchain.program import PROGRAM_LIMITS, ProgramRun
from parallel_agent.toolchain.sandbox import Completed
from parallel_agent.verification.program.compare import (
    DOUBLE,
    SINGLE,
    Tolerance,
    run_difference,
    text_difference,
)

RULE = Tolerance(relative=1e-6)

SAME = {
    "equal": ("a 1 2.5\n", "a 1 2.5\n"),
    "the amount of white space": ("a   1\t2\n", " a 1 2 \n"),
    "white space at the end": ("a 1", "a 1\n\n"),
    "within the tolerance": ("x 1.0000001", "x 1.0000002"),
    "digits after a whole number": ("sum 3", "sum 3.0000001"),
    "exponent or not": ("1e3 2.5e-1", "1000.0 0.25"),
    "minus zero": ("-0.000", "0.000"),
    "inside punctuation": ("[1,x=2.5000001];", "[1,x=2.5];"),
    "the same integer": ("+5", "5"),
    "not a number": ("nan -inf", "NaN -Infinity"),
}
DIFFERENT = {
    "integers are exact": ("1000000000001", "1000000000002", "line 1: '1000000000001' expected"),
    "beyond the tolerance": ("a\nb 1.0", "a\nb 1.00001", "line 2: '1.0' expected, '1.00001'"),
    "text is exact": ("yes", "Yes", "'yes' expected, 'Yes' printed"),
    "a token less": ("1 2", "1", "line 1: '2' expected, '' printed"),
    "a token more": ("1", "1 2", "line 1: '' expected, '2' printed"),
    "a line less": ("1\n2", "1", "line 2: '2' expected, no more printed"),
    "a line more": ("1", "1\n2", "line 2: no more expected, '2' printed"),
    "lines broken elsewhere": ("1 2\n3", "1\n2 3", "line 1: '2' expected"),
    "digits in a name": ("x1", "x2", "'x1' expected"),
    "digits of a version": ("1.2.3", "1.2.3000", "'1.2.3' expected"),
    "NaN for a number": ("1.5", "nan", "'1.5' expected, 'nan' printed"),
    "a number for infinity": ("inf", "1e308", "'inf' expected"),
    "infinity of the other sign": ("inf", "-inf", "'inf' expected"),
    "a word for a number": ("1.0", "one", "'1.0' expected"),
    "another sign": ("5.0", "-5.0", "'5.0' expected"),
    "another punctuation": ("1,2", "1;2", "'1,2' expected"),
}


@pytest.mark.parametrize("case", SAME)
def test_what_counts_as_the_same(case: str) -> None:
    expected, got = SAME[case]
    assert text_difference(expected, got, RULE) is None
    assert text_difference(got, expected, RULE) is None


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_differs_is_named(case: str) -> None:
    expected, got, said = DIFFERENT[case]
    found = text_difference(expected, got, RULE)
    assert found is not None
    assert said in found


def test_an_absolute_tolerance_is_for_numbers_near_zero() -> None:
    assert text_difference("1e-17", "-2e-17", RULE)
    assert text_difference("1e-17", "-2e-17", Tolerance(1e-6, absolute=1e-12)) is None


def test_long_lines_are_cut_in_the_message() -> None:
    found = text_difference("x" * 1000, "y", RULE)
    assert found is not None and len(found) < 120


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(-1e-3, 1e-3))
def test_the_tolerance_is_relative(value: float, off: float) -> None:
    other = value * (1 + off)
    differs = text_difference(f"{value:.17e}", f"{other:.17e}", RULE) is not None
    assert differs == (not math.isfinite(other) or abs(other - value) > RULE.relative * abs(value))


@given(st.lists(st.text(alphabet="ab1. -e\n", max_size=30)))
def test_a_text_is_the_same_as_itself(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert text_difference(text, text + "\n", Tolerance(0.0)) is None


def test_single_precision_has_fewer_digits() -> None:
    assert Tolerance.for_source("double f();").relative == DOUBLE
    assert Tolerance.for_source("int floating; float f();").relative == SINGLE


def ended(status: int = 0, stdout: str = "", *, stderr: str = "", **files: bytes) -> ProgramRun:
    return ProgramRun(Completed(status, stdout, stderr, 0.1), files, PROGRAM_LIMITS)


def test_runs_agree_in_status_output_and_files() -> None:
    original = ended(3, "1.0\n", out=b"2.5 a\n", raw=b"\xff\x00")
    assert run_difference(original, ended(3, "1.00000001", stderr="?", out=b"2.5  a", raw=b"\xff\x00"), RULE) is None  # fmt: skip
    assert run_difference(original, ended(0, "1.0\n"), RULE) == "exit status 3 expected, 0 returned"
    assert "line 1" in str(run_difference(original, ended(3, "2.0\n"), RULE))
    assert run_difference(original, ended(3, "1.0\n", out=b""), RULE) == "only one of the two leaves raw"  # fmt: skip
    assert run_difference(original, ended(3, "1.0", out=b"2.5 b", raw=b"\xff\x00"), RULE) == "file out: line 1: 'a' expected, 'b' printed"  # fmt: skip
    assert run_difference(original, ended(3, "1.0", out=b"2.5 a", raw=b"\xff\x01"), RULE) == "file raw: its bytes differ"  # fmt: skip
    assert run_difference(original, ended(-11), RULE) == "the worker ended: killed by SIGSEGV"
