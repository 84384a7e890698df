"""A provider for the length of a ``with``: in a thread of a test, or as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from chat_provider.answers import MadeUp, Source
from chat_provider.billing import Invoice, Line, Rates, read_invoice
from chat_provider.provider import Provider
from chat_provider.server import Server

FREE = Rates(Decimal(0), Decimal(0), Decimal(0))
_POLL_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Running:
    """A provider that listens at ``url`` (which ends in ``/v1``) and bills to ``billing``."""

    url: str
    billing: Path

    def control(self, **commands: Any) -> None:
        """Command it; see ``Provider.control``."""
        self._ask(json.dumps(commands).encode())

    def state(self) -> dict[str, Any]:
        """What each label was asked how often, and how many connections are open."""
        state: dict[str, Any] = json.loads(self._ask(None))
        return state

    def invoice(self, start: int = 0) -> list[Line]:
        """The lines of the invoice so far, from the byte ``start`` of the file on."""
        return list(read_invoice(self.billing, start))

    def wait_until_idle(self, seconds: float = 30.0) -> None:
        """Return when no connection is open, and so nothing more will be charged.

        Raises:
            TimeoutError: some are open for so long. A client that lives keeps one open.
        """
        until = time.monotonic() + seconds
        while self.state()["connections"]:
            if time.monotonic() > until:
                raise TimeoutError(f"the provider is still at work after {seconds:g} s")
            time.sleep(_POLL_SECONDS)

    def _ask(self, body: bytes | None) -> bytes:
        address = self.url.removesuffix("/v1") + "/control"
        headers = {"Connection": "close"}
        request = urllib.request.Request(address, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            data: bytes = answer.read()
        return data


@contextmanager
def running(
    billing: Path, source: Source | None = None, rates: Rates = FREE, **options: Any
) -> Iterator[Running]:
    """A provider in threads of this process, on a free port; ``options`` are those of Provider."""
    invoice = Invoice(billing)
    provider = Provider(invoice, source or MadeUp(), rates, **options)
    with Server(0, provider) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield Running(server.url, billing)
        finally:
            server.shutdown()
            server.disconnect()
            thread.join()
    invoice.close()


@contextmanager
def started(billing: Path, *arguments: str) -> Iterator[Running]:
    """A provider as a process of its own, with these arguments of the command."""
    command = [sys.executable, str(Path(__file__).parent), "--port", "0", "--billing", str(billing)]
    with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Running(process.stdout.readline().strip(), billing)
        finally:
            process.kill()
