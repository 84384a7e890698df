"""The HTTP server: OpenAI's endpoints, and ``/control``."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chat_provider.asked import Asked, read_request
from chat_provider.faults import Fault
from chat_provider.provider import ANY_MODEL, Provider
from chat_provider.wire import completion_body, completion_events, error_body, models_body
from chat_provider.work import Reply

COMPLETIONS = "/v1/chat/completions"
REDIRECTED = "/v1/redirected/chat/completions"
_LARGEST_BODY = 64 << 20
_PADDING = b" " * (1 << 20)
_DRIPS = 20


class Server(ThreadingHTTPServer):
    """Listens on loopback. ``connections`` are those that are open now."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, provider: Provider, *, verbose: bool = False) -> None:
        self.provider = provider
        self.verbose = verbose
        self.connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count the connection before its thread starts: whoever connects later sees it counted."""
        with self._lock:
            self.connections.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection until it ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self.connections.discard(request)

    def disconnect(self) -> None:
        """End every connection, whatever it waits for."""
        with self._lock:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Answered(Exception):
    """An error was the whole answer."""


class _HungUp(Exception):
    """The connection is at its end, whatever was asked."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """The models, or the state of the server."""
        if self.path == "/control":
            others = len(self.server.connections) - 1
            state = self.server.provider.state() | {"connections": others}
            self._send(200, json.dumps(state).encode())
        elif self._key() is None:
            self._refuse(401, "this key may not ask", "invalid_request_error", "invalid_api_key")
        elif self.path == "/v1/models":
            self._send(200, models_body(self.server.provider.models or [ANY_MODEL]))
        else:
            self._refuse(404, f"no such page: {self.path}", "invalid_request_error")

    def do_POST(self) -> None:
        """A completion, or a command to the server."""
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _LARGEST_BODY))
        try:
            if self.path == "/control":
                self.server.provider.control(json.loads(body))
                self._send(200, b"{}")
            elif self.path in (COMPLETIONS, REDIRECTED):
                self._complete(body)
            else:
                self._refuse(404, f"no such page: {self.path}", "invalid_request_error")
        except ValueError as error:
            self._refuse(400, str(error), "invalid_request_error")
        except LookupError as error:
            self._refuse(400, str(error.args[0]), "invalid_request_error", "no_answer")
        except _Answered:
            pass
        except _HungUp:
            self.close_connection = True

    def _complete(self, body: bytes) -> None:
        key = self._key()
        if key is None:
            self._refuse(401, "this key may not ask", "invalid_request_error", "invalid_api_key")
            return
        asked = read_request(body)
        if not self.server.provider.knows(asked.model):
            message = f"the model {asked.model!r} does not exist"
            self._refuse(404, message, "invalid_request_error", "model_not_found")
            return
        provider = self.server.provider
        request, answer, fault = provider.receive(
            asked, self.headers.get("X-Fault"), redirected=self.path == REDIRECTED
        )
        self._log(f"{request} {asked.model} {asked.label} {fault.name if fault else 'good'}")
        if fault is not None:
            self._fail_before_work(fault)
        reply = provider.charge(request, asked, answer, key, fault)
        if fault is not None:
            self._fail_after_work(fault)
        self._answer(asked, reply, request, fault)

    def _fail_before_work(self, fault: Fault) -> None:
        """Raise where nothing is done for the request; return where work follows."""
        match fault.name:
            case "unauthorized":
                said = self.headers.get("Authorization", "").removeprefix("Bearer ")
                self._end(401, f"Incorrect API key provided: {said}", "invalid_api_key")
            case "rate-limited":
                self._end(429, "too many requests", "rate_limit_exceeded")
            case "rate-limited-seconds":
                after = f"{fault.seconds:g}"
                self._end(429, "too many requests", "rate_limit_exceeded", Retry_After=after)
            case "rate-limited-date":
                when = datetime.now(UTC) + timedelta(seconds=fault.seconds)
                after = format_datetime(when, usegmt=True)
                self._end(429, "too many requests", "rate_limit_exceeded", Retry_After=after)
            case "server-error":
                self._end(500, "something broke before the work", "server_error")
            case "unavailable":
                self._end(503, "the engine is overloaded", "overloaded")
            case "redirect":
                self._end(307, "over there", "redirected", Location=REDIRECTED)
            case "hang-up":
                raise _HungUp
            case "hang":
                self._wait_until_left(fault.seconds)
                raise _HungUp
            case "late":
                time.sleep(fault.seconds)

    def _fail_after_work(self, fault: Fault) -> None:
        """Raise where nothing of the answer is sent."""
        match fault.name:
            case "server-error-billed":
                self._end(500, "something broke after the work", "server_error")
            case "bad-gateway-billed":
                self._end(502, "the gateway lost the answer", "bad_gateway")
            case "unavailable-billed":
                self._end(503, "no answer from upstream in time", "service_unavailable")
            case "error-in-body":
                self._end(200, "the answer was lost", "server_error")
            case "hang-up-billed":
                raise _HungUp

    def _answer(self, asked: Asked, reply: Reply, request: str, fault: Fault | None) -> None:
        name = fault.name if fault else ""
        usage = name != "no-usage"
        if asked.stream:
            kind = "text/event-stream"
            pieces = completion_events(asked, reply, request, usage=usage)
        else:
            kind = "application/json"
            pieces = [completion_body(asked, reply, request, usage=usage)]
        match name:
            case "empty":
                pieces = []
            case "invalid-json":
                pieces = [*pieces[: len(pieces) // 2], b'data: {"id": "' if asked.stream else b"{"]
                pieces[-1] += b"\n\n" if asked.stream else b""
            case "wrong-type":
                kind = "text/html"
            case "huge":
                padding = b":" + _PADDING + b"\n\n" if asked.stream else _PADDING
                pieces = [padding] * 8 + pieces
        if name == "cut":
            data = b"".join(pieces)
            self._begin(kind, len(data))
            self.wfile.write(data[: len(data) // 2])
            raise _HungUp
        if name == "slow":
            self._drip(kind, b"".join(pieces), fault.seconds if fault else 0.0)
        elif asked.stream:
            self._begin(kind, None)
            for piece in pieces:
                self._chunk(piece)
            self._chunk(b"")
        else:
            self._send(200, b"".join(pieces), kind)

    def _drip(self, kind: str, data: bytes, seconds: float) -> None:
        self._begin(kind, len(data))
        step = max(1, -(-len(data) // _DRIPS))
        for start in range(0, len(data), step):
            self.wfile.write(data[start : start + step])
            time.sleep(seconds / _DRIPS)

    def _begin(self, kind: str, length: int | None) -> None:
        """Send the head of an answer, of chunks where the length is None."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if length is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _send(
        self, status: int, body: bytes, kind: str = "application/json", **headers: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: int, message: str, kind: str, code: str | None = None) -> None:
        self._send(status, error_body(message, kind, code))

    def _end(self, status: int, message: str, code: str, **headers: str) -> None:
        """Send an error as the whole answer."""
        self._send(status, error_body(message, code, code), **headers)
        raise _Answered

    def _wait_until_left(self, seconds: float) -> None:
        """Return when the client closes its end, or after so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            readable, _, _ = select.select([self.connection], [], [], left)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return

    def _key(self) -> str | None:
        """The label of the request's key, None if it may not ask."""
        scheme, _, key = self.headers.get("Authorization", "").partition(" ")
        return self.server.provider.key_label(key if scheme.lower() == "bearer" else None)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each line of HTTP; ``_log`` tells of requests."""

    def _log(self, message: str) -> None:
        if self.server.verbose:
            print(message, file=sys.stderr, flush=True)
