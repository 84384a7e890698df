"""The provider behind the protocol: who may ask, what goes wrong, what is charged."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from chat_provider.answers import Answer, Source
from chat_provider.asked import Asked
from chat_provider.billing import Invoice, Line, Rates
from chat_provider.faults import Dice, Fault
from chat_provider.work import Reply, work

ANY_MODEL = "rehearsal"
"""What the list of models names when any name is welcome."""


class Provider:
    """Answers, misbehaves and charges. Called from many threads at once.

    ``models`` are the names that exist, any name where it is empty. ``keys`` maps keys to their
    labels; where it is empty any key will do, and its label is made from its hash.
    ``bytes_per_token`` is how the provider counts: of its tokenizer nobody else knows more.
    """

    def __init__(
        self,
        invoice: Invoice,
        source: Source,
        rates: Rates,
        *,
        bytes_per_token: int = 4,
        models: Iterable[str] = (),
        keys: Mapping[str, str] | None = None,
        dice: Dice | None = None,
    ) -> None:
        if bytes_per_token < 1:
            raise ValueError("a token has at least one byte")
        self.models = list(models)
        self._invoice = invoice
        self._source = source
        self._rates = rates
        self._bytes_per_token = bytes_per_token
        self._keys = dict(keys or {})
        self._dice = dice or Dice()
        self._commanded: deque[Fault] = deque()
        self._asked: Counter[str] = Counter()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def key_label(self, key: str | None) -> str | None:
        """The label of a key, None if it may not ask."""
        if self._keys:
            return self._keys.get(key or "")
        return "key-" + hashlib.sha256(key.encode()).hexdigest()[:8] if key else "no-key"

    def knows(self, model: str) -> bool:
        """Whether there is such a model."""
        return not self.models or model in self.models

    def receive(
        self, asked: Asked, header: str | None, *, redirected: bool = False
    ) -> tuple[str, Answer, Fault | None]:
        """Take a request in: its id, what will be said, and what goes wrong.

        A fault comes from the request's own header, else from the script, else from a command
        (``control``), else from the dice. One that was ``redirected`` is not counted again and not
        sent on again.

        Raises:
            LookupError: the source of answers has none.
            ValueError: the header names no fault.
        """
        fault = Fault.parse(header) if header else None
        with self._lock:
            request = f"request-{next(self._numbers)}"
            self._asked[asked.label] += not redirected
            count = self._asked[asked.label]
        answer = self._source.answer(asked, request)
        fault = fault or answer.fault
        if fault is None:
            with self._lock:
                fault = self._commanded.popleft() if self._commanded else None
        fault = fault or self._dice.throw(asked.label or asked.prompt, count)
        if redirected and fault is not None and fault.name == "redirect":
            fault = None
        return request, answer, fault

    def charge(
        self, request: str, asked: Asked, answer: Answer, key: str, fault: Fault | None
    ) -> Reply:
        """Do the work and put it on the invoice; the line is on disk when this returns."""
        name = fault.name if fault else None
        reply = work(asked, answer, name, self._bytes_per_token)
        tokens = reply.tokens
        amount = self._rates.cost(tokens)
        allowed = tokens.output if asked.cap is None else min(tokens.output, asked.cap)
        self._invoice.charge(
            Line(
                request=request,
                at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                key=key,
                model=asked.model,
                label=asked.label,
                input_tokens=tokens.input,
                output_tokens=tokens.output,
                cached_tokens=tokens.cached,
                reasoning_tokens=tokens.reasoning,
                amount=amount,
                over_cap=amount - self._rates.cost(replace(tokens, output=allowed)),
                fault=name,
            )
        )
        return reply

    def control(self, data: Mapping[str, Any]) -> None:
        """Obey a command.

        ``faults``: a list for the next requests, one each. ``rates`` and ``seed``: new dice, faults
        to probabilities. ``price`` and ``bytes_per_token``: from now on. ``reset``: forget the
        faults commanded, the dice, and who asked.

        Raises:
            ValueError: a command is not understood; then none is obeyed.
        """
        unknown = set(data) - {"faults", "rates", "seed", "price", "bytes_per_token", "reset"}
        if unknown:
            raise ValueError(f"no command is called {', '.join(sorted(unknown))}")
        commanded = [Fault.read(fault) for fault in data.get("faults", ())]
        chances = {Fault.parse(name): rate for name, rate in data.get("rates", {}).items()}
        dice = Dice(chances, data.get("seed", 0)) if chances else None
        rates = Rates.parse(data["price"]) if "price" in data else self._rates
        bytes_per_token = int(data.get("bytes_per_token", self._bytes_per_token))
        if bytes_per_token < 1:
            raise ValueError("a token has at least one byte")
        with self._lock:
            if data.get("reset"):
                self._commanded.clear()
                self._asked.clear()
                self._dice = Dice()
            self._commanded.extend(commanded)
            self._dice = dice or self._dice
            self._rates = rates
            self._bytes_per_token = bytes_per_token

    def state(self) -> dict[str, Any]:
        """What a look at the control endpoint shows: how often each label was asked for."""
        with self._lock:
            return {"asked": dict(self._asked), "commanded": len(self._commanded)}
