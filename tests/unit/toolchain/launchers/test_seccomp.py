from __future__ import annotations

import errno
import struct

import pytest

from parallel_agent.toolchain.launchers.seccomp import UnknownArchitecture, filter_program
from parallel_agent.toolchain.launchers.syscalls import ARCHITECTURES, number

ALLOWED = 0x7FFF0000
KILLED = 0x80000000
OPENAT_PATH = (0, 0)
CREATING = 0o101


def refused(error: int = errno.EPERM) -> int:
    return 0x00050000 | error


def decide(
    machine: str, call: int, arguments: tuple[int, ...] = (), *, confined: bool = True
) -> int:
    """What the kernel would do: an interpreter of the instructions that the filter uses."""
    data = struct.pack(
        "=iIQ6Q", call, ARCHITECTURES[machine].audit, 0, *arguments, *(0,) * (6 - len(arguments))
    )
    return run(filter_program(confined_paths=confined, machine=machine), data)


def run(program: bytes, data: bytes) -> int:
    instructions = list(struct.iter_unpack("=HBBI", program))
    place = accumulator = 0
    while True:
        code, if_true, if_false, value = instructions[place]
        place += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == 0x54:
            accumulator &= value
        elif code in (0x15, 0x35):
            holds = accumulator == value if code == 0x15 else accumulator >= value
            place += if_true if holds else if_false
        else:
            assert code == 0x06
            return int(value)


@pytest.fixture(params=ARCHITECTURES)
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def call(machine: str, name: str) -> int:
    found = number(name, ARCHITECTURES[machine])
    assert found is not None
    return found


@pytest.mark.parametrize(
    "name", ["socket", "ptrace", "bpf", "mount", "unshare", "symlinkat", "memfd_create", "keyctl"]
)
def test_dangerous_calls_are_refused(machine: str, name: str) -> None:
    assert decide(machine, call(machine, name)) == refused()


def test_usual_calls_are_allowed() -> None:
    for usual in (0, 1, 9, 11, 12, 39, 59, 60, 202, 231):  # read … exit_group
        assert decide("x86_64", usual) == ALLOWED
    for usual in (63, 64, 93, 98, 172, 214, 221, 222):
        assert decide("aarch64", usual) == ALLOWED


def test_flags_that_cannot_be_seen_are_refused_so_that_others_are_used(machine: str) -> None:
    for name in ("clone3", "openat2"):
        assert decide(machine, call(machine, name)) == refused(errno.ENOSYS)


def test_a_thread_may_be_made_and_a_namespace_not(machine: str) -> None:
    clone = call(machine, "clone")
    assert decide(machine, clone, (0x3D0F00,)) == ALLOWED
    for namespace in (0x00020000, 0x02000000, 0x10000000, 0x40000000):
        assert decide(machine, clone, (namespace | 17,)) == refused()


def test_a_file_may_be_made_but_not_one_that_runs_as_its_owner(machine: str) -> None:
    openat = call(machine, "openat")
    assert decide(machine, openat, (*OPENAT_PATH, CREATING, 0o755)) == ALLOWED
    assert decide(machine, openat, (*OPENAT_PATH, CREATING, 0o4755)) == refused()
    # Without O_CREAT the last argument is whatever was in the register.
    assert decide(machine, openat, (*OPENAT_PATH, 0, 0o4755)) == ALLOWED
    fchmodat = call(machine, "fchmodat")
    assert decide(machine, fchmodat, (0, 0, 0o755)) == ALLOWED
    assert decide(machine, fchmodat, (0, 0, 0o2755)) == refused()


def test_what_landlock_does_not_know_is_refused_where_paths_are_not_confined(machine: str) -> None:
    for name in ("fchmodat", "fchownat", "utimensat", "setxattr", "truncate", "setsid", "setpgid"):
        assert decide(machine, call(machine, name)) == ALLOWED
        assert decide(machine, call(machine, name), confined=False) == refused()
    cutting = (*OPENAT_PATH, 0o1000)
    assert decide(machine, call(machine, "openat"), cutting, confined=False) == refused()
    rewriting = (*OPENAT_PATH, 0o1101, 0o644)
    assert decide(machine, call(machine, "openat"), rewriting, confined=False) == ALLOWED


def test_a_process_may_limit_itself_only(machine: str) -> None:
    prlimit = call(machine, "prlimit64")
    assert decide(machine, prlimit, (0, 7)) == ALLOWED
    assert decide(machine, prlimit, (1234, 7)) == refused()


def test_calls_that_are_too_new_and_those_of_x32_do_not_exist() -> None:
    assert decide("x86_64", 470) == refused(errno.ENOSYS)
    assert decide("x86_64", 0x40000000) == refused(errno.ENOSYS)


def test_calls_of_another_architecture_end_the_process() -> None:
    data = struct.pack("=iIQ6Q", 39, 0x40000003, *(0,) * 7)  # 32-bit x86
    assert run(filter_program(confined_paths=True, machine="x86_64"), data) == KILLED


def test_an_architecture_without_a_table_is_said_so() -> None:
    with pytest.raises(UnknownArchitecture, match="riscv64"):
        filter_program(confined_paths=True, machine="riscv64")
