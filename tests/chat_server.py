"""A chat server on loopback that does as a script says, one behaviour for each request."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

Behaviour: TypeAlias = "Callable[[Handler], None]"

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


def completion(
    text: str = "hello", usage: Any = USAGE, finish_reason: str = "stop", **more: Any
) -> dict[str, Any]:
    """A chat completion as OpenAI sends it."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    body = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", **more}
    return {**body, "choices": [choice]} | ({} if usage is None else {"usage": usage})


def says(body: object, status: int = 200, **headers: str) -> Behaviour:
    """Answers with a body (JSON, or bytes as they are); underscores in headers are dashes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def behave(handler: Handler) -> None:
        handler.begin(status, len(data), headers)
        handler.wfile.write(data)

    return behave


def answers(text: str = "hello", usage: Any = USAGE, **more: Any) -> Behaviour:
    """Answers as it should."""
    return says(completion(text, usage, **more))


def fails(status: int, message: str = "no", code: str = "", **headers: str) -> Behaviour:
    """Answers with an error in OpenAI's form."""
    error = {"message": message, "type": code, "code": code}
    return says({"error": error}, status, **headers)


def hangs(handler: Handler) -> None:
    """Never answers; tells when the client has hung up."""
    handler.connection.recv(1)
    handler.server.hung_up.set()


def drips_headers(handler: Handler) -> None:
    """Sends a header without end, a byte at a time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    _drip(handler)


def drips_body(handler: Handler) -> None:
    """Sends a body without end, a byte at a time."""
    handler.begin(200, 10**6, {})
    _drip(handler)


def closes_unanswered(handler: Handler) -> None:
    """Takes the request and closes the connection."""


def closes_mid_body(handler: Handler) -> None:
    """Closes the connection after half of an answer."""
    data = json.dumps(completion()).encode()
    handler.begin(200, len(data), {})
    handler.wfile.write(data[: len(data) // 2])


def floods(handler: Handler) -> None:
    """Sends far more than any answer has."""
    handler.begin(200, 10**12, {})
    with suppress(OSError):
        while True:
            handler.wfile.write(b" " * 65536)
    handler.server.hung_up.set()


def packs(handler: Handler) -> None:
    """Answers with gzip, which was not asked for."""
    says(gzip.compress(json.dumps(completion()).encode()), Content_Encoding="gzip")(handler)


def echoes_key(handler: Handler) -> None:
    """Repeats the key that it was given, in an error."""
    key = handler.headers["Authorization"].removeprefix("Bearer ")
    fails(401, f"Incorrect API key provided: {key}.")(handler)


def _drip(handler: Handler) -> None:
    with suppress(OSError):
        while not handler.server.closing.wait(0.02):
            handler.wfile.write(b"x")
        return
    handler.server.hung_up.set()


class Handler(BaseHTTPRequestHandler):
    """Takes the next behaviour for each request; the last one stays."""

    server: ScriptedServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take in one request."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.close_connection = True
        behave = self.server.take(Received(self.path, headers, body))
        with suppress(OSError):
            behave(self)

    def begin(self, status: int, length: int, headers: Mapping[str, str]) -> None:
        """Send the head of an answer."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass
class _Script:
    behaviours: list[Behaviour]
    received: list[Received] = field(default_factory=list)


class ScriptedServer(ThreadingHTTPServer):
    """The server; ``received`` holds what was asked."""

    daemon_threads = True

    def __init__(self, behaviours: Sequence[Behaviour]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self._script = _Script(list(behaviours))
        self._lock = threading.Lock()
        self.hung_up = threading.Event()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        """The base URL of its chat protocol."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def received(self) -> list[Received]:
        """The requests so far."""
        return self._script.received

    def set_script(self, *behaviours: Behaviour) -> None:
        """Begin anew with other behaviours."""
        with self._lock:
            self._script = _Script(list(behaviours))

    def take(self, request: Received) -> Behaviour:
        """Note the request; return what to do with it."""
        with self._lock:
            self._script.received.append(request)
            left = self._script.behaviours
            return left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def serving(*behaviours: Behaviour) -> Iterator[ScriptedServer]:
    """A server that runs while the block does."""
    server = ScriptedServer(behaviours)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
