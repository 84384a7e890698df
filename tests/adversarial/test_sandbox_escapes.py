"""Programs that try to leave the sandbox, under every launcher, as root and as a plain user.

The attempts are in ``escapes/``, built into one program. Each must be held, and for many it is
shown that they succeed where their defence is left out.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from adversarial.escapes.scene import Place, Scene, alive_with, gone, without, works
from parallel_agent.toolchain.launchers.bubblewrap import Bubblewrap
from parallel_agent.toolchain.launchers.landlock import Landlock
from parallel_agent.toolchain.sandbox import Limits

MIB = 1 << 20
LAUNCHERS = {
    "bubblewrap": (Bubblewrap.find, True),
    "landlock": (Landlock.find, True),
    "landlock, namespaces forbidden": (Landlock.find, False),
}
PLACES = [(launcher, user) for launcher in LAUNCHERS for user in ("root", "plain")]

HELD = (
    # network
    "tcp", "udp", "unix_socket", "abstract_socket", "raw_socket", "netlink", "vsock",
    # files
    "read_home", "read_sibling", "read_shadow", "read_accounts", "read_over_proc", "list_home",
    "write_outside", "append_outside", "cut_outside", "remove_outside", "rename_outside",
    "change_mode_outside", "change_times_outside", "write_system", "write_settings",
    "read_devices", "plant_link", "plant_hard_link", "plant_fifo", "plant_device", "plant_set_id",
    "run_set_id", "am_root", "inherited_descriptors",
    # processes
    "own_environment", "others_environment", "others_command_line", "others_memory",
    "others_descriptors", "trace", "trace_child", "read_memory", "signal_others",
    "steal_descriptor", "limits_of_others", "cores_of_others", "priority",
    # the kernel
    "io_uring", "bpf_map", "perf_events", "user_faults", "keys", "read_keys", "mount_memory",
    "mount_modern", "unmount", "change_root", "pivot", "user_namespace", "cloned_namespace",
    "cloned_namespace_modern", "join_namespace", "load_module", "load_kernel", "clock",
    "host_name", "kernel_log", "watch_files", "by_handle", "new_privileges", "old_calls",
    "other_calls", "system_v_memory", "hide",
)  # fmt: skip
BOUNDED = (
    "fork_storm", "heap", "heap_of_children", "many_files", "many_entries", "deleted_files",
    "deleted_mapped_files", "print_endlessly", "shared_memory_file", "temporary_memory",
    "root_memory", "nameless_memory", "one_file", "spin",
)  # fmt: skip
OTHERS = (
    "kill_everything", "write_own_folder", "replace_own_program", "daemon_of_ended", "daemon_of_running", "linger",
    "type_in_terminal",
)  # fmt: skip
KNOWN_GAPS = {"cores_of_others"}
"""Of a plain user whose namespaces are forbidden: which cores a thread may use is set by its number,
which no filter can know, and without a namespace the user's other processes have numbers, too."""

SMALL = Limits(
    wall_seconds=20.0,
    memory_bytes=100 * MIB,
    file_bytes=16 * MIB,
    disk_bytes=48 * MIB,
    disk_entries=500,
    processes=64,
    output_bytes=1 << 16,
)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    # Not in pytest's own folder: a plain user has no way there.
    folder = Path(tempfile.mkdtemp(prefix="parallel-agent-escapes-", dir="/tmp"))
    built = Scene(folder)
    yield built
    built.close()


@pytest.fixture(params=PLACES, ids=lambda place: f"{place[0]}, {place[1]}")
def place(request: pytest.FixtureRequest) -> Place:
    launcher, user = request.param
    find, namespaces = LAUNCHERS[launcher]
    if user == "root" and os.geteuid() != 0:
        pytest.skip("needs root")
    if not works(find):
        pytest.skip(f"{launcher} does not work here")
    return Place(find, user, namespaces)


def test_every_attempt_is_used(scene: Scene) -> None:
    assert sorted((*HELD, *BOUNDED, *OTHERS)) == scene.names()


def test_held(scene: Scene, place: Place) -> None:
    gaps = KNOWN_GAPS if place.user == "plain" and not place.namespaces else set()
    assert set(scene.escaped(HELD, place)) == gaps
    assert scene.untouched()


def test_killing_everything_hits_nothing_outside(scene: Scene, place: Place) -> None:
    assert scene.escaped(["kill_everything"], place) == []


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("heap", "over_memory"),
        ("heap_of_children", "over_memory"),
        ("many_files", "over_disk"),
        ("many_entries", "over_disk"),
        ("deleted_files", "over_disk"),
        ("deleted_mapped_files", "over_disk"),
        ("print_endlessly", "over_output"),
    ],
)
def test_ended(scene: Scene, place: Place, name: str, limit: str) -> None:
    done = scene.attempt(name, place, SMALL, {"most": str(256 * MIB), "entries": "2000"})
    assert getattr(done, limit), done


