"""Results and progress in terminals, dumb ones, without colours, and in pipes: real processes.

A process shows what `optimize`, `bench` and `profile` show when they end, and `doctor` shows its checks.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from parallel_agent.agent.events import Event
from parallel_agent.report.progress import plain_line

TESTS = Path(__file__).parents[2]
SHOWING = """
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from parallel_agent.agent.events import Event
from parallel_agent.agent.profile import Profiled, SizeProfile
from parallel_agent.report.console import progress, show_outcome
from parallel_agent.report.doctor import Check, show_checks
from parallel_agent.report.profile import show_profile
from parallel_agent.suites.console import show_suite
from parallel_agent.suites.result import SuiteResult
from parallel_agent.suites.score import KernelResult
from parallel_agent.toolchain.machine import Machine
from report_samples import outcome

quiet, as_json = "quiet" in sys.argv, "json" in sys.argv
with progress(quiet=quiet) as listener:
    listener(Event(kind="stage", message="finding the contract"))
show_outcome(outcome(Path("/somewhere/" + "deep/" * 30)), as_json=as_json, quiet=quiet)
size = SizeProfile(sizes={{"n": 9}}, bytes=8000, original_seconds=1e-3, noise=0.05, read_seconds=1e-6)
machine = Machine(cpu="any", logical_cores=2, physical_cores=2, caches=(), memory_bytes=1 << 30, kernel="Linux")
profiled = Profiled(kernel="profiled", threads=2, sizes=(size,), machine=machine)
show_profile(profiled, as_json=as_json, quiet=quiet)
row = KernelResult(
    name="suited", category="any", built=True, correct=True, status="unchanged", speedup=1.0,
    interval=(1.0, 1.0), seconds=1.0, proposer="", strategy="", candidates=0, rejected={{}}, reason="",
)
show_suite(
    SuiteResult(suite="s", kernels=(row,), built=1, correct=1, geomean=1.0, spent_usd="0.00",
                cap_usd="0.00", threads=2, run="/somewhere", seconds=1.0, curve=()),
    as_json=as_json, quiet=quiet,
)
show_checks([Check("compiler", True, "g++ 12")], as_json=as_json)
"""
PROGRAM = [sys.executable, "-c", SHOWING.format(tests=str(TESTS))]
_COLOUR = re.compile(r"\x1b\[[0-9;]*?\b(3[0-7]|4[0-7]|38|48|9[0-7])[0-9;]*m")


def environment(**variables: str) -> dict[str, str]:
    without = ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS", "COLORTERM")
    kept = {name: value for name, value in os.environ.items() if name not in without}
    return kept | {"TERM": "xterm-256color", "LINES": "40"} | variables


def in_terminal(**variables: str) -> str:
    """All that a terminal is sent, on stdout and stderr."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        PROGRAM, stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**variables)
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # as Linux says that the other end is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    assert process.wait(60) == 0
    return b"".join(parts).decode()


def piped(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_a_terminal_has_a_live_view_and_emphasis_and_leaves_the_cursor_visible() -> None:
    shown = in_terminal()
    assert "\x1b[1m" in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1
    assert "finding the contract" in shown


def test_no_color_means_no_colour_and_all_words() -> None:
    shown = in_terminal(NO_COLOR="1")
    assert _COLOUR.search(shown) is None
    for word in ("damp", "profiled", "suited", "compiler"):
        assert word in shown


def test_a_dumb_terminal_gets_text_and_nothing_else() -> None:
    shown = in_terminal(TERM="dumb")
    assert "\x1b" not in shown
    assert "finding the contract\r\n" in shown, "a line for each event, no live view"
    assert "damp: 1.60 times as fast" in shown


def test_a_pipe_gets_text_whole_lines_and_progress_on_the_other_channel() -> None:
    done = piped()
    assert "\x1b" not in done.stdout + done.stderr
    assert "finding the contract" in done.stderr
    assert "finding the contract" not in done.stdout
    assert f"run   /somewhere/{'deep/' * 30}".rstrip("/") in done.stdout, "no path is wrapped"
    assert re.search(r"^n=4000000 +4\.00 +2\.10 +1\.90 +1\.85 to 1\.94 ", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(("arguments", "objects"), [(("quiet",), 0), (("quiet", "json"), 4)])
def test_quiet_says_the_result_and_nothing_on_the_way(
    arguments: tuple[str, ...], objects: int
) -> None:
    done = piped(*arguments)
    assert done.stderr == ""
    assert sum(line.startswith("{") for line in done.stdout.splitlines()) == objects
    assert bool(re.search("^damp: ", done.stdout, re.MULTILINE)) == (objects == 0)


def test_a_line_of_progress_has_no_control_characters() -> None:
    line = plain_line(Event(kind="stage", message="a\x1b[2Jb\nc"), 0.0)
    assert "a?[2Jb c" in line
