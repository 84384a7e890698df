"""The filter on system calls that every program in the sandbox runs under.

What no compiler and no numerical program needs is refused: the network, other processes, other
namespaces, the kernel's large and often broken interfaces, the system's clock and settings, memory
and messages that outlive a process, and files of kinds that could trick whoever reads them later.
The program is classic BPF (linux/filter.h) over ``struct seccomp_data`` (linux/seccomp.h).
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from parallel_agent.toolchain.launchers.syscalls import ARCHITECTURES, FIRST_UNKNOWN, number

_INSTRUCTION = struct.Struct("=HBBI")
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06  # BPF_LD|W|ABS, BPF_ALU|AND|K, BPF_RET|K
_IF_EQUAL, _IF_AT_LEAST = 0x15, 0x35  # BPF_JMP|JEQ|K, BPF_JMP|JGE|K
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000

_SET_ID = 0o6000
_O_CREAT, _O_TRUNC, _O_ACCMODE = 0o100, 0o1000, 0o3
_NEW_NAMESPACE = 0x7E020000  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_PR_SET_DUMPABLE = 4

_REFUSED = (
    # the network, and sockets of this machine
    "socket bind connect listen accept accept4",
    # other processes
    "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_getfd "
    "move_pages migrate_pages",
    # what a file system looks like, and namespaces
    "mount umount2 pivot_root chroot mount_setattr move_mount open_tree open_tree_attr fsopen "
    "fsconfig fsmount fspick unshare setns name_to_handle_at open_by_handle_at",
    # interfaces that the kernel's own guards have often failed on
    "io_uring_setup io_uring_enter io_uring_register io_setup bpf perf_event_open userfaultfd "
    "keyctl add_key request_key fanotify_init modify_ldt lookup_dcookie",
    # the machine
    "kexec_load kexec_file_load init_module finit_module delete_module reboot swapon swapoff "
    "acct quotactl quotactl_fd syslog vhangup iopl ioperm sethostname setdomainname clock_settime "
    "clock_adjtime settimeofday adjtimex",
    # the share of the processor
    "setpriority ioprio_set sched_setscheduler sched_setparam sched_setattr",
    # memory and messages that belong to no process
    "memfd_create memfd_secret shmget shmat shmctl shmdt semget semop semtimedop semctl "
    "msgget msgsnd msgrcv msgctl mq_open mq_unlink",
    # files that are not what they seem to whoever opens them later
    "symlink symlinkat link linkat mknod mknodat",
)
_UNCHECKABLE = ("clone3", "openat2")
"""Their flags lie in memory, out of the filter's sight; the C library has other ways."""
_UNCONFINED = (
    "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat setxattr lsetxattr fsetxattr "
    "setxattrat removexattr lremovexattr fremovexattr removexattrat file_setattr utime utimes "
    "utimensat futimesat truncate setsid setpgid"
)
"""What must be refused too where paths lead to the caller's files and no process namespace ends
what a program left behind: Landlock knows nothing of owners, modes, times and attributes, its first
versions nothing of truncation, and a new session would leave the group that is killed."""


class UnknownArchitecture(LookupError):
    """There is no filter for this machine's instruction set."""


@dataclass(frozen=True)
class _Test:
    """Whether the bits of an argument under a mask are (or are not) a value."""

    argument: int
    mask: int
    value: int
    equal: bool = True


@dataclass(frozen=True)
class _Rule:
    """A call that fails with an error, always or where all tests hold."""

    call: str
    error: int = errno.EPERM
    tests: tuple[_Test, ...] = ()


