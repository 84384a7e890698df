"""One server process: started, asked whether it is well, and ended with everything it started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import httpx

from parallel_agent.chat.servers import keeper
from parallel_agent.chat.servers.adapter import HOST, Launch
from parallel_agent.chat.servers.environment import without_keys

Tell = Callable[[str], None]

GRACE_SECONDS = 5.0
"""How long a server may take to end by itself before it is killed."""
_POLL_SECONDS = 0.1
_TELL_SECONDS = 5.0
_TAIL_LINES = 3
_LONGEST_LINE = 200


class ServerError(RuntimeError):
    """A server that does not start, or not stay. ``hint`` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def free_port() -> int:
    """A port of the loopback address that nobody listened at a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class ServerProcess:
    """A server under its keeper (see `keeper`): it never outlives this process."""

    def __init__(self, launch: Launch, log: Path, environ: Mapping[str, str] = os.environ) -> None:
        """Start it; what it prints is appended to ``log``."""
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"$ {' '.join(launch.argv)}\n")
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", keeper.__file__, str(log.absolute()), str(GRACE_SECONDS),
             *launch.argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=launch.cwd,
            env={**without_keys(environ), **launch.environ},
            start_new_session=True,  # Ctrl-C is for us: the running step still needs the server
        )  # fmt: skip
        assert self._keeper.stdout is not None
        told = self._keeper.stdout.readline().strip()
        self.pid = int(told) if told.isdigit() else 0
        """Of the server; 0 where it could not be started."""

    @property
    def keeper_pid(self) -> int:
        """Of the keeper: all processes of the server descend from it."""
        return self._keeper.pid

    @property
    def running(self) -> bool:
        """Whether the server is there."""
        return self._keeper.poll() is None

    @property
    def ending(self) -> str:
        """How the server ended."""
        status = self._keeper.poll()
        if status is None:
            return "it runs"
        return f"signal {status - 128}" if status > 128 else f"status {status}"

    @property
    def last_words(self) -> str:
        """The last lines that it printed, on one line."""
        with suppress(OSError):
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
            said = [line.strip()[:_LONGEST_LINE] for line in lines if line.strip()]
            return " | ".join(said[-_TAIL_LINES:])
        return ""

    def wait_healthy(self, url: str, seconds: float, tell: Tell, stop: Callable[[], bool]) -> bool:
        """Wait until ``url`` answers 200; False where it has not within the time, or is stopped."""
        began = told = time.monotonic()
        with httpx.Client(trust_env=False, timeout=2.0) as client:
            while self.running and not stop():
                now = time.monotonic()
                if now - told >= _TELL_SECONDS:
                    told = now
                    tell(f"{now - began:.0f} s")
                if is_healthy(client, url):
                    return self.running
                if now - began >= seconds:
                    return False
                time.sleep(_POLL_SECONDS)
        return False

    def end(self) -> None:
        """End the server and everything that it started; returns when it is gone."""
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        with suppress(OSError):
            self._keeper.stdin.close()
        try:
            self._keeper.wait(2 * GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        self._keeper.stdout.close()


def is_healthy(client: httpx.Client, url: str) -> bool:
    """Whether a server answers there that it takes requests."""
    try:
        return client.get(url).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
