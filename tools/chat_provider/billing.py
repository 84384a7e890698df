"""The invoice: one line for each request that is charged, on disk before its answer leaves."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from pathlib import Path

_NANO_PER_MILLIONTH = 1000
"""A dollar per million tokens is a thousand nano-dollars per token."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a request took, as the provider counts. ``input`` includes ``cached`` (unless the
    provider is told to report nonsense), ``output`` includes ``reasoning``.
    """

    input: int
    output: int
    cached: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices in dollars per million tokens; ``cached`` is that of input read from the cache."""

    input: Decimal
    output: Decimal
    cached: Decimal

    @classmethod
    def parse(cls, text: str) -> Rates:
        """Read ``IN,OUT`` or ``IN,OUT,CACHED``; without CACHED, cached input costs as any other.

        Raises:
            ValueError: these are not two or three amounts.
        """
        try:
            amounts = [Decimal(part) for part in text.split(",")]
        except InvalidOperation:
            amounts = []
        if len(amounts) not in (2, 3) or not all(a.is_finite() and a >= 0 for a in amounts):
            raise ValueError(f"a price is IN,OUT or IN,OUT,CACHED per million tokens: {text!r}")
        return cls(amounts[0], amounts[1], amounts[2] if len(amounts) == 3 else amounts[0])

    def cost(self, tokens: Tokens) -> int:
        """The price of a request in nano-dollars, rounded up."""
        cached = min(tokens.cached, tokens.input)
        dollars = (
            (tokens.input - cached) * self.input
            + cached * self.cached
            + tokens.output * self.output
        )
        return int((dollars * _NANO_PER_MILLIONTH).to_integral_value(ROUND_CEILING))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the invoice. Amounts are nano-dollars.

    ``key`` is the label of the key and never the key, ``label`` what the request calls itself.
    ``over_cap`` is the part of ``amount`` for output beyond what the request allowed.
    """

    request: str
    at: str
    key: str
    model: str
    label: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    amount: int
    over_cap: int
    fault: str | None


class Invoice:
    """The billing log: JSON Lines, only ever appended to, synced to disk line by line."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("ab", buffering=0)
        self._lock = threading.Lock()

    def charge(self, line: Line) -> None:
        """Append a line; it is on disk when this returns."""
        data = (json.dumps(asdict(line)) + "\n").encode()
        with self._lock:
            self._file.write(data)
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def read_invoice(path: Path, start: int = 0) -> Iterator[Line]:
    """The lines of a billing log from the byte ``start`` on; nothing where there is no file yet."""
    if path.exists():
        with path.open("rb") as file:
            file.seek(start)
            for line in file:
                yield Line(**json.loads(line))
