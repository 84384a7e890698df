from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from parallel_agent.measurement.lane import Lane, LaneError

HOLDER = """
import sys
from pathlib import Path
from parallel_agent.measurement.lane import Lane
with getattr(Lane(Path(sys.argv[1])), sys.argv[2])():
    print("entered", flush=True)
    sys.stdin.readline()
print("left", flush=True)
"""
FORKER = """
import os, sys, time
from pathlib import Path
from parallel_agent.measurement.lane import Lane
with Lane(Path(sys.argv[1])).timing():
    child = os.fork()
    if child == 0:
        time.sleep(60)
print(child, flush=True)
"""
CONTENDER = """
import os, sys, time
from pathlib import Path
from parallel_agent.measurement.lane import Lane
lane, log = Lane(Path(sys.argv[1])), os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND)
for turn in range(20):
    with lane.timing():
        os.write(log, b"(")
        time.sleep(0.0005)
        os.write(log, b")")
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "timing.lock"


@contextmanager
def holder(path, use):
    """Another process that is in the lane, or waits before it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), use],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def leave(process):
    process.stdin.write("\n")
    process.stdin.flush()


def is_locked(path):
    """Whether somebody is in the way of an exclusive lock on this file."""
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(file)


def until(condition):
    while not condition():
        time.sleep(0.002)


class Entrant(threading.Thread):
    """A thread that enters the lane and stays until it is told to leave."""

    def __init__(self, path, use):
        super().__init__(daemon=True)
        self.use = getattr(Lane(path), use)
        self.entered, self.leave, self.waited = threading.Event(), threading.Event(), -1.0
        self.start()

    def run(self):
        with self.use() as self.waited:
            self.entered.set()
            self.leave.wait()

    def gone(self):
        self.leave.set()
        self.join()


def test_nobody_waits_for_nobody(path):
    lane = Lane(path)
    for use in (lane.timing, lane.work):
        with use() as waited:
            assert waited >= 0.0
    assert not is_locked(path)


def test_timings_of_processes_and_threads_never_overlap(path, tmp_path):
    log = tmp_path / "log"
    log.touch()
    argv = [sys.executable, "-c", CONTENDER, str(path), str(log)]
    processes = [subprocess.Popen(argv) for _ in range(2)]
    lane = Lane(path)

    def contend():
        for _ in range(20):
            with lane.timing(), log.open("ab", buffering=0) as file:
                file.write(b"(")
                time.sleep(0.0005)
                file.write(b")")

    threads = [threading.Thread(target=contend) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait() for process in processes] == [0, 0]
    assert log.read_text() == "()" * 100


def test_work_goes_on_together(path):
    one, two = Entrant(path, "work"), Entrant(path, "work")
    assert one.entered.wait(60)
    assert two.entered.wait(60)
    with holder(path, "work") as process:
        assert process.stdout.readline() == "entered\n"
    one.gone()
    two.gone()


def test_work_waits_for_a_timing_in_another_process(path):
    with holder(path, "timing") as process:
        assert process.stdout.readline() == "entered\n"
        work = Entrant(path, "work")
        assert not work.entered.wait(0.05)
        leave(process)
        assert work.entered.wait(60)
        assert work.waited >= 0.05
        work.gone()


def test_a_timing_waits_for_work_and_later_work_queues_behind_it(path):
    first = Entrant(path, "work")
    assert first.entered.wait(60)
    timing = Entrant(path, "timing")
    until(lambda: is_locked(path.with_name("timing.lock.gate")))
    later = Entrant(path, "work")
    assert not timing.entered.wait(0.05)
    assert not later.entered.is_set()
    first.gone()
    assert timing.entered.wait(60)
    assert not later.entered.wait(0.05)
    timing.gone()
    assert later.entered.wait(60)
    later.gone()


@pytest.mark.parametrize("use", ["timing", "work"])
def test_a_killed_holder_leaves_the_lane_free(path, use):
    with holder(path, use) as process:
        assert process.stdout.readline() == "entered\n"
        timing = Entrant(path, "timing")
        assert not timing.entered.wait(0.05)
        process.send_signal(signal.SIGKILL)
        assert timing.entered.wait(60)
        timing.gone()


def test_one_killed_while_it_waits_leaves_the_lane_free(path):
    work = Entrant(path, "work")
    assert work.entered.wait(60)
    with holder(path, "timing") as process:
        until(lambda: is_locked(path.with_name("timing.lock.gate")))
        process.kill()
        process.wait()
        later = Entrant(path, "work")
        assert later.entered.wait(60)
        later.gone()
    work.gone()


def test_a_child_forked_within_does_not_keep_the_lane(path):
    argv = [sys.executable, "-c", FORKER, str(path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as forker:
        child = int(forker.stdout.readline())
        try:
            assert not is_locked(path)
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_thread_may_enter_again(path):
    lane, same = Lane(path), Lane(path)
    with lane.timing(), same.work(), same.timing() as waited:
        assert waited == 0.0
        assert is_locked(path)
    assert not is_locked(path)
    with lane.work(), same.work() as waited:
        assert waited == 0.0
    with lane.timing():
        pass


def test_timing_within_work_is_refused_instead_of_waiting_for_itself(path):
    lane = Lane(path)
    with lane.work(), pytest.raises(LaneError), lane.timing():
        pytest.fail("entered")
    with lane.timing():
        pass


def test_an_error_within_leaves_the_lane_free(path):
    for use in (Lane(path).timing, Lane(path).work):
        with suppress(ZeroDivisionError), use():
            raise ZeroDivisionError
        assert not is_locked(path)
    with Lane(path).timing():
        pass


def test_the_default_is_in_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lane = Lane()
    assert lane.path == tmp_path / "cache" / "parallel-agent" / "timing.lock"
    with lane.timing():
        assert is_locked(lane.path)


def test_a_cache_folder_that_cannot_be_written_to_is_replaced(monkeypatch, tmp_path):
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    lane = Lane()
    assert lane.path == tmp_path / f"parallel-agent-{os.getuid()}-timing.lock"
    with lane.timing():
        assert is_locked(lane.path)


def test_a_path_of_ones_own_that_cannot_be_used_is_an_error(tmp_path):
    lane = Lane(Path(tmp_path / "missing" / "lock"))
    with pytest.raises(FileNotFoundError), lane.work():
        pytest.fail("entered")