def filter_program(*, confined_paths: bool, machine: str | None = None) -> bytes:
    """The filter for this machine, as an array of ``struct sock_filter``.

    ``confined_paths`` says that paths outside the sandbox lead nowhere and that a process
    namespace holds all that is started. ``machine`` is a name as ``uname -m`` gives it. Raises
    UnknownArchitecture.
    """
    name = machine or platform.machine()
    architecture = ARCHITECTURES.get(name)
    if architecture is None:
        raise UnknownArchitecture(f"there is no system call filter for {name}")
    program = [
        _pack(_LOAD, _ARCHITECTURE),
        _pack(_IF_EQUAL, architecture.audit, if_true=1),
        _pack(_RETURN, _KILL_PROCESS),
        _pack(_LOAD, _NUMBER),
        _pack(_IF_AT_LEAST, FIRST_UNKNOWN, if_false=1),
        _pack(_RETURN, _ERRNO | errno.ENOSYS),
    ]
    for rule in _rules(confined_paths):
        call = number(rule.call, architecture)
        if call is not None:
            program += _block(call, rule)
    program.append(_pack(_RETURN, _ALLOW))
    return b"".join(program)


def _rules(confined_paths: bool) -> Iterable[_Rule]:
    for group in _REFUSED:
        yield from map(_Rule, group.split())
    for call in _UNCHECKABLE:
        yield _Rule(call, errno.ENOSYS)
    yield _Rule("clone", tests=(_any_of(0, _NEW_NAMESPACE),))
    yield _Rule("ioctl", tests=(_Test(1, 0xFFFFFFFF, _TIOCSTI),))
    yield _Rule("ioctl", tests=(_Test(1, 0xFFFFFFFF, _TIOCLINUX),))
    # A process that cannot be looked into could hide the files that it fills.
    yield _Rule(
        "prctl", tests=(_Test(0, 0xFFFFFFFF, _PR_SET_DUMPABLE), _Test(1, 0xFFFFFFFF, 1, False))
    )
    yield _Rule("prlimit64", tests=(_any_of(0, 0xFFFFFFFF),))
    yield from _set_id_rules()
    if not confined_paths:
        yield from map(_Rule, _UNCONFINED.split())
        # Landlock before version 3 lets a file be cut that may be read.
        cut = _O_TRUNC | _O_ACCMODE
        yield _Rule("open", tests=(_Test(1, cut, _O_TRUNC),))
        yield _Rule("openat", tests=(_Test(2, cut, _O_TRUNC),))


def _set_id_rules() -> Iterable[_Rule]:
    """No file is made that runs as its owner."""
    for call, mode in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("fchmodat2", 2)):
        yield _Rule(call, tests=(_any_of(mode, _SET_ID),))
    for call, mode in (("creat", 1), ("mkdir", 1), ("mkdirat", 2)):
        yield _Rule(call, tests=(_any_of(mode, _SET_ID),))
    yield _Rule("open", tests=(_any_of(1, _O_CREAT), _any_of(2, _SET_ID)))
    yield _Rule("openat", tests=(_any_of(2, _O_CREAT), _any_of(3, _SET_ID)))


def _any_of(argument: int, mask: int) -> _Test:
    return _Test(argument, mask, 0, equal=False)


def _block(call: int, rule: _Rule) -> list[bytes]:
    """Instructions that leave the call's number loaded, unless they return."""
    refusal = _pack(_RETURN, _ERRNO | rule.error)
    if not rule.tests:
        return [_pack(_IF_EQUAL, call, if_false=1), refusal]
    length = 3 * len(rule.tests) + 1
    body = []
    for position, test in enumerate(rule.tests):
        # The low half of an argument: all that is tested here are ints of C.
        body.append(_pack(_LOAD, _ARGUMENTS + 8 * test.argument))
        body.append(_pack(_AND, test.mask))
        rest = length - 3 * (position + 1)
        skip = {"if_false": rest} if test.equal else {"if_true": rest}
        body.append(_pack(_IF_EQUAL, test.value, **skip))
    body.append(refusal)
    return [
        _pack(_IF_EQUAL, call, if_false=len(body) + 1),
        *body,
        _pack(_LOAD, _NUMBER),
    ]


def _pack(code: int, value: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    return _INSTRUCTION.pack(code, if_true, if_false, value)
