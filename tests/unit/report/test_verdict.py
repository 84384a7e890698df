"""What people read of a verdict and of a replay."""

from __future__ import annotations

import io

from rich.console import Console

from parallel_agent.agent.events import Event
from parallel_agent.agent.replaying import Replaying
from parallel_agent.agent.verify import Verification
from parallel_agent.report.verdict import gate_progress, print_replaying, print_verification
from parallel_agent.verification.gate import GateResult

PASSED = GateResult(name="compile", passed=True, seconds=1.25, detail="-O3")
FAILED = GateResult(
    name="differential",
    passed=False,
    seconds=0.5,
    detail="the kernel threw: \x1b[31mred\x07 (n=1, seed [0], 2 threads)",
    replay="/run/replay.json",
)


def verification(*gates: GateResult) -> Verification:
    return Verification(
        accepted=all(gate.passed for gate in gates),
        kernel="f",
        gates=gates,
        contract=None,
        threads=2,
        notes=("pointers were never made to overlap",),
        seconds=2.0,
        run="/run",
    )


REPLAYING = Replaying(
    accepted=False,
    kernel="f",
    gate="races",
    sizes={"n": 5},
    seed=(0, 5, 0),
    threads=4,
    purpose="races",
    how="alone in a process",
    difference="a data race at line 3",
    recorded="a data race at lines 3, 4",
    inputs={"x": "[1 2] (2)"},
    expected={"return": "3"},
    got={},
    printed="WARNING: \x1b[2Jdata race",
    notes=("it was recorded with: g++ -O2",),
)


def printed(show: object, told: object) -> str:
    file = io.StringIO()
    show(told, Console(file=file, width=100, highlight=False, markup=False))  # type: ignore[operator]
    return file.getvalue()


def test_an_accepted_candidate() -> None:
    text = printed(print_verification, verification(PASSED))
    assert text.startswith("f: accepted, all 1 gates passed\n")
    assert "compile" in text
    assert "1.25" in text
    assert "note: pointers were never made to overlap" in text
    assert "--replay" not in text


def test_a_rejected_candidate_is_told_how_to_see_it_again() -> None:
    text = printed(print_verification, verification(PASSED, FAILED))
    assert text.startswith("f: rejected by the gate 'differential'\n")
    assert "--replay /run/replay.json" in text


def test_what_a_candidate_wrote_steers_no_terminal() -> None:
    text = printed(print_verification, verification(FAILED)) + printed(print_replaying, REPLAYING)
    assert "\x1b" not in text
    assert "\x07" not in text


def test_a_replay_shows_inputs_and_what_was_expected() -> None:
    lines = printed(print_replaying, REPLAYING).splitlines()
    assert lines[0] == "f: a data race at line 3"
    assert "gate races, races build, 4 threads, n=5, seed [0, 5, 0]" in lines
    assert "  x = [1 2] (2)" in lines
    assert "  return = 3" in lines
    assert "got" not in lines
    assert "recorded: a data race at lines 3, 4" in lines
    assert "note: it was recorded with: g++ -O2" in lines


def test_a_replay_that_shows_nothing() -> None:
    now = REPLAYING.model_copy(update={"accepted": True, "difference": "", "printed": ""})
    assert "as the original does on this input now" in printed(print_replaying, now)


def test_progress_is_a_line_for_each_event(capsys: object) -> None:
    with gate_progress(quiet=False) as listener:
        listener(Event(kind="stage", message="reading", at=10.0))
        listener(Event(kind="gate", message="compile: passed", at=11.5))
    said = capsys.readouterr()  # type: ignore[attr-defined]
    assert said.err.splitlines() == ["    0.0 s  reading", "    1.5 s  compile: passed"]
    assert said.out == ""
