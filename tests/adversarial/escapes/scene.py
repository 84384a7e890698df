"""The surroundings of the attempts: a secret to read, servers to reach, a process to hurt."""

from __future__ import annotations

import ctypes
import functools
import os
import pickle
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.launchers.bubblewrap import Bubblewrap
from parallel_agent.toolchain.launchers.detection import probe
from parallel_agent.toolchain.launchers.landlock import Landlock
from parallel_agent.toolchain.launchers.launcher import Launcher, SandboxUnavailable
from parallel_agent.toolchain.launchers.unguarded import Unguarded
from parallel_agent.toolchain.sandbox import Completed, Limits

SECRET = "7c1d0f-nobody-but-the-user-may-read-this"
HERE = Path(__file__).parent
PLAIN = 64321
"""A user without an account."""
LIMITS = Limits(wall_seconds=20.0)
_PATIENCE = 20.0
_ALLOW_ALL = struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)
_PR_CAPBSET_DROP = 24
_IN_CONTAINERS = {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31}
_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 4, 22, 38
_UNSHARE = {"x86_64": 272, "aarch64": 97}

_SERVERS = """
import os, select, socket, sys
tcp = socket.create_server(("127.0.0.1", 0))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
path = socket.socket(socket.AF_UNIX); path.bind(sys.argv[1]); path.listen()
os.chmod(sys.argv[1], 0o777)
name = socket.socket(socket.AF_UNIX); name.bind("\\0" + sys.argv[2]); name.listen()
print(tcp.getsockname()[1], udp.getsockname()[1], flush=True)
while True:
    for ready in select.select([tcp, udp, path, name], [], [])[0]:
        if ready is udp:
            udp.sendto(b"!", udp.recvfrom(64)[1])
        else:
            ready.accept()[0].close()
"""


@dataclass(frozen=True)
class Place:
    """Who starts a program, and how: ``namespaces`` is False where the system forbids them."""

    launcher: Callable[[], Launcher]
    user: str
    namespaces: bool = True


def without(defence: str) -> Callable[[], Launcher]:
    """A launcher with a defence left out."""
    if defence == "filter":
        return lambda: replace(Bubblewrap.find(), filter=_ALLOW_ALL)
    if defence == "filter and network":
        return lambda: replace(
            Bubblewrap.find(), filter=_ALLOW_ALL, namespaces=("--unshare-pid", "--unshare-ipc")
        )
    if defence == "filter of the second launcher":
        return lambda: replace(Landlock.find(), filter=_ALLOW_ALL)
    return Unguarded.find


@functools.cache
def works(find: Callable[[], Launcher]) -> bool:
    """Whether a launcher can be had here."""
    try:
        probe(find())
    except SandboxUnavailable:
        return False
    return True