def test_room_in_memory_is_bounded(scene: Scene, place: Place) -> None:
    names = ["shared_memory_file", "temporary_memory", "root_memory", "nameless_memory"]
    assert scene.escaped(names, place, arguments={"most": str(128 * MIB)}) == []


def test_a_file_is_bounded(scene: Scene, place: Place) -> None:
    assert scene.escaped(["one_file"], place, limits=SMALL, arguments={"most": str(64 * MIB)}) == []


def test_processes_are_bounded(scene: Scene, place: Place) -> None:
    assert scene.escaped(["fork_storm"], place, limits=SMALL, arguments={"most": "200"}) == []


def test_an_endless_loop_is_ended(scene: Scene, place: Place) -> None:
    assert scene.attempt("spin", place, Limits(wall_seconds=0.3)).timed_out


def test_what_may_not_write_cannot(scene: Scene, place: Place) -> None:
    assert scene.escaped(["write_own_folder"], place, writable=False) == []


def test_a_program_cannot_replace_itself(scene: Scene, place: Place) -> None:
    assert scene.escaped(["replace_own_program"], place) == []
    assert scene.program.exists()


def test_a_terminal_that_was_given_cannot_be_typed_in(scene: Scene, place: Place) -> None:
    assert not scene.typed(place)


def test_a_terminal_can_be_typed_in_without_the_filter(scene: Scene) -> None:
    setting = Path("/proc/sys/dev/tty/legacy_tiocsti")
    if not works(Bubblewrap.find) or (setting.exists() and setting.read_text().strip() == "0"):
        pytest.skip("bubblewrap does not work here, or the kernel refuses")
    assert scene.typed(Place(without("filter"), "plain"))


def test_nothing_outlives_a_program_that_ended(scene: Scene, place: Place) -> None:
    mark = f"mark-{os.getpid()}-ended"
    scene.attempt("daemon_of_ended", place, arguments={"mark": mark})
    assert alive_with(mark) == []


def test_nothing_outlives_a_caller_that_was_killed(scene: Scene, place: Place) -> None:
    mark = f"mark-{os.getpid()}-killed"
    assert scene.caller_killed(place, mark), "nothing had been started"
    assert gone(mark)


# ---- The same attempts where a defence is left out: it is the defence that these tests see --------


WITHOUT = {
    "filter": (
        "nameless_memory", "system_v_memory", "plant_link", "plant_fifo", "plant_set_id",
        "user_namespace", "cloned_namespace", "keys", "trace_child", "old_calls", "hide",
        "netlink", "by_handle",
    ),
    "filter and network": ("tcp", "udp", "abstract_socket"),
    "filter of the second launcher": ("plant_set_id", "nameless_memory", "keys", "trace_child"),
    "everything": (
        "read_home", "read_sibling", "read_accounts", "append_outside", "cut_outside",
        "change_mode_outside", "change_times_outside", "remove_outside", "write_outside",
        "rename_outside", "unix_socket", "others_environment", "others_command_line",
        "others_memory", "others_descriptors", "trace", "read_memory", "signal_others",
        "cores_of_others", "limits_of_others", "new_privileges", "run_set_id", "write_own_folder",
        "fork_storm",
    ),
}  # fmt: skip


@pytest.mark.parametrize("user", ["root", "plain"])
@pytest.mark.parametrize("defence", WITHOUT)
def test_escapes_without(scene: Scene, user: str, defence: str) -> None:
    if user == "root" and os.geteuid() != 0:
        pytest.skip("needs root")
    if not works(Bubblewrap.find):
        pytest.skip("bubblewrap does not work here")
    names, place = WITHOUT[defence], Place(without(defence), user)
    escaped = scene.escaped(names, place, arguments={"most": "256"})
    scene.restore()
    assert escaped == list(names)


@pytest.mark.parametrize("name", ["heap", "one_file", "shared_memory_file", "fork_storm"])
def test_escapes_where_the_limit_is_high(scene: Scene, place: Place, name: str) -> None:
    if name == "shared_memory_file" and place.launcher != Bubblewrap.find:
        pytest.skip("this launcher has no shared memory files at all")
    limits = Limits(wall_seconds=20.0, processes=4000)
    most = 200 if name == "fork_storm" else 8 * MIB
    assert scene.escaped([name], place, limits=limits, arguments={"most": str(most)}) == [name]
