"""What a program is run on, given or generated."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.kernel.source import SourceError
from parallel_agent.toolchain.program import PROGRAM_LIMITS, ProgramCase, ProgramRun
from parallel_agent.toolchain.sandbox import Completed
from parallel_agent.verification.program.inputs import (
    GENERATED_SIZES,
    complete_cases,
    given_cases,
)


def test_every_input_file_is_a_case_with_the_same_arguments(tmp_path: Path) -> None:
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_bytes(b"1\n")
    other.write_bytes(b"2\n")
    cases = given_cases("-n 'a b'", [one, other])
    assert [case.stdin for case in cases] == [b"1\n", b"2\n"]
    assert {case.arguments for case in cases} == {("-n", "a b")}
    assert str(cases[0]) == f"arguments -n a b, input {one}"
    assert given_cases("", []) == [ProgramCase()]
    with pytest.raises(SourceError, match="No such file"):
        given_cases("", [tmp_path / "missing"])


def ends_with(status: int) -> ProgramRun:
    return ProgramRun(Completed(status, "", "", 0.1), {}, PROGRAM_LIMITS)


def size_of(case: ProgramCase) -> int:
    return int(case.stdin.split()[0])


def test_what_was_given_is_not_added_to() -> None:
    cases = [ProgramCase(stdin=b"1")]
    assert complete_cases(cases, lambda case: True, lambda case: ends_with(0)) == cases


def test_a_program_that_reads_nothing_needs_no_input() -> None:
    cases = [ProgramCase(("x",))]
    assert complete_cases(cases, lambda case: False, lambda case: ends_with(0)) == cases


def test_generated_inputs_are_kept_where_the_original_takes_them() -> None:
    cases = complete_cases(
        [ProgramCase(("x",))], lambda case: True, lambda case: ends_with(size_of(case) < 5)
    )
    assert [size_of(case) for case in cases] == [size for size in GENERATED_SIZES if size >= 5]
    assert all(case.arguments == ("x",) for case in cases)
    assert all(int(word) < size_of(case) for case in cases for word in case.stdin.split()[3:])
    again = complete_cases([ProgramCase(("x",))], lambda case: True, lambda case: ends_with(0))
    assert set(cases) < set(again)
    other = complete_cases([ProgramCase()], lambda case: True, lambda case: ends_with(0), seed=1)
    assert other[-1].stdin != again[-1].stdin


def test_where_no_generated_input_suits_one_is_asked_for() -> None:
    with pytest.raises(SourceError) as caught:
        complete_cases([ProgramCase()], lambda case: True, lambda case: ends_with(1))
    assert "--input" in caught.value.hint