def alive_with(mark: str) -> list[int]:
    """Processes that have the mark among their arguments."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if mark in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


class Scene:
    """A folder that everybody can reach, with the program of the attempts and what they go for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o755)
        self.outside = folder / "outside"
        self.program = self._build()
        self._servers = subprocess.Popen(
            [sys.executable, "-c", _SERVERS, str(folder / "socket"), folder.name],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._servers.stdout
        self._ports = self._servers.stdout.readline().split()
        self.restore()

    def close(self) -> None:
        """End what was started, and remove the folder."""
        with self._servers:
            self._servers.kill()
        shutil.rmtree(self.folder)

    def _build(self) -> Path:
        folder = self.folder / "bin"
        folder.mkdir()
        built = Compiler.find(flags=("-std=c++20", "-O1")).compile(
            {path.name: path.read_text() for path in sorted(HERE.glob("*.[ch]pp"))},
            directory=folder,
            output="escapes",
        )
        assert built.binary, built.stderr
        for path in (folder, built.binary):
            os.chown(path, os.geteuid(), os.getegid())
        copy = folder / "set-id"
        shutil.copy(built.binary, copy)
        copy.chmod(0o4755)
        return built.binary

    def names(self) -> list[str]:
        """All attempts that the program knows."""
        done = subprocess.run([self.program], capture_output=True, text=True, check=True)
        return done.stdout.split()[:-1]

    def restore(self) -> None:
        """What lies outside the sandbox, as it was in the beginning; everybody may change it."""
        shutil.rmtree(self.outside, ignore_errors=True)
        for path, text in (
            ("home.txt", f"{SECRET}\n"),
            ("victim.txt", "unchanged\n"),
            ("other/candidate.cpp", f"// {SECRET}\n"),
        ):
            file = self.outside / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            # Nothing but the sandbox protects them.
            for everybodys in (file, file.parent):
                os.chown(everybodys, PLAIN if os.geteuid() == 0 else -1, -1)
                everybodys.chmod(0o777)
        self._before = self._seen()

    def _seen(self) -> list[tuple[Any, ...]]:
        found = []
        for path in sorted(self.outside.rglob("*")):
            entry = path.lstat()
            text = path.read_bytes() if path.is_file() else b""
            found.append((path, entry.st_mode, entry.st_uid, entry.st_mtime_ns, text))
        return found

    def untouched(self) -> bool:
        """Whether everything outside is as it was."""
        return self._seen() == self._before

    def escaped(self, names: Sequence[str], place: Place, **arguments: Any) -> list[str]:
        """Those of several attempts that succeed; the arguments are those of `attempt`."""
        done = self.attempt(",".join(names), place, **arguments)
        found = done.stdout.rpartition("escaped:")
        assert found[1] or done.returncode < 0, done
        return found[2].split()

    def attempt(
        self,
        name: str,
        place: Place,
        limits: Limits = LIMITS,
        arguments: Mapping[str, str] | None = None,
        *,
        writable: bool = True,
    ) -> Completed:
        """What becomes of one attempt; a process beside it is alive to the end."""

        def act() -> Completed:
            with self._scenery(place) as (cwd, given), sandbox.launched_by(place.launcher()):
                return sandbox.run(
                    self._command(name, {**given, **(arguments or {})}),
                    cwd=cwd,
                    limits=limits,
                    writable=writable,
                )

        return _as(place, self.folder, act)

    def typed(self, place: Place) -> bool:
        """Whether a program that was given a terminal can type in it."""

        def act() -> Completed:
            master, terminal = os.openpty()
            with (
                self._scenery(place) as (cwd, given),
                sandbox.launched_by(place.launcher()),
                (cwd / "log").open("w+b") as log,
            ):
                process = sandbox.spawn(
                    self._command("type_in_terminal", {**given, "terminal": str(terminal)}),
                    cwd=cwd,
                    limits=LIMITS,
                    pass_fds=(terminal,),
                    stdout=log,
                    stderr=log,
                )
                _until(lambda: b"escaped:" in (cwd / "log").read_bytes())
                sandbox.kill_group(process)
                text = (cwd / "log").read_text()
            os.close(master)
            os.close(terminal)
            return Completed(returncode=0, stdout=text, stderr="", seconds=0.0)

        found = _as(place, self.folder, act).stdout
        assert "escaped:" in found, found
        return "type_in_terminal" in found

    def caller_killed(self, place: Place, mark: str) -> bool:
        """Kill a process with a program in the sandbox; whether the program had been running."""

        def act() -> None:
            with self._scenery(place) as (cwd, given), sandbox.launched_by(place.launcher()):
                sandbox.spawn(
                    self._command("daemon_of_running", {**given, "mark": mark}),
                    cwd=cwd,
                    limits=LIMITS,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                time.sleep(600)

        child = os.fork()
        if child == 0:
            _become(place, self.folder)
            act()
        started = _until(lambda: bool(alive_with(mark)))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return started

    def _command(self, name: str, arguments: Mapping[str, str]) -> list[str | Path]:
        return [self.program, name, *(f"{key}={value}" for key, value in arguments.items())]

    @contextmanager
    def _scenery(self, place: Place) -> Iterator[tuple[Path, dict[str, str]]]:
        cwd = Path(tempfile.mkdtemp(dir=self.folder / f"work-{place.user}"))
        environment = {"PATH": os.defpath, "API_KEY": SECRET}
        # Its arguments hold the secret, too.
        victim = subprocess.Popen(["sh", "-c", "sleep 600; :", SECRET], env=environment)
        os.environ["API_KEY"] = SECRET
        fds = [os.open(path, os.O_RDONLY) for path in (self.outside, self.outside / "home.txt")]
        for fd in fds:
            os.set_inheritable(fd, True)
        try:
            yield (
                cwd,
                {
                    "secret": SECRET,
                    "outside": str(self.outside),
                    "program": str(self.program),
                    "set_id_program": str(self.program.with_name("set-id")),
                    "tcp_port": self._ports[0],
                    "udp_port": self._ports[1],
                    "unix_path": str(self.folder / "socket"),
                    "abstract_name": self.folder.name,
                    "parent": str(os.getpid()),
                    "victim": str(victim.pid),
                },
            )
            assert victim.poll() is None, "the process beside was killed"
        finally:
            with victim:
                for child in psutil.Process(victim.pid).children():
                    child.kill()
                victim.kill()
            for fd in fds:
                os.close(fd)
            shutil.rmtree(cwd, ignore_errors=True)


def gone(mark: str) -> bool:
    """Whether all processes with a mark end; it may take a moment."""
    return _until(lambda: not alive_with(mark))


def _until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _as(place: Place, folder: Path, act: Callable[[], Completed]) -> Completed:
    """Act in a process of its own, as the user of a place; what was raised there is raised here."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _become(place, folder)
            result: Completed | BaseException = act()
        except BaseException as error:
            result = RuntimeError(f"{type(error).__name__}: {error}")
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(result, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        result = pickle.load(pipe)
    os.waitpid(child, 0)
    if isinstance(result, BaseException):
        raise result
    return result


def _become(place: Place, folder: Path) -> None:
    work, cache = folder / f"work-{place.user}", folder / f"cache-{place.user}"
    plain = place.user == "plain" and os.geteuid() == 0
    for path in (work, cache):
        path.mkdir(exist_ok=True)
        if plain:
            os.chown(path, PLAIN, PLAIN)
    os.environ["XDG_CACHE_HOME"] = str(cache)
    if plain:
        os.setgroups([])
        os.setresgid(PLAIN, PLAIN, PLAIN)
        os.setresuid(PLAIN, PLAIN, PLAIN)
        os.environ["HOME"] = str(folder)
        _prctl(_PR_SET_DUMPABLE, 1)  # a change of user ends it, and a user's own processes have it
    if not place.namespaces:
        _forbid_namespaces()


def _forbid_namespaces() -> None:
    """As containers do: ``unshare`` fails for this process and all that it starts.

    Root's capabilities are those that Docker leaves by default.
    """
    for capability in set(range(64)) - _IN_CONTAINERS:
        with suppress(OSError):  # there are not that many, or this user has none
            _prctl(_PR_CAPBSET_DROP, capability)
    rules = b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (0x20, 0, 0, 0),
            (0x15, 0, 1, _UNSHARE[os.uname().machine]),
            (0x06, 0, 0, 0x00050001),
            (0x06, 0, 0, 0x7FFF0000),
        )
    )
    program = struct.pack("HxxxxxxP", 4, ctypes.cast(ctypes.c_char_p(rules), ctypes.c_void_p).value)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_SECCOMP, 2, ctypes.c_char_p(program))


def _prctl(option: int, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, *arguments, *(0,) * (4 - len(arguments))) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
