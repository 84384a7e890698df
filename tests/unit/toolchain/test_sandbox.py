from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.launchers.bubblewrap import Bubblewrap
from parallel_agent.toolchain.launchers.detection import probe
from parallel_agent.toolchain.launchers.landlock import Landlock
from parallel_agent.toolchain.launchers.launcher import Launcher
from parallel_agent.toolchain.launchers.unguarded import Unguarded
from parallel_agent.toolchain.sandbox import Limits, SandboxUnavailable

LIMITS = Limits(wall_seconds=20.0)
PYTHON = (Path(sys.prefix), Path(sys.base_prefix))
LAUNCHERS: dict[str, Callable[[], Launcher]] = {
    "bubblewrap": Bubblewrap.find,
    "landlock": Landlock.find,
    "unguarded": Unguarded.find,
}


@functools.cache
def launcher(name: str) -> Launcher | None:
    try:
        found = LAUNCHERS[name]()
        if name != "unguarded":
            probe(found)
    except SandboxUnavailable:
        return None
    return found


@pytest.fixture(autouse=True, params=LAUNCHERS)
def launched(request: pytest.FixtureRequest) -> Iterator[str]:
    found = launcher(request.param)
    if found is None:
        pytest.skip(f"{request.param} does not work here")
    with sandbox.launched_by(found):
        yield request.param


def shell(script: str, cwd: Path, limits: Limits = LIMITS) -> sandbox.Completed:
    return sandbox.run(["sh", "-c", script], cwd=cwd, limits=limits)


def alive_with(argument: str) -> list[int]:
    """Processes with an argument; a zombie that nobody reaps (as in a container) is not alive."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if argument in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def test_status_and_output_come_back(tmp_path: Path) -> None:
    done = shell("echo out; echo err >&2; exit 3", tmp_path)
    assert (done.returncode, done.stdout, done.stderr, done.ok) == (3, "out\n", "err\n", False)
    assert not (done.timed_out or done.over_memory or done.over_output)


def test_a_signal_is_a_negative_status(tmp_path: Path) -> None:
    assert shell("kill -SEGV $$", tmp_path).returncode == -signal.SIGSEGV


def test_the_environment_holds_nothing_of_the_callers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    done = sandbox.run(["env"], cwd=tmp_path, env={"EXTRA": "1"}, limits=LIMITS)
    names = {line.partition("=")[0] for line in done.stdout.splitlines()}
    assert names - {"PWD"} == {"PATH", "LANG", "TMPDIR", "HOME", "EXTRA"}
    assert f"HOME={tmp_path}" in done.stdout.splitlines()


def test_standard_input_is_empty(tmp_path: Path) -> None:
    assert shell("cat", tmp_path).stdout == ""


def test_no_descriptor_is_inherited_but_those_passed(tmp_path: Path, launched: str) -> None:
    # The folder that ls reads, and the launcher's hold on the entry in /proc.
    own = {"3", "4"} if launched == "landlock" else {"3"}
    with (tmp_path / "file").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        done = sandbox.run(["ls", "/proc/self/fd"], cwd=tmp_path, limits=LIMITS)
    assert set(done.stdout.split()) - own == {"0", "1", "2"}


def test_limits_reach_the_program(tmp_path: Path) -> None:
    limits = Limits(cpu_seconds=7, file_bytes=1 << 20, open_files=50, wall_seconds=20.0)
    done = shell("ulimit -t; ulimit -f; ulimit -n; ulimit -c", tmp_path, limits)
    assert done.stdout.split() == ["7", "2048", "50", "0"]


def test_a_file_cannot_outgrow_its_limit(tmp_path: Path) -> None:
    limits = Limits(file_bytes=4096, wall_seconds=20.0)
    assert not shell("head -c 100000 /dev/zero > big", tmp_path, limits).ok
    assert (tmp_path / "big").stat().st_size == 4096


def test_one_that_never_ends_is_stopped(tmp_path: Path) -> None:
    done = shell("echo started; sleep 1000", tmp_path, Limits(wall_seconds=0.3))
    assert done.timed_out
    assert done.stdout == "started\n"
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("stream", ["1", "2"])
def test_one_that_prints_endlessly_is_stopped_and_cut(tmp_path: Path, stream: str) -> None:
    limits = Limits(output_bytes=1000, wall_seconds=20.0)
    done = shell(f"yes >&{stream}", tmp_path, limits)
    assert done.over_output
    assert len(done.stdout + done.stderr) == 1000


def test_one_that_takes_all_memory_is_stopped(tmp_path: Path) -> None:
    program = "held = []\nwhile True: held.append(b'x' * (1 << 24))"
    limits = Limits(memory_bytes=300 << 20, wall_seconds=60.0)
    done = sandbox.run(
        [sys.executable, "-c", program], cwd=tmp_path, limits=limits, readable=PYTHON
    )
    assert done.over_memory


def test_memory_of_children_counts(tmp_path: Path) -> None:
    program = f"{sys.executable} -c \"x = b'x' * (400 << 20); import time; time.sleep(100)\"; true"
    limits = Limits(memory_bytes=300 << 20, wall_seconds=60.0)
    command = ["sh", "-c", program]
    done = sandbox.run(command, cwd=tmp_path, limits=limits, readable=PYTHON)
    assert done.over_memory


def test_children_left_behind_are_ended(tmp_path: Path) -> None:
    seconds = str(10_000 + os.getpid())
    done = shell(f"sleep {seconds} & echo started", tmp_path)
    assert done.stdout == "started\n"
    assert alive_with(seconds) == []


def test_children_of_one_that_is_stopped_are_ended(tmp_path: Path) -> None:
    seconds = str(10_000 + os.getpid())
    script = f"sleep {seconds} & echo started; wait"
    done = shell(script, tmp_path, Limits(wall_seconds=0.5))
    assert (done.timed_out, done.stdout) == (True, "started\n")
    assert alive_with(seconds) == []


def test_a_group_that_was_waited_for_is_left_alone(tmp_path: Path) -> None:
    process = sandbox.spawn(
        ["true"],
        cwd=tmp_path,
        limits=LIMITS,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    process.wait()
    sandbox.kill_group(process)
    assert process.returncode == 0


def test_an_interrupt_is_held_until_the_end_of_the_block() -> None:
    reached = False
    with pytest.raises(KeyboardInterrupt), sandbox.interrupts_held():
        signal.raise_signal(signal.SIGINT)
        reached = True
    assert reached
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_leaves_no_process(tmp_path: Path) -> None:
    seconds = str(10_000 + os.getpid())
    script = textwrap.dedent(f"""
        from pathlib import Path
        from parallel_agent.toolchain import sandbox
        sandbox.run(["sh", "-c", "sleep {seconds} & sleep {seconds}; true"], cwd=Path.cwd(),
                    limits=sandbox.Limits(wall_seconds=100))
    """)
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, stderr=subprocess.DEVNULL
    )
    while len(alive_with(seconds)) < 2:
        assert parent.poll() is None, "the program ended before it was interrupted"
    parent.send_signal(signal.SIGINT)
    parent.wait(timeout=30)
    assert alive_with(seconds) == []
