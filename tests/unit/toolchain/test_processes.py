from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest

from parallel_agent.toolchain import processes
from parallel_agent.toolchain.processes import family, group_is_running, threads_of_user


@pytest.fixture
def shell() -> Iterator[subprocess.Popen[bytes]]:
    """A shell with a name that is hard to parse, and a child."""
    with subprocess.Popen(
        ["sh", "-c", "sleep 100 & echo ready; wait"], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        os.killpg(process.pid, 9)


@pytest.mark.parametrize("listed", [True, False])
def test_a_family_has_the_children(
    shell: subprocess.Popen[bytes], listed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if listed and not processes._CHILDREN_ARE_LISTED:
        pytest.skip("this kernel does not list children")
    monkeypatch.setattr(processes, "_CHILDREN_ARE_LISTED", listed)
    found = family(shell.pid)
    assert len(found) == 2
    assert found[0].pid == shell.pid
    assert found[1].parent == shell.pid
    assert all(process.running and process.threads == 1 for process in found)
    # The system's count of a small process may lag behind; this one is large.
    assert family(os.getpid())[0].resident_bytes > 1 << 20


def test_a_group_runs_until_its_last_process_ends(shell: subprocess.Popen[bytes]) -> None:
    assert group_is_running(shell.pid)
    shell.kill()
    shell.wait()
    assert group_is_running(shell.pid)  # the child


def test_nobody_is_no_family(missing: Callable[[], int]) -> None:
    assert family(missing()) == []
    assert not group_is_running(missing())


@pytest.fixture
def missing() -> Callable[[], int]:
    return lambda: 2**22 + 1  # beyond the largest number of a process


def test_threads_of_a_user_are_counted() -> None:
    assert threads_of_user(os.geteuid()) >= 1
    assert threads_of_user(4_000_000_000) == 0
